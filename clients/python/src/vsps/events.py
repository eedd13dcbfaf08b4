"""Events of a proxy as they happen: server-sent events, with a new connection where one is lost."""

from __future__ import annotations

import http.client
import json
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .control import Control
from .errors import ApiError, EventTimeoutError, UnreachableError

SCHEMA = 1
"""The version of the events' data that this package reads."""

_LONGEST_SILENCE = 40.0
"""Seconds without a byte after which a connection is taken for dead: the proxy writes a comment every 15 s."""

_FIRST_BACKOFF, _LAST_BACKOFF = 0.1, 2.0

Predicate = Callable[["Event"], bool]


@dataclass(frozen=True)
class Event:
    """One event of the data plane."""

    id: int | None
    """Its number among the events of the process; `lost` has none."""
    name: str
    """`request_planned`, `request_finished`, `fault_injected`, `stalled`, …; `lost` where events were missed."""
    data: dict[str, Any]
    """The same object as a line of the event log."""


class EventStream:
    """Iterates over events until the stream is closed, or until its session has ended.

    It connects at once, so that no event is missed that happens after it was made. A lost connection is made again, and
    goes on after the last event that was received.
    """

    def __init__(self, control: Control, path: str, after: int | None = None) -> None:
        """`after` is the number of the last event that is already known: 0 for all that the proxy has kept."""
        self._control = control
        self._path = path
        self._last = after
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._ended = False
        self._unread = b""
        self._connect(control.timeout)

    @property
    def last_id(self) -> int | None:
        """The number of the last event that was received."""
        return self._last

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self.next(None)
        if event is None:
            raise StopIteration
        return event

    def next(self, timeout: float | None) -> Event | None:
        """The next event; None if there is none any more. Raises `EventTimeoutError` after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        backoff = _FIRST_BACKOFF
        while not self._ended:
            try:
                if self._response is None:
                    self._connect(_left(deadline, self._control.timeout))
                event = self._read(deadline)
            except EventTimeoutError:
                raise
            except (OSError, http.client.HTTPException, UnreachableError):
                self._disconnect()
                if deadline is not None and time.monotonic() + backoff >= deadline:
                    raise EventTimeoutError("no event in time: the connection is lost") from None
                time.sleep(backoff)
                backoff = min(2 * backoff, _LAST_BACKOFF)
                continue
            except ApiError as error:
                # The session has ended while the connection was lost.
                if error.status != 404:
                    raise
                self._ended = True
                break
            return event
        return None

    def wait_for(self, name: str | None = None, where: Predicate | None = None, timeout: float = 30.0) -> Event:
        """Waits for an event of this name for which `where` is true. Raises `EventTimeoutError` after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        seen: dict[str, int] = {}
        wanted = (name or "an event") + (" with the condition" if where else "")
        while True:
            try:
                event = self.next(max(deadline - time.monotonic(), 0.0))
            except EventTimeoutError:
                text = ", ".join(f"{count} {name}" for name, count in seen.items()) or "none"
                raise EventTimeoutError(f"no {wanted} within {timeout:g} s; events meanwhile: {text}") from None
            if event is None:
                raise EventTimeoutError(f"no {wanted}: the session has ended")
            if (name is None or event.name == name) and (where is None or where(event)):
                return event
            seen[event.name] = seen.get(event.name, 0) + 1

    def close(self) -> None:
        """Ends the stream."""
        self._ended = True
        self._disconnect()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, timeout: float) -> None:
        headers = {"accept": "text/event-stream"}
        if self._last is not None:
            headers["last-event-id"] = str(self._last)
        self._connection, self._response = self._control.open("GET", self._path, None, headers, timeout)
        self._unread = b""

    def _disconnect(self) -> None:
        # The response holds the socket open: both are closed.
        for part in (self._response, self._connection):
            if part is not None:
                part.close()
        self._response = self._connection = None

    def _read(self, deadline: float | None) -> Event | None:
        """Reads to the end of the next event. None at the end of the stream of a session."""
        while True:
            block, found, rest = self._unread.partition(b"\n\n")
            if found:
                self._unread = rest
                event = self._parse(block.decode())
                if event is not None:
                    return event
                continue
            piece = self._receive(deadline)
            if not piece:
                # A stream ends with its session, and when the proxy is gone; a new connection tells which.
                raise ConnectionResetError("the stream ended")
            self._unread += piece

    def _receive(self, deadline: float | None) -> bytes:
        """Reads what has arrived. A time-out leaves the connection as it is, so that no event is lost."""
        assert self._connection is not None and self._response is not None
        left = max(_left(deadline, _LONGEST_SILENCE), 0.0)
        on = self._connection.sock
        if on is not None:
            if not self._has_buffered(on) and not select.select([on], [], [], left)[0]:
                if deadline is not None and time.monotonic() >= deadline:
                    raise EventTimeoutError("no event in time")
                raise TimeoutError("the connection is silent")
            on.settimeout(self._control.timeout)
        return self._response.read1(65536)

    def _has_buffered(self, on: socket.socket) -> bool:
        """Whether bytes can be read without waiting."""
        assert self._response is not None
        on.settimeout(0)
        try:
            # The line end that closes the last chunk stays in the buffer until the next chunk.
            return bool(self._response.fp.peek(1).strip(b"\r\n"))
        except ssl.SSLWantReadError:
            return False

    def _parse(self, block: str) -> Event | None:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
        if "data" not in fields:
            return None
        data = json.loads(fields["data"])
        name = fields.get("event", "message")
        if name == "schema":
            if data.get("schema") != SCHEMA:
                raise ValueError(f"events have schema {data.get('schema')}; this package reads {SCHEMA}")
            return None
        number = int(fields["id"]) if "id" in fields else None
        if number is not None:
            self._last = number
        if name == "session_ended" and self._path != "/api/v1/events":
            self._ended = True
        return Event(number, name, data)


def _left(deadline: float | None, longest: float) -> float:
    return longest if deadline is None else min(longest, deadline - time.monotonic())
