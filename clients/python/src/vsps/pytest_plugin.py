"""The pytest plugin: a proxy for a test run, a session for each test.

Fixtures: `vsps_proxy`, `vsps_start_options`, `vsps_arm`, `vsps_session`. Marker: `@pytest.mark.vsps(profile="3g")`.
"""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from .errors import VspsError
from .expectations import describe
from .proxy import Proxy, connect, start
from .session import Session

_LONGEST_LABEL = 64
_SESSIONS = pytest.StashKey[list[Session]]()

Arm = Callable[..., Session]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("vsps", "video over simulated networks")
    group.addoption("--vsps-bin", metavar="FILE", help="the program vsps [default: VSPS_BIN, PATH, target/]")
    group.addoption("--vsps-admin", metavar="URL", help="use the proxy with this control plane; start none")
    group.addoption("--vsps-origin", metavar="URL", help="the origin [default: the built-in streams]")
    group.addoption("--vsps-seed", metavar="N", type=int, help="one seed for all tests [default: from a test's name]")
    group.addoption("--vsps-runs", metavar="DIR", help="keep a run file of each session of a failed test")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "vsps(**arming): what the session of a test is armed with: profile, seed, rate, rules, origin, …"
    )


@pytest.fixture(scope="session")
def vsps_start_options() -> dict[str, Any]:
    """Arguments of `vsps.start`; override this fixture to change them."""
    return {}


@pytest.fixture(scope="session")
def vsps_proxy(pytestconfig: pytest.Config, vsps_start_options: dict[str, Any]) -> Generator[Proxy]:
    """The proxy of the test run."""
    admin = pytestconfig.getoption("--vsps-admin")
    if admin:
        yield connect(admin)
        return
    options = dict(vsps_start_options)
    for option, name in (("--vsps-bin", "binary"), ("--vsps-origin", "origin")):
        if pytestconfig.getoption(option):
            options[name] = pytestconfig.getoption(option)
    with start(**options) as proxy:
        yield proxy


@pytest.fixture
def vsps_arm(vsps_proxy: Proxy, request: pytest.FixtureRequest) -> Generator[Arm]:
    """Arms a session: `vsps_arm(profile="3g", seed=7)`. It ends with the test.

    Without a seed it gets one that follows from the test's name, so that a test meets the same network in each run.
    """
    seed = request.config.getoption("--vsps-seed")
    armed = request.node.stash.setdefault(_SESSIONS, [])

    def arm(**arming: Any) -> Session:
        name = f"{request.node.nodeid} {len(armed)}"
        arming.setdefault("seed", zlib.crc32(name.encode()) if seed is None else seed)
        arming.setdefault("label", _label(request.node.name))
        session = vsps_proxy.arm(**arming)
        armed.append(session)
        return session

    yield arm
    for session in armed:
        try:
            session.end()
        except VspsError:
            # It has ended before: by the test, by being idle, or with the proxy.
            continue


@pytest.fixture
def vsps_session(vsps_arm: Arm, request: pytest.FixtureRequest) -> Session:
    """A session with what the marker `vsps` says, the one closest to the test first."""
    arming: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("vsps"))):
        arming.update(marker.kwargs)
    return vsps_arm(**arming)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds what the sessions of a failed test saw, while they still exist."""
    report = yield
    if report.when == "call" and report.failed:
        for session in item.stash.get(_SESSIONS, []):
            report.sections.append((f"vsps session {session.id}", _told(session, item)))
    return report


def _label(name: str) -> str:
    """What a label may be: one line, not too long."""
    return "".join(" " if unicodedata.category(character) in ("Cc", "Cs") else character for character in name)[:_LONGEST_LABEL]


def _told(session: Session, item: pytest.Item) -> str:
    try:
        text = describe(session.qoe())
        folder = item.config.getoption("--vsps-runs")
        if folder:
            text += f"\n  run file: {_save(session, Path(folder), item.nodeid)}"
    except (VspsError, OSError) as error:
        return f"  its figures are not to be had: {error}"
    return text


def _save(session: Session, folder: Path, test: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', test)}-{session.id}.json"
    path.write_text(json.dumps(session.run_file()), encoding="utf-8")
    return path
