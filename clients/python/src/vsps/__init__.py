"""Test video players against exact, seeded network conditions, with the proxy `vsps`.

    import vsps

    with vsps.start() as proxy:
        session = proxy.arm(profile="3g", seed=7)
        play(session.address("/demo/hls/master.m3u8"))
        vsps.expect(session).to_have_rebuffer_ratio_below(0.01)
"""

from .binary import find_binary
from .control import Control
from .errors import ApiError, BinaryNotFoundError, EventTimeoutError, StartError, UnreachableError, VspsError
from .events import Event, EventStream
from .expectations import SessionExpectation, describe, expect
from .proxy import Proxy, SessionArming, StartedProxy, connect, start
from .session import Group, Session, SessionChange

__all__ = [
    "ApiError",
    "BinaryNotFoundError",
    "Control",
    "Event",
    "EventStream",
    "EventTimeoutError",
    "Group",
    "Proxy",
    "Session",
    "SessionArming",
    "SessionChange",
    "SessionExpectation",
    "StartError",
    "StartedProxy",
    "UnreachableError",
    "VspsError",
    "connect",
    "describe",
    "expect",
    "find_binary",
    "start",
]
