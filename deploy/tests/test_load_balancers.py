"""haproxy and nginx with the configurations of this folder, before replicas that answer with their name."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from .conftest import DEPLOY

IDS = [f"a{number}-k3m9q2x8ab" for number in range(60)]


class Replica:
    """Answers each request with its name, on a connection of its own: none is left when it has stopped."""

    def __init__(self, name: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        return text if answer.status == 200 else f"{answer.status}"
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def replicas() -> Generator[list[Replica]]:
    made = [Replica(name) for name in ("one", "two", "three")]
    yield made
    for replica in made[1:]:
        replica.stop()


def haproxy(port: int, replicas: list[Replica], folder: Path) -> list[str]:
    text = (DEPLOY / "haproxy" / "haproxy.cfg").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    # As many connections as the limit of open files allows for here.
    text = text.replace("maxconn 20000", "maxconn 200")
    servers = iter(replicas)
    # The players' port answers health checks too, here.
    text = re.sub(r"127\.0\.0\.1:180\d\d port 180\d\d", lambda _: f"127.0.0.1:{next(servers).port}", text)
    (folder / "haproxy.cfg").write_text(text)
    subprocess.run(["haproxy", "-c", "-f", str(folder / "haproxy.cfg")], check=True)
    return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


def nginx(port: int, replicas: list[Replica], folder: Path) -> list[str]:
    text = (DEPLOY / "nginx" / "vsps.conf").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    servers = iter(replicas)
    text = re.sub(r"127\.0\.0\.1:180\d\d", lambda _: f"127.0.0.1:{next(servers).port}", text)
    (folder / "vsps.conf").write_text(text)
    places = "".join(f"{name}_temp_path {folder};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error; events {{}}\n"
        f"http {{ access_log off; {places} include {folder}/vsps.conf; }}\n"
    )
    subprocess.run(["nginx", "-t", "-e", "stderr", "-c", str(folder / "nginx.conf")], check=True)
    return ["nginx", "-e", "stderr", "-c", str(folder / "nginx.conf")]


@pytest.mark.parametrize("make", [haproxy, nginx])
def test_each_session_has_a_replica_of_its_own(
    make: Callable[[int, list[Replica], Path], list[str]], replicas: list[Replica], tmp_path: Path
) -> None:
    port = free_port()
    balancer = subprocess.Popen(make(port, replicas, tmp_path))
    try:
        until(lambda: ask(port, "/-/s/x/") in ("one", "two", "three"), "no answer")
        # All three are used, and evenly enough.
        homes = {session: ask(port, f"/-/s/{session}/demo/hls/master.m3u8") for session in IDS}
        shares = {name: list(homes.values()).count(name) for name in ("one", "two", "three")}
        assert min(shares.values()) >= 8, shares
        # Whatever is requested, a session stays.
        for path in ("", "live/v1/seg-1.m4s?CMCD=x", "-/o/https/cdn.example/a/b/c", "-/cmcd"):
            assert {session: ask(port, f"/-/s/{session}/{path}") for session in IDS[:20]} == dict(list(homes.items())[:20])
        # Sessions of one link meet.
        assert len({ask(port, f"/-/s/house.{session}/demo/") for session in IDS}) == 1
        # What has no session is served too.
        assert ask(port, "/demo/hls/master.m3u8?vsps.profile=3g") in shares
        # A replica that is gone moves its own sessions, and no other.
        replicas[0].stop()
        until(lambda: {ask(port, f"/-/s/{session}/") for session in IDS} == {"two", "three"}, "sessions did not move")
        moved = {session: ask(port, f"/-/s/{session}/") for session in IDS}
        assert [session for session in IDS if homes[session] != "one" and moved[session] != homes[session]] == []
    finally:
        balancer.terminate()
        balancer.wait(10)


def test_haproxy_in_the_cluster_is_configured_alike(tmp_path: Path) -> None:
    text = (DEPLOY / "kubernetes" / "overlays" / "fleet" / "haproxy.cfg").read_text()
    alone = (DEPLOY / "haproxy" / "haproxy.cfg").read_text()
    for line in ("balance hash path,field(4,/),field(1,.)", "hash-type consistent sdbm avalanche"):
        assert line in text and line in alone
    # `hash-key` is newer than the haproxy of Debian 12.
    (tmp_path / "haproxy.cfg").write_text(text.replace("    default-server hash-key addr\n", ""))
    subprocess.run(["haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg")], check=True)
