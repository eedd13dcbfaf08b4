"""Events of a proxy as they happen: server-sent events, with a new connection where one is lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
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
"""Seconds without a byte after which a connection counts as lost: the proxy writes a comment every 15 s."""

_LONGEST_OUTAGE = 30.0
"""Seconds without a connection after which the proxy counts as gone."""

_SHORTEST_READ = 0.05
"""Seconds that the rest of a piece may take at the least."""

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
    goes on after the last event that was received; if the proxy does not answer for 30 s, `UnreachableError` is raised.
    """

    def __init__(
        self,
        control: Control,
        path: str,
        after: int | None = None,
        *,
        silence: float = _LONGEST_SILENCE,
        outage: float = _LONGEST_OUTAGE,
    ) -> None:
        """`after` is the number of the last event that is already known: 0 for all that the proxy has kept.

        After `silence` seconds without a byte a connection counts as lost, after `outage` seconds without a connection the
        proxy counts as gone.
        """
        self._control = control
        self._path = path
        self._last = after
        self._silence = silence
        self._outage = outage
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._heard = 0.0
        """When the last byte was received."""
        self._lost: float | None = None
        """Since when there is no connection."""
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
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        backoff = _FIRST_BACKOFF
        while not self._ended:
            try:
                if self._response is None:
                    left = max(deadline - time.monotonic(), 0.001)
                    self._connect(min(left, self._control.timeout))
                return self._read(deadline)
            except EventTimeoutError:
                raise
            except (OSError, http.client.HTTPException, UnreachableError) as error:
                if self._ended:
                    break
                self._wait_after(error, backoff, deadline)
                backoff = min(2 * backoff, _LAST_BACKOFF)
            except ApiError as error:
                # The session has ended while the connection was lost.
                if error.status != 404:
                    raise
                self._ended = True
        return None

    def wait_for(self, name: str | None = None, where: Predicate | None = None, timeout: float = 30.0) -> Event:
        """Waits for an event of this name for which `where` is true. Raises `EventTimeoutError` after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        seen: dict[str, int] = {}
        wanted = (name or "event") + (" with the condition" if where else "")

        def late() -> EventTimeoutError:
            text = ", ".join(f"{count} {name}" for name, count in seen.items()) or "none"
            return EventTimeoutError(f"no {wanted} within {timeout:g} s; events meanwhile: {text}")

        first = True
        while True:
            left = deadline - time.monotonic()
            try:
                # After the deadline, events that were received before it still count, and no others.
                event = self.next(max(left, 0.0)) if left > 0 or first else self._received()
            except EventTimeoutError:
                raise late() from None
            first = False
            if event is None and self._ended:
                raise EventTimeoutError(f"no {wanted}: the session has ended")
            if event is None:
                raise late()
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
        self._heard = time.monotonic()
        self._unread = b""

    def _disconnect(self) -> None:
        connection, response = self._connection, self._response
        self._response = self._connection = None
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                # Ends a wait of another thread.
                connection.sock.shutdown(socket.SHUT_RDWR)
        # The response holds the socket open: both are closed.
        for part in (response, connection):
            if part is not None:
                part.close()

    def _wait_after(self, error: Exception, backoff: float, deadline: float) -> None:
        """Disconnects, and waits before the next attempt to connect."""
        self._disconnect()
        now = time.monotonic()
        if self._lost is None:
            self._lost = now
        if now - self._lost >= self._outage:
            # A later call tries for as long again.
            self._lost = None
            if isinstance(error, UnreachableError):
                raise error
            raise UnreachableError(f"GET {self._control.url}{self._path}: {error or type(error).__name__}") from error
        time.sleep(max(min(backoff, deadline - now), 0.0))
        if now + backoff >= deadline:
            raise EventTimeoutError("no event in time: the connection is lost") from None

    def _read(self, deadline: float) -> Event:
        """Reads to the end of the next event."""
        while True:
            event = self._received()
            if event is not None:
                return event
            piece = self._receive(deadline)
            if not piece:
                # A stream ends with its session, and when the proxy is gone; a new connection tells which.
                raise ConnectionResetError("the stream ended")
            self._heard = time.monotonic()
            self._lost = None
            self._unread += piece

    def _received(self) -> Event | None:
        """The next event of what has been received."""
        while True:
            block, found, rest = self._unread.partition(b"\n\n")
            if not found:
                return None
            self._unread = rest
            event = self._parse(block.decode())
            if event is not None:
                return event

    def _receive(self, deadline: float) -> bytes:
        """Reads what has arrived. A time-out before the first byte leaves the connection as it is."""
        connection, response = self._connection, self._response
        on = connection.sock if connection is not None else None
        if response is None:
            raise ConnectionResetError("the stream is closed")
        if on is not None:
            now = time.monotonic()
            left, silent = max(deadline - now, 0.0), max(self._heard + self._silence - now, 0.0)
            if not self._has_buffered(on, response) and not select.select([on], [], [], min(left, silent))[0]:
                if left <= silent:
                    raise EventTimeoutError("no event in time")
                raise TimeoutError("the connection is silent")
            # The rest of what has begun to arrive. If it does not come, the next connection begins with it.
            left = max(deadline - time.monotonic(), _SHORTEST_READ)
            on.settimeout(min(left, self._control.timeout))
        return response.read1(65536)

    @staticmethod
    def _has_buffered(on: socket.socket, response: http.client.HTTPResponse) -> bool:
        """Whether bytes can be read without waiting."""
        on.settimeout(0)
        try:
            # The line end that closes the last chunk stays in the buffer until the next chunk.
            return bool(response.fp.peek(1).strip(b"\r\n"))
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
        number = int(fields["id"]) if "id" in fields else None
        name = fields.get("event", "message")
        if name == "schema":
            if data.get("schema") != SCHEMA:
                raise ValueError(f"events have schema {data.get('schema')}; this package reads {SCHEMA}")
            if self._last is None:
                # The number of the last event before the stream: where it goes on if it is lost before its first event.
                self._last = number
            return None
        if number is not None:
            self._last = number
        if name == "session_ended" and self._path != "/api/v1/events":
            self._ended = True
        return Event(number, name, data)
