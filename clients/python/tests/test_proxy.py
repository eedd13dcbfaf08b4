"""Starting, stopping and finding the program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import vsps

from .conftest import MANIFEST, fetch


def test_a_proxy_serves_until_it_is_stopped() -> None:
    with vsps.start(profile="unlimited", seed=5) as proxy:
        assert proxy.seed == 5
        assert proxy.status()["profile"] == "unlimited"
        assert fetch(f"http://{proxy.listen}/{MANIFEST}")[0] == 200
        assert proxy.players_url.endswith(proxy.listen)
        assert "vsps_sessions_active 1" in proxy.metrics()
    assert proxy.process.returncode == 0
    with pytest.raises(vsps.UnreachableError):
        proxy.status()


def test_the_reason_why_a_proxy_does_not_start_is_told() -> None:
    with pytest.raises(vsps.StartError, match=r"exit code 2(.|\n)*no-such-profile"):
        vsps.start(profile="no-such-profile")


def test_a_program_that_never_is_ready_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "silent"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(vsps.StartError, match="not ready after 0.5 s"):
        vsps.start(binary=program, start_timeout=0.5)
    pid = (tmp_path / "pid").read_text().strip()
    assert subprocess.run(["kill", "-0", pid], stderr=subprocess.DEVNULL).returncode != 0


def test_a_token_is_sent() -> None:
    with vsps.start(env={"VSPS_ADMIN_TOKEN": "secret-of-the-test"}) as proxy:
        assert proxy.status()["sessions"] == 0
        with pytest.raises(vsps.ApiError, match="401"):
            vsps.Proxy(vsps.Control(proxy.admin_url)).status()
        assert vsps.connect(proxy.admin_url, "secret-of-the-test").status()["sessions"] == 0


def test_the_program_asks_a_proxy_whether_it_works() -> None:
    with vsps.start(env={"VSPS_ADMIN_TOKEN": "secret-of-the-test"}) as proxy:
        command = [str(vsps.find_binary()), "health", "--admin", proxy.admin_url.removeprefix("http://")]
        assert subprocess.run(command, capture_output=True, text=True, timeout=20).stdout == "ok\n"
        assert subprocess.run([*command, "--ready"], capture_output=True, text=True, timeout=20).stdout == "ready\n"
        port = proxy.listen.rpartition(":")[2]
        other = subprocess.run([*command[:-1], port], capture_output=True, text=True, timeout=20)
        assert (other.returncode, other.stdout) == (1, "")
        assert "404" in other.stderr
    gone = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (gone.returncode, gone.stdout) == (1, "")


def test_the_program_is_looked_for_in_order(tmp_path: Path) -> None:
    def program(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    named = program(tmp_path / "named")
    in_path = program(tmp_path / "bin" / "vsps")
    built = program(tmp_path / "crate" / "target" / "debug" / "vsps")
    below = tmp_path / "crate" / "a" / "b"
    below.mkdir(parents=True)
    assert vsps.find_binary({"VSPS_BIN": str(named), "PATH": str(in_path.parent)}, below) == named
    assert vsps.find_binary({"PATH": str(in_path.parent)}, below) == in_path
    assert vsps.find_binary({"PATH": ""}, below) == built
    with pytest.raises(vsps.BinaryNotFoundError, match="set VSPS_BIN"):
        vsps.find_binary({"PATH": ""}, tmp_path)
    with pytest.raises(vsps.BinaryNotFoundError, match="which is no program"):
        vsps.find_binary({"VSPS_BIN": str(tmp_path)}, tmp_path)
