"""HLS playlists, as far as a load test must read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


@dataclass(frozen=True)
class Variant:
    """A rendition of a multivariant playlist."""

    bandwidth: int
    """Peak rate in bit/s."""
    url: str


@dataclass(frozen=True)
class Segment:
    """A segment of a media playlist."""

    number: int
    """Its media sequence number."""
    seconds: float
    url: str


@dataclass(frozen=True)
class MediaPlaylist:
    """A media playlist."""

    segments: tuple[Segment, ...]
    target_seconds: float
    ended: bool
    """Nothing will be added."""
    init_url: str | None


def read_variants(text: str, url: str) -> list[Variant]:
    """The renditions of a multivariant playlist, lowest first; none if it is a media playlist."""
    found, bandwidth = [], None
    for line in text.splitlines():
        if line.startswith("#EXT-X-STREAM-INF:"):
            attributes = dict(_ATTRIBUTE.findall(line))
            bandwidth = int(attributes.get("BANDWIDTH", "0"))
        elif bandwidth is not None and line and not line.startswith("#"):
            found.append(Variant(bandwidth, urljoin(url, line.strip())))
            bandwidth = None
    return sorted(found, key=lambda variant: variant.bandwidth)


def read_media(text: str, url: str) -> MediaPlaylist:
    """A media playlist."""
    number, seconds, target, init = 0, 0.0, 0.0, None
    segments = []
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "#EXT-X-MEDIA-SEQUENCE":
            number = int(value)
        elif name == "#EXT-X-TARGETDURATION":
            target = float(value)
        elif name == "#EXT-X-MAP":
            init = urljoin(url, dict(_ATTRIBUTE.findall(value))["URI"].strip('"'))
        elif name == "#EXTINF":
            seconds = float(value.partition(",")[0])
        elif line and not line.startswith("#"):
            segments.append(Segment(number, seconds, urljoin(url, line.strip())))
            number += 1
    return MediaPlaylist(tuple(segments), target, "#EXT-X-ENDLIST" in text, init)
