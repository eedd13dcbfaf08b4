"""haproxy and nginx with the configurations of this folder, before replicas that answer with their name."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUDPServer

import pytest

from .conftest import DEPLOY, ask, free_port, until
from .kustomize import build

IDS = [f"a{number}-k3m9q2x8ab" for number in range(60)]


class Replica:
    """Answers each request with its name, on a connection of its own: none is left when it has stopped."""

    def __init__(self, name: str, address: str = "127.0.0.1", port: int = 0) -> None:
        self.asked: list[str] = []
        self.status = 200
        replica = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                replica.asked.append(self.path)
                # A health check ends its connection as soon as it has the status.
                with contextlib.suppress(OSError):
                    self.send_response(replica.status)
                    self.send_header("content-length", str(len(name)))
                    self.end_headers()
                    self.wfile.write(name.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer((address, port), Handler)
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def replicas() -> Generator[list[Replica]]:
    made = [Replica(name) for name in ("one", "two", "three")]
    yield made
    for replica in made[1:]:
        replica.stop()


def haproxy(port: int, replicas: list[Replica], folder: Path) -> list[str]:
    text = (DEPLOY / "haproxy" / "haproxy.cfg").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}")
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


class Names:
    """A name server: it has the addresses of one name, as that of a cluster, and no others."""

    def __init__(self, name: str, addresses: list[str]) -> None:
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        question = labels + b"\0" + struct.pack("!HH", 1, 1)
        records = b"".join(struct.pack("!HHHIH", 0xC00C, 1, 1, 5, 4) + socket.inet_aton(address) for address in addresses)

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                data, reply = self.request
                found = data[12 : 12 + len(question)] == question
                flags, count = (0x8180, len(addresses)) if found else (0x8183, 0)
                # The question, without what may follow it.
                asked = data[12 : data.index(b"\0", 12) + 5]
                head = data[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0)
                reply.sendto(head + asked + (records if found else b""), self.client_address)

        self.server = ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


def in_the_cluster() -> str:
    """The configuration of the cluster's haproxy, for the one of Debian 12, which has no `hash-key`."""
    resources = build(DEPLOY / "kubernetes" / "overlays" / "fleet")
    (config,) = [one["data"]["haproxy.cfg"] for one in resources if one["kind"] == "ConfigMap"]
    return str(config).replace("    default-server hash-key addr\n", "")


def test_haproxy_in_the_cluster_finds_and_checks_the_replicas(tmp_path: Path) -> None:
    """The replicas are the addresses of their Service; one that is not ready gets no session."""
    addresses = {"one": "127.0.0.2", "two": "127.0.0.3", "three": "127.0.0.4"}
    players, admin, port = free_port(*addresses.values()), free_port(*addresses.values()), free_port()
    replicas = [Replica(name, address, players) for name, address in addresses.items()]
    planes = [Replica(name, address, admin) for name, address in addresses.items()]
    names = Names("vsps-replicas.vsps.svc.cluster.local", list(addresses.values()))
    text = in_the_cluster()
    for here, there in (
        (f"nameserver cluster 127.0.0.1:{names.port}", "parse-resolv-conf"),
        (f"bind 127.0.0.1:{port}", "bind :8080"),
        (f"check port {admin}", "check port 8081"),
        (f"svc.cluster.local:{players}", "svc.cluster.local:8080"),
    ):
        assert text.count(there) == 1, there
        text = text.replace(there, here)
    (tmp_path / "haproxy.cfg").write_text(text)
    balancer = subprocess.Popen(["haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg")])
    try:
        until(lambda: {ask(port, f"/-/s/{session}/") for session in IDS} == set(addresses), "the replicas are not found")
        until(lambda: all(plane.asked for plane in planes), "the replicas are not checked")
        assert {path for plane in planes for path in plane.asked} == {"/readyz?ignore=state"}
        planes[0].status = 503
        until(lambda: {ask(port, f"/-/s/{session}/") for session in IDS} == {"two", "three"}, "a replica still has sessions")
    finally:
        balancer.terminate()
        balancer.wait(10)
        for server in [*replicas, *planes, names]:
            server.server.shutdown()
            server.server.server_close()


def test_haproxy_in_the_cluster_is_configured_alike() -> None:
    alone = (DEPLOY / "haproxy" / "haproxy.cfg").read_text()
    for line in ("balance hash path,field(4,/),field(1,.)", "hash-type consistent sdbm avalanche", "option httpchk GET /readyz?ignore=state"):
        assert line in in_the_cluster() and line in alone


@pytest.mark.parametrize("place", ["haproxy/haproxy.cfg", "kubernetes/overlays/fleet/haproxy.cfg"])
def test_haproxy_has_files_enough_at_a_limit_of_20000(place: str, tmp_path: Path) -> None:
    port = free_port()
    text = (DEPLOY / place).read_text().replace("    default-server hash-key addr\n", "")
    text = re.sub(r"^    bind .*:8080$", f"    bind 127.0.0.1:{port}", text, flags=re.M)
    (tmp_path / "haproxy.cfg").write_text(text)
    script = 'ulimit -S -n "$0" && ulimit -H -n "$0" && exec haproxy -db -f "$1"'
    with (tmp_path / "log").open("w") as log:
        balancer = subprocess.Popen(["sh", "-c", script, "20000", str(tmp_path / "haproxy.cfg")], stderr=log)
        try:
            until(lambda: balancer.poll() is not None or not ask(port, "/").endswith("Error"), "haproxy does not start")
            assert balancer.poll() is None, (tmp_path / "log").read_text()
        finally:
            balancer.terminate()
            balancer.wait(10)
