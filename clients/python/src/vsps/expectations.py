"""Assertions on what the viewer of a session would have seen.

The figures are those of `GET /api/v1/sessions/{id}/qoe`. A figure without a value satisfies no assertion, and a session
without a media segment neither: nothing that was never shown passes.
"""

from __future__ import annotations

import operator
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from . import api_types as api
from .session import Session

FIGURES: Final = tuple(api.QoeFigures.__annotations__)
"""The figures that `to_satisfy` knows."""

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_EXPRESSION: Final = re.compile(
    r"\s*(?P<figure>[a-z_]+)\s*(?P<op><=|>=|==|!=|<|>)\s*(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>%|ms|s|[kMG]?(?:bit/s)?)\s*"
)
_UNITS: Final = {"%": 0.01, "ms": 0.001, "s": 1.0, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_POLL_SECONDS: Final = 0.25


def expect(session: Session, *, timeout: float = 0.0) -> SessionExpectation:
    """Assertions about a session. With `timeout`, each is tried again until it holds or the seconds are over."""
    return SessionExpectation(session, timeout)


class SessionExpectation:
    """What `expect` returns; each method raises `AssertionError` where it does not hold."""

    def __init__(self, session: Session, timeout: float) -> None:
        self._session = session
        self._timeout = timeout

    def to_have_no_rebuffering(self) -> None:
        """Playback never stood still after its start."""
        self._figure("rebuffer_count", "==", 0)

    def to_have_rebuffer_ratio_below(self, ratio: float) -> None:
        """Rebuffering ÷ (rebuffering + playback), the startup left out."""
        self._figure("rebuffer_ratio", "<", ratio)

    def to_have_rebuffer_seconds_below(self, seconds: float) -> None:
        """All rebuffering together."""
        self._figure("rebuffer_seconds", "<", seconds)

    def to_have_startup_below(self, seconds: float) -> None:
        """From the first request to the first picture."""
        self._figure("startup_seconds", "<", seconds)

    def to_have_mean_bitrate_above(self, bits_per_second: float) -> None:
        """The declared bitrate of what was shown, weighted by time."""
        self._figure("mean_bitrate_bps", ">", bits_per_second)

    def to_have_switches_at_most(self, count: int) -> None:
        """Changes of the rendition."""
        self._figure("switches", "<=", count)

    def to_have_played_at_least(self, seconds: float) -> None:
        """Media that was shown."""
        self._figure("played_seconds", ">=", seconds)

    def to_have_no_errors(self) -> None:
        """No request of the player failed."""
        self._figure("errors", "==", 0)

    def to_have_retries_at_most(self, count: int) -> None:
        """Requests that were made again."""
        self._figure("retries", "<=", count)

    def to_have_live_latency_below(self, seconds: float) -> None:
        """The mean distance to the live edge."""
        self._figure("live_latency_seconds", "<", seconds)

    def to_have_qoe_above(self, value: float) -> None:
        """The linear QoE of the benchmark (`docs/abr.md`)."""
        self._figure("qoe_linear", ">", value)

    def to_satisfy(self, expression: str) -> None:
        """An assertion as `vsps play --assert` has it, without functions: `rebuffer_ratio < 1%`."""
        found = _EXPRESSION.fullmatch(expression)
        if not found or found["figure"] not in FIGURES:
            raise ValueError(f"{expression!r}: write FIGURE OP NUMBER, with a figure of {', '.join(FIGURES)}")
        value = float(found["number"]) * _UNITS[found["unit"].removesuffix("bit/s")]
        self._figure(found["figure"], found["op"], value)

    def to_have_applied_fault(self, name: str, times: int | None = None) -> None:
        """A fault that was added has applied: so often, or as often as it could."""

        def problem() -> str | None:
            fault = self._session.fault(name)
            wanted = fault["times"] if times is None else times
            applied = fault["applied"]
            return None if applied == wanted else f"fault {name}: applied {applied} times, not {wanted}"

        self._check(problem)

    def _figure(self, figure: str, op: str, value: float) -> None:
        def problem() -> str | None:
            qoe = self._session.qoe()
            figures: Mapping[str, Any] = qoe["qoe"]
            is_value = figures[figure]
            wanted = f"{figure} {op} {value:g}"
            if is_value is None:
                return f"{wanted}: it has no value\n{describe(qoe)}"
            if figures["segments"] == 0:
                return f"{wanted}: no media segment was delivered\n{describe(qoe)}"
            if _OPERATORS[op](is_value, value):
                return None
            return f"{wanted}: it is {is_value:g}\n{describe(qoe)}{self._rebuffers(figure)}"

        self._check(problem)

    def _rebuffers(self, figure: str) -> str:
        if not figure.startswith("rebuffer"):
            return ""
        found = [
            f"\n  rebuffered at {at['at_ms'] / 1000:.1f} s"
            + ("" if at["lasts_ms"] is None else f" for {at['lasts_ms'] / 1000:.1f} s")
            for at in self._session.timeline()["rebuffers"][:10]
        ]
        return "".join(found)

    def _check(self, problem: Callable[[], str | None]) -> None:
        deadline = time.monotonic() + self._timeout
        while found := problem():
            if time.monotonic() >= deadline:
                raise AssertionError(f"session {self._session.id} (seed {self._session.seed}): {found}")
            time.sleep(_POLL_SECONDS)


def describe(qoe: api.Qoe) -> str:
    """The figures in a few lines, for a report."""
    figures = qoe["qoe"]
    session = qoe["session"]

    def shown(value: float | None, unit: str) -> str:
        return "unknown" if value is None else f"{value:.3g} {unit}"

    bitrate = figures["mean_bitrate_bps"]
    return "\n".join(
        [
            f"  profile {session['profile']}, seed {session['seed']}, at {session['now_ms'] / 1000:.1f} s:",
            f"  startup {shown(figures['startup_seconds'], 's')} ({qoe['source']['startup']}), "
            f"played {figures['played_seconds']:.1f} s, "
            f"rebuffered {figures['rebuffer_count']} times for {figures['rebuffer_seconds']:.1f} s "
            f"({qoe['source']['rebuffer']})",
            f"  {shown(None if bitrate is None else bitrate / 1e6, 'Mbit/s')}, {figures['switches']} switches, "
            f"{figures['segments']} segments, {figures['errors']} errors, {figures['retries']} retries, "
            f"{qoe['faults']} faults, {qoe['drops']} drops",
        ]
    )
