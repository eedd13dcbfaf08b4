"""Assertions: on sessions with given figures, and on the simulated player of `vsps play`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

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
    check.to_have_no_errors()
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


class Given:
    """A session with given figures, as assertions see it."""

    id = "abc"
    seed = 7

    def __init__(self, **changed: float | None) -> None:
        self.figures: dict[str, float | None] = {
            **{"startup_seconds": 1, "played_seconds": 20, "rebuffer_count": 1, "rebuffer_seconds": 0.5, "rebuffer_ratio": 0.02},
            **{"mean_bitrate_bps": 2e6, "switches": 3, "segments": 9, "errors": 1, "retries": 2},
            **{"live_latency_seconds": 6, "qoe_linear": 1.5, **changed},
        }
        self.applied = 3

    def qoe(self) -> dict[str, Any]:
        source = {"startup": "cmcd", "rebuffer": "cmcd"}
        session = {"profile": "3g", "seed": 7, "now_ms": 30_000}
        return {"qoe": self.figures, "session": session, "source": source, "faults": 0, "drops": 0}

    def timeline(self) -> dict[str, Any]:
        return {"rebuffers": [{"at_ms": 4200, "lasts_ms": 500}, {"at_ms": 9000, "lasts_ms": None}]}

    def fault(self, name: str) -> dict[str, Any]:
        return {"name": name, "times": 3, "applied": self.applied}


def check(session: Given, name: str, *given: object, timeout: float = 0) -> None:
    getattr(vsps.expect(cast(vsps.Session, session), timeout=timeout), name)(*given)


# Assertion, figure, argument; a value at which it just holds, and one at which it does not.
CASES: list[tuple[str, str, list[object], float, float]] = [
    ("to_have_no_rebuffering", "rebuffer_count", [], 0, 1),
    ("to_have_rebuffer_ratio_below", "rebuffer_ratio", [0.02], 0.0199, 0.02),
    ("to_have_rebuffer_seconds_below", "rebuffer_seconds", [0.5], 0.499, 0.5),
    ("to_have_startup_below", "startup_seconds", [2], 1.999, 2),
    ("to_have_mean_bitrate_above", "mean_bitrate_bps", [1e6], 1_000_001, 1e6),
    ("to_have_switches_at_most", "switches", [3], 3, 4),
    ("to_have_played_at_least", "played_seconds", [10], 10, 9.99),
    ("to_have_no_errors", "errors", [], 0, 1),
    ("to_have_retries_at_most", "retries", [2], 2, 3),
    ("to_have_live_latency_below", "live_latency_seconds", [5], 4.9, 5),
    ("to_have_qoe_above", "qoe_linear", [1], 1.01, 1),
    ("to_satisfy", "rebuffer_ratio", ["rebuffer_ratio <= 2%"], 0.02, 0.021),
    ("to_satisfy", "startup_seconds", ["startup_seconds<1500ms"], 1.499, 1.5),
    ("to_satisfy", "startup_seconds", [" startup_seconds > 1 s "], 1.01, 1),
    ("to_satisfy", "mean_bitrate_bps", ["mean_bitrate_bps >= 1.5 Mbit/s"], 1.5e6, 1_499_999),
    ("to_satisfy", "mean_bitrate_bps", ["mean_bitrate_bps < 300k"], 299_999, 300_000),
    ("to_satisfy", "mean_bitrate_bps", ["mean_bitrate_bps < 1G"], 9e8, 1e9),
    ("to_satisfy", "switches", ["switches == 3"], 3, 4),
    ("to_satisfy", "switches", ["switches != 3"], 2, 3),
    ("to_satisfy", "qoe_linear", ["qoe_linear > -1.5"], -1.4, -1.5),
]
MAY_BE_NULL = {"startup_seconds", "rebuffer_ratio", "mean_bitrate_bps", "live_latency_seconds", "qoe_linear"}


@pytest.mark.parametrize(("name", "figure", "given", "holds", "fails"), CASES)
def test_each_assertion(name: str, figure: str, given: list[object], holds: float, fails: float) -> None:
    check(Given(**{figure: holds}), name, *given)
    with pytest.raises(AssertionError) as failed:
        check(Given(**{figure: fails}), name, *given)
    said = str(failed.value)
    assert said.startswith(f"session abc (seed 7): {figure} ") and f": it is {fails:g}\n" in said
    assert ("rebuffered at 4.2 s for 0.5 s\n  rebuffered at 9.0 s" in said) == figure.startswith("rebuffer")
    # Without a segment or a value nothing holds.
    with pytest.raises(AssertionError, match="no media segment was delivered"):
        check(Given(**{figure: holds, "segments": 0}), name, *given)
    if figure in MAY_BE_NULL:
        with pytest.raises(AssertionError, match="it has no value"):
            check(Given(**{figure: None}), name, *given)


@pytest.mark.parametrize(("applied", "given", "problem"), [(3, [], None), (2, [], "applied 2 times, not 3"), (2, [2], None), (3, [2], "not 2")])
def test_an_applied_fault(applied: int, given: list[object], problem: str | None) -> None:
    session = Given()
    session.applied = applied
    if problem is None:
        check(session, "to_have_applied_fault", "lost", *given)
    else:
        with pytest.raises(AssertionError, match=f"fault lost: .*{problem}"):
            check(session, "to_have_applied_fault", "lost", *given)


def test_with_a_time_out_an_assertion_is_tried_again_until_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Given(played_seconds=0)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        session.figures["played_seconds"] = len(waits)

    monkeypatch.setattr("vsps.expectations.time.sleep", sleep)
    check(session, "to_have_played_at_least", 3, timeout=20)
    assert len(waits) == 3


def test_each_assertion_has_a_case_here_and_a_row_in_the_readme() -> None:
    names = {name for name in vars(vsps.SessionExpectation) if name.startswith("to_")}
    assert {name for name, *_ in CASES} | {"to_have_applied_fault"} == names
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    assert set(re.findall(r"^\| `(to_\w+)\(", readme, re.M)) == names


@pytest.mark.parametrize("text", ["rebuffer_ratio", "buffer < 1", "errors = 0", "errors < 1 kg", "p95(errors) < 1", "errors < 1e3"])
def test_expressions_that_make_no_sense(text: str) -> None:
    with pytest.raises(ValueError, match="write FIGURE OP NUMBER"):
        check(Given(), "to_satisfy", text)
