"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import json
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


def test_the_plugin_starts_and_stops_a_proxy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(vsps_session, vsps_proxy):\n    print('pid', vsps_proxy.process.pid)\n")
    result = pytester.runpytest_subprocess("-s", "--vsps-seed", "9")
    result.assert_outcomes(passed=1)
    pid = next(line for line in result.outlines if "pid" in line).split("pid ")[1].split()[0].rstrip(".")
    assert not Path("/proc", pid).exists()
