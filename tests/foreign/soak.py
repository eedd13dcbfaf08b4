"""A release build under light load for a long time: its memory must stay flat to 1 %.

    python3 tests/foreign/soak.py [--minutes 60] [--program target/release/vsps] [--csv FILE]

Two programs run, before an nginx over https and HTTP/2 and before the same over http. Players open sessions, read manifests,
media and ranges, break off some bodies, and stay or leave. Meanwhile sessions get commands over the API (rates, profiles,
pauses, faults, undo, reset, deletion), the script is written anew every few seconds, and metrics, HAR, analytics and events
are read. The resident memory is read every second and printed every minute.

The first third fills what is bounded: the records of the last ended sessions, and the allocator's pages; half of it is at
four times the rate. After it, the median of the last third must be at most 1 % above that of the second. Exit code 1 if it
is not, or if a body is wrong.
Needs nginx, openssl and curl with HTTP/2.
"""

import argparse
import collections
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SEGMENT = 60_000
MANIFEST = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + "".join(f"#EXTINF:4,\n{n}.ts\n" for n in range(100)) + "#EXT-X-ENDLIST\n"
SCRIPT = """// version {version}
fn on_session(session) {{
    session.count = 0;
}}

fn on_request(request, session) {{
    session.count += 1;
    if request.kind == "segment" && session.count % 7 == {remainder} {{
        #{{ name: "late", delay: "{delay} ms" }}
    }}
}}
"""
COMMANDS = [
    ("PATCH", "", {"rate": "40 Mbit/s"}),
    ("PATCH", "", {"rate": "30 Mbit/s", "rtt": "20 ms", "ttl": "2 s"}),
    ("PATCH", "", {"profile": "wifi", "rate": None}),
    ("PATCH", "", {"profile": "unlimited"}),
    ("PATCH", "", {"paused": True, "ttl": "300 ms"}),
    ("PATCH", "", {"loss": "0.5 %", "rate": "50 Mbit/s"}),
    ("PATCH", "", {"rules": [{"when": {"kind": "segment"}, "then": {"delay": "10 ms"}}]}),
    ("POST", "/faults", {"rule": {"when": {"kind": "segment"}, "then": {"status": 404}}, "name": "lost", "ttl": "5 s"}),
    ("POST", "/faults", {"fault": "segment-404", "name": "ready", "times": 2}),
    ("DELETE", "/faults/lost", None),
    ("POST", "/undo", None),
    ("POST", "/reset", None),
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def segment(number):
    return hashlib.shake_128(str(number).encode()).digest(SEGMENT)


class Nginx:
    """Serves the same files over http, and over https with HTTP/2; a connection carries 200 requests."""

    def __init__(self, folder):
        media = folder / "media"
        media.mkdir()
        (media / "a.m3u8").write_text(MANIFEST)
        for number in range(100):
            (media / f"{number}.ts").write_bytes(segment(number))
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 9"
        names = ["-subj", "/CN=localhost", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(command.split() + names, cwd=folder, check=True, capture_output=True)
        self.certificate, self.http, self.https = folder / "cert.pem", free_port(), free_port()
        temporary = "".join(f"{what}_temp_path {what};\n" for what in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        (folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{ worker_connections 1024; }}\nhttp {{\n{temporary}"
            f"access_log off;\nroot media;\nkeepalive_requests 200;\nserver {{\nlisten 127.0.0.1:{self.http};\n"
            f"listen 127.0.0.1:{self.https} ssl http2;\nssl_certificate {folder}/cert.pem;\n"
            f"ssl_certificate_key {folder}/key.pem;\n}}\n}}\n"
        )
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        command = [nginx, "-p", folder, "-c", "nginx.conf", "-e", "error.log"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Proxy:
    """One program before `origin`, with its script and its counts."""

    def __init__(self, program, folder, name, origin, certificate):
        self.name, self.folder = name, folder
        self.listen, self.admin, self.script = free_port(), free_port(), folder / f"{name}.rhai"
        self.version = 0
        self.write_script()
        command = [program, "run", "--origin", origin, "--listen", str(self.listen), "--admin", str(self.admin)]
        command += ["--script", self.script, "--session-idle", "15s", "--log-file", folder / f"{name}.log"]
        command += ["--log-file-size", "1MiB", "--cmsd", "--session-metrics", "20"]
        environment = {**os.environ, "SSL_CERT_FILE": str(certificate)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        self.results, self.memory, self.sessions = collections.Counter(), [], []

    def write_script(self):
        self.version += 1
        text = SCRIPT.format(version=self.version, remainder=self.version % 7, delay=self.version % 20)
        fresh = self.script.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.script)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=30)
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        content = None if body is None else json.dumps(body)
        connection.request(method, path, body=content, headers={"content-type": kind} if content else {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 500:
            self.results[f"admin {answer.status}"] += 1
        return answer.status, text

    def resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def play(proxy, stop, rate, warm):
    """Sessions one after another, each of about a hundred requests; at four times the rate until `warm`."""
    draw = random.Random(rate)
    pace = lambda: rate if time.monotonic() > warm else 4 * rate
    while not stop.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", proxy.listen, timeout=60)
        try:
            session(proxy, connection, draw, stop, pace)
        except (OSError, http.client.HTTPException) as error:
            proxy.results[type(error).__name__] += 1
        connection.close()


def session(proxy, connection, draw, stop, pace):
    connection.request("GET", "/a.m3u8")
    answer = connection.getresponse()
    answer.read()
    place = answer.getheader("location").rsplit("/", 1)[0]
    proxy.sessions.append(place.rsplit("/", 1)[1])
    del proxy.sessions[:-8]
    for turn in range(100):
        if stop.wait(draw.expovariate(pace())):
            return
        number = draw.randrange(100)
        headers, expected = {}, segment(number)
        if turn % 10 == 3:
            headers, expected = {"Range": "bytes=100-20099"}, expected[100:20100]
        if turn % 20 == 7:
            headers["CMCD-Session"] = f'sid="{place}",cid="a"'
            headers["CMCD-Request"] = f"bl={100 * turn}"
        path = "a.m3u8" if turn % 25 == 0 else f"{number}.ts"
        connection.request("GET", f"{place}/{path}", headers=headers)
        answer = connection.getresponse()
        if turn % 33 == 32:
            # Breaks off.
            answer.read(1000)
            connection.close()
            continue
        got = answer.read()
        right = answer.status not in (200, 206) or path == "a.m3u8" or got == expected
        proxy.results[str(answer.status) if right else "wrong"] += 1


def play_http2(proxy, stop):
    """A connection of HTTP/2 every second, by curl (whose version 7.88 fails at its second stream without TLS)."""
    command = ["curl", "-s", "--http2-prior-knowledge", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code}"]
    while not stop.wait(1):
        url = f"http://127.0.0.1:{proxy.listen}/{random.randrange(100)}.ts"
        status = subprocess.run([*command, url], capture_output=True, text=True).stdout
        proxy.results[f"h2 {status}"] += 1


def operate(proxy, stop):
    draw = random.Random(7)
    while not stop.wait(1.5):
        if not proxy.sessions:
            continue
        chosen = draw.choice(proxy.sessions)
        method, path, body = draw.choice(COMMANDS)
        proxy.ask(method, f"/api/v1/sessions/{chosen}{path}", body)
        if draw.random() < 0.3:
            proxy.write_script()
        if draw.random() < 0.1:
            proxy.ask("DELETE", f"/api/v1/sessions/{chosen}")
        read = ["/metrics", "/api/v1/sessions", f"/api/v1/sessions/{chosen}/har", f"/api/v1/sessions/{chosen}/timeline"]
        proxy.ask("GET", draw.choice([*read, f"/api/v1/sessions/{chosen}/qoe", "/api/v1/status", "/"]))
        if draw.random() < 0.1:
            proxy.ask("POST", "/api/v1/sessions", {"profile": "3g", "label": "soak/armed", "seed": 7})


def follow(proxy, stop):
    """Reads the stream of events for a while, again and again."""
    while not stop.wait(1):
        try:
            with socket.create_connection(("127.0.0.1", proxy.admin), timeout=10) as stream:
                stream.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                for _ in range(200):
                    if stop.is_set() or not stream.recv(4096):
                        break
        except OSError as error:
            proxy.results[f"events {type(error).__name__}"] += 1


def verdict(proxy):
    third = len(proxy.memory) // 3
    second, last = proxy.memory[third : 2 * third], proxy.memory[2 * third :]
    before, after = statistics.median(second), statistics.median(last)
    growth = after / before - 1
    print(f"{proxy.name}: {before:.0f} KiB, then {after:.0f} KiB: {growth:+.2%}; {dict(proxy.results)}")
    bad = proxy.results["wrong"] or any("admin" in what for what in proxy.results) or proxy.process.poll() is not None
    return growth <= 0.01 and not bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--program", default="target/release/vsps")
    parser.add_argument("--rate", type=float, default=3, help="requests a second of each of four players")
    parser.add_argument("--csv", help="where the memory of each second goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        nginx = Nginx(folder)
        time.sleep(0.5)
        origins = {"https": f"https://127.0.0.1:{nginx.https}", "http": f"http://127.0.0.1:{nginx.http}"}
        program = os.path.realpath(options.program)
        proxies = [Proxy(program, folder, name, origin, nginx.certificate) for name, origin in origins.items()]
        time.sleep(1)
        stop = threading.Event()
        threads = []
        warm = time.monotonic() + options.minutes * 10
        for proxy in proxies:
            threads += [threading.Thread(target=play, args=(proxy, stop, options.rate, warm)) for _ in range(2)]
            threads += [threading.Thread(target=what, args=(proxy, stop)) for what in (play_http2, operate, follow)]
        for thread in threads:
            thread.daemon = True
            thread.start()
        try:
            watch(proxies, options)
        finally:
            stop.set()
            for thread in threads:
                thread.join(70)
            good = all([verdict(proxy) for proxy in proxies])
            for process in [proxy.process for proxy in proxies] + [nginx.process]:
                process.terminate()
                process.wait(30)
    sys.exit(0 if good else 1)


def watch(proxies, options):
    csv = open(options.csv, "w") if options.csv else None
    begun = time.monotonic()
    for second in range(int(options.minutes * 60)):
        time.sleep(max(0, begun + second + 1 - time.monotonic()))
        sizes = []
        for proxy in proxies:
            if proxy.process.poll() is not None:
                raise SystemExit(f"{proxy.name} has ended: {proxy.process.returncode}")
            proxy.memory.append(proxy.resident())
            sizes.append(proxy.memory[-1])
        if csv:
            print(second, *sizes, sep=",", file=csv, flush=True)
        if second % 60 == 59:
            lately = [f"{p.name} {statistics.median(p.memory[-60:]):.0f} KiB, {p.files()} files" for p in proxies]
            total = sum(sum(proxy.results.values()) for proxy in proxies)
            print(f"minute {second // 60 + 1}: {'; '.join(lately)}; {total} requests", flush=True)


if __name__ == "__main__":
    main()
