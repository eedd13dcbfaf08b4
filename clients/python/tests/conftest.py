"""What the tests share. They run against the program that `VSPS_BIN`, `PATH` or `target/` has."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from urllib.parse import urljoin

import pytest

pytest_plugins = ["pytester"]

MANIFEST = "demo/hls/master.m3u8"


def fetch(url: str) -> tuple[int, bytes]:
    """GET, as a player does; a status of 400 and more is no exception here."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def segment_of(playlist_url: str) -> str:
    """The address of the first media segment of a media playlist."""
    _, playlist = fetch(playlist_url)
    names = [line for line in playlist.decode().splitlines() if line and not line.startswith("#")]
    return urljoin(playlist_url, names[0])


class Relay:
    """Passes connections to another port, and can cut them all."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends all connections."""
        for end in self._open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def close(self) -> None:
        self._server.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            self.accepted += 1
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def relay_to() -> Generator[Callable[[int], Relay]]:
    """Makes relays."""
    made: list[Relay] = []

    def make(port: int) -> Relay:
        made.append(Relay(port))
        return made[-1]

    yield make
    for relay in made:
        relay.close()
