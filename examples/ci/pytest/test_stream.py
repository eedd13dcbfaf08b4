"""The stream survives what happens in the field. The player is that of `vsps play`; put your own in its place."""

import os
import subprocess

import pytest
import vsps

MANIFEST = os.environ.get("MANIFEST", "demo/hls/master.m3u8")


def play(session, seconds):
    url = session.address(MANIFEST)
    subprocess.run(["vsps", "play", url, "--abr", "hls.js", "--duration", f"{seconds}s", "--cmcd"], check=True)


@pytest.mark.vsps(rate="4 Mbit/s")
def test_lost_segments_are_requested_again(vsps_session):
    vsps_session.add_fault(rule={"when": {"kind": "segment", "media": "video"}, "then": {"status": 503}}, name="lost", times=2)
    play(vsps_session, 6)
    check = vsps.expect(vsps_session)
    check.to_have_applied_fault("lost")
    check.to_have_played_at_least(2)


@pytest.mark.vsps(rate="4 Mbit/s")
def test_a_drop_of_the_rate_is_survived(vsps_session):
    vsps_session.change(rate="900 kbit/s")
    play(vsps_session, 4)
    vsps.expect(vsps_session).to_have_rebuffer_ratio_below(0.5)
    vsps.expect(vsps_session).to_have_no_errors()
