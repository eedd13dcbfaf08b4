"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import vsps

SUITE = """
import urllib.request
import pytest
import vsps

pytestmark = pytest.mark.vsps(profile="3g")

@pytest.mark.vsps(rate="9 Mbit/s")
def test_armed(vsps_session, vsps_proxy):
    state = vsps_session.state()
    assert (state["profile"], state["rate"], state["label"]) == ("3g", "9 Mbit/s", "test_armed")

def test_seed(vsps_session):
    print("seed", vsps_session.seed)

def test_fails(vsps_session):
    urllib.request.urlopen(vsps_session.address("demo/hls/v1.m3u8")).read()
    assert False, "on purpose"
"""


def test_a_suite_with_the_plugin(pytester: pytest.Pytester, vsps_proxy: vsps.Proxy) -> None:
    pytester.makepyfile(SUITE)
    arguments = ["--vsps-admin", vsps_proxy.admin_url, "--vsps-runs", "runs", "-p", "no:cacheprovider", "-s"]
    first = pytester.runpytest_subprocess(*arguments)
    first.assert_outcomes(passed=2, failed=1)
    first.stdout.fnmatch_lines(["*vsps session *", "*profile 3g, seed *", "*run file: runs*"])
    (run,) = Path(pytester.path, "runs").iterdir()
    assert json.loads(run.read_text())["sessions"][0]["timeline"]["requests"]
    # They have ended with their tests.
    labels = {session["label"] for session in vsps_proxy.sessions()}
    assert not labels & {"test_armed", "test_seed", "test_fails"}
    seeds = [line for line in first.outlines if "seed " in line][0]
    again = pytester.runpytest_subprocess(*arguments, "-k", "test_seed")
    assert seeds.split("seed")[1].split()[0] in "\n".join(again.outlines)


OPTIONS = """
import pytest

@pytest.fixture(scope="session")
def vsps_start_options():
    return {"profile": "3g", "options": ["--max-sessions", "7"]}
"""

OPTIONS_SUITE = """
import pytest
import urllib.request

def test_started(vsps_proxy, vsps_session):
    status = vsps_proxy.status()
    assert (status["profile"], status["origin"]) == ("3g", "http://origin.example")
    assert "--max-sessions" in vsps_proxy.process.args and vsps_proxy.process.args[0].endswith("/renamed")
    assert vsps_session.seed == 9

def test_others(vsps_arm):
    one, other = vsps_arm(profile="edge"), vsps_arm(seed=3)
    assert (one.state()["profile"], one.seed, other.seed) == ("edge", 9, 3)
    assert one.state()["label"] == other.state()["label"] == "test_others"

@pytest.mark.parametrize("text", ["a" * 80, "é" * 80, "\\U0001d11e" * 80])
def test_label(vsps_session, request, text):
    assert vsps_session.state()["label"] == request.node.name[:64]
"""


def test_options_and_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(OPTIONS)
    pytester.makepyfile(OPTIONS_SUITE)
    pytester.path.joinpath("renamed").symlink_to(vsps.find_binary().resolve())
    given = ["--vsps-bin", str(pytester.path / "renamed"), "--vsps-origin", "http://origin.example", "--vsps-seed", "9"]
    pytester.runpytest_subprocess(*given).assert_outcomes(passed=5)


def test_sessions_of_a_test_have_seeds_of_their_own(pytester: pytest.Pytester, vsps_proxy: vsps.Proxy) -> None:
    pytester.makepyfile("def test_it(vsps_arm):\n    print('drawn', vsps_arm().seed, vsps_arm().seed)\n")
    result = pytester.runpytest_subprocess("-s", "--vsps-admin", vsps_proxy.admin_url)
    (line,) = [line for line in result.outlines if "drawn" in line]
    one, other = line.split("drawn ")[1].split()[:2]
    assert one != other.rstrip(".")


def test_the_plugin_starts_and_stops_a_proxy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(vsps_session, vsps_proxy):\n    print('port', vsps_proxy.listen.rpartition(':')[2])\n")
    result = pytester.runpytest_subprocess("-s", "--vsps-seed", "9")
    result.assert_outcomes(passed=1)
    port = next(line for line in result.outlines if "port" in line).split("port ")[1].split()[0].rstrip(".")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0
