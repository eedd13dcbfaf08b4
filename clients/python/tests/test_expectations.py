"""Assertions, on the simulated player of `vsps play`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
import vsps

from .conftest import MANIFEST


def command(session: vsps.Session, duration: str) -> list[str]:
    return [str(vsps.find_binary()), "play", session.address(MANIFEST), "--duration", duration]


def test_a_good_network(vsps_arm: Callable[..., vsps.Session]) -> None:
    session = vsps_arm(rate="20 Mbit/s")
    subprocess.run([*command(session, "3 s"), "--cmcd", "v2"], check=True, timeout=60)
    check = vsps.expect(session)
    check.to_have_no_rebuffering()
    check.to_have_rebuffer_ratio_below(0.01)
    check.to_have_rebuffer_seconds_below(0.1)
    check.to_have_startup_below(10)
    check.to_have_mean_bitrate_above(300_000)
    check.to_have_no_errors()
    check.to_have_retries_at_most(0)
    check.to_have_switches_at_most(5)
    check.to_satisfy("mean_bitrate_bps >= 0.3M")
    vsps.expect(session, timeout=10).to_have_played_at_least(0.5)
    with pytest.raises(AssertionError, match=rf"seed {session.seed}\): mean_bitrate_bps > 1e\+09: it is "):
        check.to_have_mean_bitrate_above(1e9)
    with pytest.raises(AssertionError, match="live_latency_seconds < 10: it has no value"):
        check.to_have_live_latency_below(10)


def test_a_bad_network(vsps_arm: Callable[..., vsps.Session]) -> None:
    session = vsps_arm(rate="2 Mbit/s")
    viewer = subprocess.Popen([*command(session, "60 s"), "--max-buffer", "4 s"])
    try:
        vsps.expect(session, timeout=30).to_have_played_at_least(0.5)
        session.pause()
        vsps.expect(session, timeout=30).to_satisfy("rebuffer_seconds > 500 ms")
        with pytest.raises(AssertionError, match=r"rebuffer_count == 0: it is \d+\n(.|\n)*rebuffered at \d"):
            vsps.expect(session).to_have_no_rebuffering()
        with pytest.raises(AssertionError, match="rebuffer_ratio < 0.01: it is 0"):
            vsps.expect(session).to_satisfy("rebuffer_ratio < 1%")
    finally:
        viewer.kill()
        viewer.wait()


def test_nothing_that_was_never_shown_passes(vsps_session: vsps.Session) -> None:
    with pytest.raises(AssertionError, match="no media segment was delivered"):
        vsps.expect(vsps_session).to_have_no_rebuffering()
    with pytest.raises(AssertionError, match="no media segment was delivered|no value"):
        vsps.expect(vsps_session).to_have_no_errors()


@pytest.mark.parametrize("text", ["rebuffer_ratio", "buffer < 1", "errors = 0", "errors < 1 kg", "p95(errors) < 1"])
def test_expressions_that_make_no_sense(vsps_session: vsps.Session, text: str) -> None:
    with pytest.raises(ValueError, match="write FIGURE OP NUMBER"):
        vsps.expect(vsps_session).to_satisfy(text)
