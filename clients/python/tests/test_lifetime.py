"""A proxy ends with the process that has started it, however that ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

START = """
import sys, time
import vsps
proxy = vsps.start()
print(proxy.listen, flush=True)
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run_script(rest: str) -> tuple[subprocess.Popen[str], int]:
    """Runs a script that starts a proxy; the port where that listens."""
    process = subprocess.Popen([sys.executable, "-c", START + rest], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline().rpartition(":")[2])


def wait_until_gone(port: int) -> None:
    deadline = time.monotonic() + 20
    while listens(port):
        assert time.monotonic() < deadline, "the proxy was left running"
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_signal_ends_both(name: str) -> None:
    process, port = run_script("time.sleep(60)")
    assert listens(port)
    process.send_signal(signal.Signals[name])
    process.wait(20)
    wait_until_gone(port)


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        pytest.param("", 0, id="comes to its end"),
        pytest.param("sys.exit(3)", 3, id="exits"),
        pytest.param("import os; os._exit(3)", 3, id="exits at once"),
        pytest.param("raise KeyboardInterrupt", -signal.SIGINT, id="is interrupted"),
        pytest.param("sys.exit(4 + proxy.stop())", 4, id="has stopped it"),
    ],
)
def test_an_end_is_that_of_both(rest: str, code: int) -> None:
    process, port = run_script(rest)
    assert process.wait(20) == code
    wait_until_gone(port)


def test_a_forked_process_does_not_end_the_proxy() -> None:
    process, port = run_script("import os\nif os.fork() == 0: sys.exit()\nos.wait(); print('forked', flush=True); time.sleep(60)")
    try:
        assert process.stdout is not None and process.stdout.readline() == "forked\n"
        assert listens(port)
    finally:
        process.kill()
        process.wait()
    wait_until_gone(port)


# Starting takes so long that the interrupt comes in the middle of it.
SLOW = """
import time, vsps.proxy

class Slow(vsps.proxy._Watcher):
    def __init__(self, pid):
        time.sleep(1)
        super().__init__(pid)

vsps.proxy._Watcher = Slow
"""


@pytest.mark.parametrize("before", ["", SLOW], ids=["while it is awaited", "before it is awaited"])
def test_an_interrupted_start_ends_the_program(before: str, tmp_path: Path) -> None:
    program = tmp_path / "silent"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/new && mv {tmp_path}/new {tmp_path}/pid\nexec sleep 60\n")
    program.chmod(0o755)
    script = f"{before}\nimport vsps\nvsps.start(binary={str(program)!r})"
    starting = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    starting.send_signal(signal.SIGINT)
    assert starting.wait(20) == -signal.SIGINT
    # It was waited for: no process has this number any more.
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
