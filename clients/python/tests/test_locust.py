"""Viewers of Locust, and the playlists that they read."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import vsps
from vsps.hls import Segment, Variant, read_media, read_variants

LOCUSTFILE = """
import gevent
from locust import events
from vsps.locust import Viewer

seen = {"startup": 0, "segment": 0}

@events.init.add_listener
def watch(environment, **_):
    @environment.events.request.add_listener
    def count(name, **_):
        if name in seen:
            seen[name] += 1
        # Each viewer has started, and goes on.
        if seen and seen["startup"] == 3 and seen["segment"] >= 9:
            seen.clear()
            # Not from a viewer: that would wait for itself to end.
            gevent.spawn(environment.runner.quit)

class Short(Viewer):
    manifest = "/demo/hls/master.m3u8"
    query = "vsps.rate=8Mbit/s&vsps.label=load"
    max_buffer = 8.0
"""


def test_playlists() -> None:
    text = '#EXTM3U\n#EXT-X-STREAM-INF:CODECS="a,b",BANDWIDTH=900\nhi.m3u8\n\n#EXT-X-STREAM-INF:BANDWIDTH=300\n/lo.m3u8\n'
    assert read_variants(text, "http://h/a/m.m3u8") == [
        Variant(300, "http://h/lo.m3u8"),
        Variant(900, "http://h/a/hi.m3u8"),
    ]
    text = '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:3.5,x\ns.m4s\n'
    playlist = read_media(text, "http://h/a/v.m3u8")
    assert playlist.segments == (Segment(7, 3.5, "http://h/a/s.m4s"),)
    assert (playlist.target_seconds, playlist.ended, playlist.init_url) == (4.0, False, "http://h/a/i.mp4")
    assert read_variants(text, "http://h/a/v.m3u8") == []


def test_viewers_play(vsps_proxy: vsps.Proxy, tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    command = [sys.executable, "-m", "locust", "--headless", "--users", "3", "--spawn-rate", "3", "--run-time", "60s"]
    command += ["--host", vsps_proxy.players_url, "--csv", "out", "--csv-full-history", "--exit-code-on-error", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out_stats.csv").open() as file:
        rows = {(row["Type"], row["Name"]): row for row in csv.DictReader(file)}
    assert int(rows["VIEW", "startup"]["Request Count"]) == 3
    assert int(rows["GET", "segment"]["Request Count"]) >= 6
    assert {row["Failure Count"] for row in rows.values()} == {"0"}
    group = vsps_proxy.group("load")
    assert len(group.qoe()["sessions"]) == 3
