"""One session of a proxy: the network of one viewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypedDict, Unpack, cast
from urllib.parse import quote, urlsplit

from . import api_types as api
from .control import ABSOLUTE, Control
from .errors import EventTimeoutError
from .events import Event, EventStream, Predicate


class SessionChange(TypedDict, total=False):
    """Members of a live change; None restores what the profile says. `ttl` reverts the change after a time."""

    profile: str | None
    rate: str | None
    rtt: str | None
    loss: str | float | None
    rules: str | list[api.RuleItem] | None
    paused: bool | None
    ttl: str | None


class Caught:
    """The event that `Session.expect_event` has waited for."""

    def __init__(self) -> None:
        self._event: Event | None = None

    @property
    def event(self) -> Event:
        """The event; there is one after the `with` block."""
        if self._event is None:
            raise EventTimeoutError("the event is known after the with block")
        return self._event


class Session:
    """One session. Its methods send one request each to the control plane."""

    def __init__(self, control: Control, id: str, url: str, seed: int) -> None:
        self.control = control
        self.id = id
        self.url = url
        """The address that its player uses in place of the origin's root; it ends in `/-/s/ID/`."""
        self.seed = seed
        """Replays its network: the same seed and the same requests get the same decisions."""
        self._path = f"/api/v1/sessions/{quote(id, safe='')}"

    def __repr__(self) -> str:
        return f"<Session {self.id} seed {self.seed} {self.url}>"

    def address(self, target: str) -> str:
        """What a player loads: `target` is a path at the session's origin, or a URL of another origin."""
        if not ABSOLUTE.match(target):
            return self.url + target.lstrip("/")
        parts = urlsplit(target)
        if parts.scheme not in ("http", "https") or "@" in parts.netloc:
            raise ValueError(f"{target}: write a path, or an http or https URL without a user name")
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.url}-/o/{parts.scheme}/{parts.netloc}{parts.path or '/'}{query}"

    def state(self) -> api.FullSession:
        """What is set, its faults, its ladder, its counters."""
        return cast(api.FullSession, self.control.json("GET", self._path))

    def change(self, **members: Unpack[SessionChange]) -> api.FullSession:
        """Changes a running session, also for responses in flight: `change(rate="500 kbit/s", ttl="10 s")`."""
        headers = {"content-type": "application/merge-patch+json"}
        return cast(api.FullSession, self.control.json("PATCH", self._path, members, headers))

    def pause(self, ttl: str | None = None) -> api.FullSession:
        """Stops the network; it resumes after `ttl`, or with `resume`."""
        return self.change(paused=True) if ttl is None else self.change(paused=True, ttl=ttl)

    def resume(self) -> api.FullSession:
        """Ends a pause."""
        return self.change(paused=None)

    def add_fault(
        self,
        fault: str | None = None,
        *,
        rule: api.RuleItem | None = None,
        name: str | None = None,
        times: int | None = None,
        ttl: str | None = None,
    ) -> api.Fired:
        """Arms a ready fault, by name, or a rule. It applies once, or as often as `times` says."""
        body = {"fault": fault, "rule": rule, "name": name, "times": times, "ttl": ttl}
        sent = {key: value for key, value in body.items() if value is not None}
        return cast(api.Fired, self.control.json("POST", f"{self._path}/faults", sent))

    def faults(self) -> list[api.Fault]:
        """The faults that were added, and how often each has applied."""
        return cast("list[api.Fault]", self.control.json("GET", f"{self._path}/faults"))

    def fault(self, name: str) -> api.Fault:
        """One of them."""
        return cast(api.Fault, self.control.json("GET", f"{self._path}/faults/{quote(name, safe='')}"))

    def remove_fault(self, name: str) -> None:
        """Removes a fault that was added."""
        self.control.json("DELETE", f"{self._path}/faults/{quote(name, safe='')}")

    def undo(self) -> api.FullSession:
        """Takes the last command back."""
        return cast(api.FullSession, self.control.json("POST", f"{self._path}/undo"))

    def reset(self) -> api.FullSession:
        """Makes the session as it was armed."""
        return cast(api.FullSession, self.control.json("POST", f"{self._path}/reset"))

    def end(self) -> None:
        """Ends the session. Its analytics can still be read."""
        self.control.json("DELETE", self._path)

    def qoe(self) -> api.Qoe:
        """The quality of experience so far, and where the time of the requests went."""
        return cast(api.Qoe, self.control.json("GET", f"{self._path}/qoe"))

    def timeline(self, since_ms: float | None = None) -> api.Timeline:
        """Requests, link, buffer, renditions, stalls and marks over the session's time."""
        query = "" if since_ms is None else f"?since_ms={since_ms:g}"
        return cast(api.Timeline, self.control.json("GET", f"{self._path}/timeline{query}"))

    def har(self) -> api.Har:
        """Its exchanges as HAR 1.2."""
        return cast(api.Har, self.control.json("GET", f"{self._path}/har"))

    def run_file(self) -> api.Run:
        """Timeline, quality of experience and events in one document, which the console opens."""
        return cast(api.Run, self.control.json("GET", f"{self._path}/run"))

    def events(self, after: int | None = None) -> EventStream:
        """Its events from now on; with `after=0`, those before come first, as far as they are kept."""
        return EventStream(self.control, f"{self._path}/events", after)

    def wait_for_event(
        self,
        name: str | None = None,
        where: Predicate | None = None,
        *,
        timeout: float = 30.0,
        after: int | None = None,
    ) -> Event:
        """Waits for an event from now on; with `after=0`, one that has happened counts too."""
        with self.events(after) as stream:
            return stream.wait_for(name, where, timeout)

    @contextmanager
    def expect_event(
        self, name: str | None = None, where: Predicate | None = None, *, timeout: float = 30.0
    ) -> Iterator[Caught]:
        """Waits, at the end of the block, for an event that happens in it or after it."""
        caught = Caught()
        with self.events() as stream:
            yield caught
            caught._event = stream.wait_for(name, where, timeout)


class Group:
    """All sessions with one label."""

    def __init__(self, control: Control, label: str) -> None:
        self.control = control
        self.label = label
        self._query = f"?label={quote(label, safe='')}"

    def sessions(self) -> list[api.Session]:
        """Those that run."""
        return cast("list[api.Session]", self._send("GET", "sessions"))

    def change(self, **members: Unpack[SessionChange]) -> list[api.Result]:
        """Changes all of them, or none."""
        headers = {"content-type": "application/merge-patch+json"}
        return cast("list[api.Result]", self._send("PATCH", "sessions", members, headers))

    def add_fault(self, **fault: Unpack[api.Fire]) -> list[api.Result]:
        """Arms a fault in all of them, or none."""
        return cast("list[api.Result]", self._send("POST", "sessions/faults", fault))

    def undo(self) -> list[api.Result]:
        """Takes the last command of each back."""
        return cast("list[api.Result]", self._send("POST", "sessions/undo"))

    def reset(self) -> list[api.Result]:
        """Makes each as it was armed."""
        return cast("list[api.Result]", self._send("POST", "sessions/reset"))

    def qoe(self) -> api.Qoes:
        """The quality of experience of each, and of all together; of ended sessions too."""
        return cast(api.Qoes, self._send("GET", "qoe"))

    def timeline(self) -> api.Timelines:
        """The timeline of each."""
        return cast(api.Timelines, self._send("GET", "timeline"))

    def run_file(self) -> api.Run:
        """A run file with all of them."""
        return cast(api.Run, self._send("GET", "run"))

    def _send(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
        return self.control.json(method, f"/api/v1/{path}{self._query}", body, headers)


