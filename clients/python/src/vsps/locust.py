"""Viewers for Locust (`pip install 'vsps[locust]'`): each plays HLS through the proxy, in real time.

    from vsps.locust import Viewer

    class Evening(Viewer):
        manifest = "/live/master.m3u8"
        query = "vsps.profile=3g"

    # locust --host http://127.0.0.1:8080 --users 500 --spawn-rate 10

A viewer is a session of the proxy. In Locust's tables, `playlist` and `segment` are its requests; `startup` and `rebuffer` (type
`VIEW`) have the seconds of each as response time.
"""

from __future__ import annotations

import time
from typing import ClassVar

import gevent
from locust import HttpUser, constant, task
from locust.exception import StopUser

from .hls import MediaPlaylist, Segment, Variant, read_media, read_variants

_JOIN_SEGMENTS = 3
_SAFETY = 0.8
_SMOOTHING = 0.4


class Viewer(HttpUser):
    """Plays one rendition after the other as the throughput allows, with a buffer of `max_buffer` seconds."""

    abstract = True
    wait_time = constant(0)

    manifest: ClassVar[str] = "/demo/hls/master.m3u8"
    """The path of a multivariant or media playlist at the proxy."""
    query: ClassVar[str] = ""
    """What arms the session: `vsps.profile=3g&vsps.label=load`."""
    max_buffer: ClassVar[float] = 20.0
    """Seconds of media."""
    again: ClassVar[bool] = True
    """Whether a viewer starts again, in a new session, when the stream has ended."""

    @task
    def watch(self) -> None:
        """One viewing."""
        View(self).play()
        if not self.again:
            raise StopUser

    def load(self, url: str, name: str) -> tuple[str, bytes] | None:
        """GET; the address after redirects, and the body; None if it failed, which Locust counts."""
        with self.client.get(url, name=name, catch_response=True) as response:
            return (response.url or url, response.content or b"") if response.ok else None

    def report(self, name: str, seconds: float) -> None:
        """An entry in Locust's tables that is no request."""
        self.environment.events.request.fire(
            request_type="VIEW", name=name, response_time=seconds * 1000, response_length=0, exception=None, context={}
        )


class View:
    """The state of one viewing."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.started = time.monotonic()
        self.throughput: float | None = None
        """Bit/s, smoothed over segments."""
        self.plays_until: float | None = None
        """When the buffer is empty."""
        self._complete: dict[str, MediaPlaylist] = {}

    def play(self) -> None:
        """Plays to the end, or to the first failure."""
        separator = "&" if "?" in self.viewer.manifest else "?"
        address = self.viewer.manifest + (separator + self.viewer.query if self.viewer.query else "")
        loaded = self.viewer.load(address, "playlist")
        if loaded is None:
            gevent.sleep(1)
            return
        variants = read_variants(loaded[1].decode(errors="replace"), loaded[0]) or [Variant(0, loaded[0])]
        last: int | None = None
        while (playlist := self.playlist(variants)) is not None:
            new = segments_after(playlist, last)
            if not new and playlist.ended:
                return
            if not new:
                gevent.sleep(max(playlist.target_seconds / 2, 0.5))
                continue
            # One segment, then the rendition is chosen again.
            if not self.segment(new[0]):
                return
            last = new[0].number

    def playlist(self, variants: list[Variant]) -> MediaPlaylist | None:
        """That of the best rendition; one that nothing will be added to is loaded once."""
        url = choose(variants, self.throughput).url
        if url in self._complete:
            return self._complete[url]
        loaded = self.viewer.load(url, "playlist")
        if loaded is None:
            return None
        playlist = read_media(loaded[1].decode(errors="replace"), loaded[0])
        if playlist.ended:
            self._complete[url] = playlist
        return playlist

    def segment(self, segment: Segment) -> bool:
        """Waits until it fits the buffer, loads it, and adds it to the buffer."""
        if self.plays_until is not None:
            gevent.sleep(max(self.plays_until - time.monotonic() + segment.seconds - self.viewer.max_buffer, 0))
        begun = time.monotonic()
        loaded = self.viewer.load(segment.url, "segment")
        if loaded is None:
            return False
        now = time.monotonic()
        measured = 8 * len(loaded[1]) / max(now - begun, 1e-3)
        self.throughput = measured if self.throughput is None else (
            _SMOOTHING * measured + (1 - _SMOOTHING) * self.throughput
        )
        if self.plays_until is None:
            self.viewer.report("startup", now - self.started)
        elif self.plays_until < now:
            self.viewer.report("rebuffer", now - self.plays_until)
        self.plays_until = max(self.plays_until or now, now) + segment.seconds
        return True


def choose(variants: list[Variant], throughput: float | None) -> Variant:
    """The best rendition that the throughput allows; the lowest before anything was measured."""
    allowed = [variant for variant in variants if throughput is not None and variant.bandwidth <= _SAFETY * throughput]
    return (allowed or variants[:1])[-1]


def segments_after(playlist: MediaPlaylist, last: int | None) -> list[Segment]:
    """The segments after number `last`; at first, those from the third before the live edge."""
    if last is None:
        return list(playlist.segments if playlist.ended else playlist.segments[-_JOIN_SEGMENTS:])
    return [segment for segment in playlist.segments if segment.number > last]
