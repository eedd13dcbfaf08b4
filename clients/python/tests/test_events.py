"""Event streams, before a control plane that sends what a test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import vsps
from vsps.events import EventStream

Step = Callable[[Callable[[str], None]], None]
"""What is sent on one connection; the connection ends with it."""


class Server:
    """Does one step for each connection; the last one for all others."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.asked: list[str | None] = []
        """The header `last-event-id` of each request."""
        self.over = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.headers["last-event-id"])
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    server.steps[min(len(server.asked), len(server.steps)) - 1](self.send)
                except OSError:
                    return

            def send(self, text: str) -> None:
                self.wfile.write(f"{len(text.encode()):x}\r\n{text}\r\n".encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

            protocol_version = "HTTP/1.1"

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def open(self, *steps: Step, after: int | None = None, silence: float = 40.0, outage: float = 30.0) -> EventStream:
        self.steps = list(steps)
        control = vsps.Control(f"127.0.0.1:{self._server.server_address[1]}")
        return EventStream(control, "/api/v1/events", after, silence=silence, outage=outage)

    def hold(self) -> None:
        """Keeps a connection to the end of the test."""
        self.over.wait(60)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Generator[Server]:
    made = Server()
    yield made
    made.close()


def schema(id: int | None = None) -> str:
    return ("" if id is None else f"id: {id}\n") + 'event: schema\ndata: {"schema":1}\n\n'


def event(id: int, name: str = "stalled") -> str:
    return f'id: {id}\nevent: {name}\ndata: {{"text":"é"}}\n\n'


@pytest.mark.parametrize(
    ("begin", "after", "asked"),
    [
        pytest.param(schema(7), None, [None, "7"], id="where it began"),
        pytest.param(schema(), None, [None, None], id="with what comes, without a number"),
        pytest.param(schema(9), 3, ["3", "3"], id="after what was known"),
        pytest.param(schema(7) + event(8), None, [None, "8"], id="after the last event"),
    ],
)
def test_a_stream_that_is_lost_goes_on(server: Server, begin: str, after: int | None, asked: list[str | None]) -> None:
    def lost(send: Callable[[str], None]) -> None:
        send(begin)
        send("")

    def kept(send: Callable[[str], None]) -> None:
        send(schema(40) + event(41))
        server.hold()

    with server.open(lost, kept, after=after) as stream:
        assert stream.wait_for(where=lambda event: event.id == 41).data["text"] == "é"
        assert (server.asked, stream.last_id) == (asked, 41)


def test_other_events_do_not_put_off_the_end_of_a_wait(server: Server) -> None:
    def step(send: Callable[[str], None]) -> None:
        send(schema(0))
        for id in range(1, 1_000_000):
            send(event(id, "request_planned") * 20)
            time.sleep(0.001)

    with server.open(step) as stream:
        with pytest.raises(vsps.EventTimeoutError, match=r"no stalled within 0.2 s; events meanwhile: \d+ request_planned"):
            stream.wait_for("stalled", timeout=0.2)
        following = stream.next(5)
        assert following is not None and following.name == "request_planned"


@pytest.mark.parametrize("cut", [20, -1], ids=["in the event", "before its end"])
def test_half_an_event_does_not_hold_up_a_wait_and_is_not_lost(server: Server, cut: int) -> None:
    more = threading.Event()

    def step(send: Callable[[str], None]) -> None:
        send(schema(7) + event(8)[:cut])
        more.wait(60)
        send(event(8)[cut:])
        server.hold()

    with server.open(step) as stream:
        with pytest.raises(vsps.EventTimeoutError):
            stream.next(0.05)
        more.set()
        following = stream.next(5)
        assert following is not None and following.id == 8
    assert server.asked == [None]


def test_half_a_piece_does_not_hold_up_a_wait_and_is_not_lost(server: Server) -> None:
    def half(send: Callable[[str], None]) -> None:
        send(schema(7))
        # Half the length of a chunk.
        send.__self__.wfile.write(b"4")  # type: ignore[attr-defined]
        server.hold()

    def whole(send: Callable[[str], None]) -> None:
        send(schema(7) + event(8))
        server.hold()

    begun, following = time.monotonic(), None
    with server.open(half, whole) as stream:
        for _ in range(20):
            try:
                following = stream.next(0.2)
            except vsps.EventTimeoutError:
                continue
            break
        assert time.monotonic() - begun < 8
        assert following is not None and following.id == 8
    assert server.asked[-1] == "7"


def test_a_silent_connection_is_made_again_also_where_each_wait_is_short(server: Server) -> None:
    def silent(send: Callable[[str], None]) -> None:
        send(schema(7))
        server.hold()

    def kept(send: Callable[[str], None]) -> None:
        send(schema(7) + event(8))
        server.hold()

    following = None
    with server.open(silent, kept, silence=0.3) as stream:
        for _ in range(200):
            try:
                following = stream.next(0.05)
            except vsps.EventTimeoutError:
                continue
            break
    assert following is not None and following.id == 8
    assert set(server.asked) == {None, "7"}


def test_a_proxy_that_is_gone_is_told(server: Server) -> None:
    gone = threading.Event()

    def step(send: Callable[[str], None]) -> None:
        send(schema(7))
        gone.wait(60)
        send("")

    with server.open(step, outage=0.2) as stream:
        threading.Thread(target=server.close).start()
        gone.set()
        with pytest.raises(vsps.UnreachableError):
            stream.next(None)
        with pytest.raises(vsps.EventTimeoutError):
            stream.wait_for("stalled", timeout=0.02)


def test_events_of_another_version_are_refused(server: Server) -> None:
    with server.open(lambda send: send(schema(7).replace(":1}", ":2}"))) as stream:
        with pytest.raises(ValueError, match="schema 2; this package reads 1"):
            stream.next(5)


def test_a_stream_that_is_closed_ends_also_while_it_is_read(server: Server) -> None:
    def step(send: Callable[[str], None]) -> None:
        send(schema(7))
        server.hold()

    with server.open(step) as stream:
        timer = threading.Timer(0.1, stream.close)
        timer.start()
        assert list(stream) == []
        timer.join()
