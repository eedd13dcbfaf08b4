"""System calls that fail, while `vsps run` serves requests: nothing is lost silently, nothing hangs, nothing exits.

    python3 tests/foreign/system_calls.py [PROGRAM] [CASE…]

strace makes calls of the running program fail in turn, or a preloaded library shortens reads and writes. Four clients
make requests meanwhile and compare each body. For each case this prints how many requests ended whole, with an error
status, or with a broken connection, and fails where

- a body looks whole and is not the right one,
- a request has no end within 20 s,
- the program ends, or does not serve every request once the calls work again,
- an event is neither in the event log nor counted as lost at the end.

Needs strace and a C compiler; takes three minutes; not part of tests/run.
"""

import collections
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib

PATIENCE = 20
SIZES = [1, 1000, 65_536, 700_000]
CLIENTS = 4
REQUESTS = 40
MANIFEST = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + b"#EXTINF:4,\n1.ts\n" * 20_000 + b"#EXT-X-ENDLIST\n"
HERE = pathlib.Path(__file__).parent

# Each: a name, the options of strace, and what else is asked of the run.
CASES = {}


def case(name, *inject, path=None, exit_code=0, arguments=(), preload=False, exact=False):
    CASES[name] = dict(inject=inject, path=path, exit_code=exit_code, arguments=arguments, preload=preload, exact=exact)


for error in ["EMFILE", "ENFILE", "ECONNABORTED", "EINTR", "ENOMEM", "EPROTO", "EPERM"]:
    case(f"accept4-{error}", f"accept4:error={error}:when=2+2")
for error in ["EMFILE", "ENOBUFS", "ENOMEM"]:
    case(f"socket-{error}", f"socket:error={error}:when=1+2")
for error in ["ECONNREFUSED", "ETIMEDOUT", "EADDRNOTAVAIL", "ENETUNREACH", "EINTR"]:
    case(f"connect-{error}", f"connect:error={error}:when=1+2")
for error in ["ECONNRESET", "ETIMEDOUT", "EINTR", "ENOMEM"]:
    case(f"recvfrom-{error}", f"recvfrom:error={error}:when=9+23")
for error in ["ECONNRESET", "EPIPE", "ENOBUFS", "ENOMEM", "EINTR"]:
    case(f"send-{error}", f"sendto,sendmsg,writev:error={error}:when=9+23")
case("epoll_ctl-ENOSPC", "epoll_ctl:error=ENOSPC:when=3+5")
case("epoll_ctl-ENOMEM", "epoll_ctl:error=ENOMEM:when=3+5")
case("epoll_wait-EINTR", "epoll_wait,epoll_pwait:error=EINTR:when=2+3", exact=True)
case("setsockopt-ENOBUFS", "setsockopt:error=ENOBUFS:when=1+2", exact=True)
case("getsockopt-EINVAL", "getsockopt,getsockname,getpeername:error=ENOBUFS:when=2+3")
for error in ["EINTR", "ENOMEM", "ECONNRESET", "EPIPE"]:
    case(f"splice-{error}", f"splice:error={error}:when=3+5", exact=error == "EINTR")
case("splice-EINVAL", "splice:error=EINVAL", exact=True)
# Into the pipe, and not out of it.
case("splice-out-EINVAL", "splice:error=EINVAL:when=2+2", exact=True)
case("pipe-EMFILE", "pipe2:error=EMFILE", exact=True)
case("shutdown-ENOTCONN", "shutdown:error=ENOTCONN:when=1+2")
case("clone-EAGAIN", "clone,clone3:error=EAGAIN", exact=True)
case("clone-EAGAIN-names", "clone,clone3:error=EAGAIN", arguments=("localhost",))
for error in ["ENOSPC", "EDQUOT", "EIO"]:
    case(f"events-{error}", f"write,writev:error={error}:when=2+3", path="events", exact=True)
case("events-ENOSPC-always", "write,writev:error=ENOSPC", path="events", exact=True)
for error in ["EINTR", "EAGAIN"]:
    case(f"events-{error}", f"write,writev:error={error}:when=2+3", path="events", exact=True)
case("log-ENOSPC", "write,writev:error=ENOSPC:when=2+3", path="log", exact=True)
case("timer-EINVAL", "timerfd_settime:error=EINVAL:when=5+7", arguments=("--rate", "400Mbit/s"))
case("short-calls", preload=True, exact=True)
case("short-calls-shaped", preload=True, exact=True, arguments=("--rate", "400Mbit/s"))


def body(number):
    return random.Random(number).randbytes(SIZES[number % len(SIZES)])


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path.endswith(".m3u8"):
            content = MANIFEST
        else:
            content = body(int(self.path.rsplit("/", 1)[1].split(".")[0]))
        chunked = zlib.crc32(self.path.encode()) % 3 == 0
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.apple.mpegurl" if ".m3u8" in self.path else "video/mp4")
        if not chunked:
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(content), 10_000):
            piece = content[start : start + 10_000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        # The upload comes back.
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class OriginServer(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, *_):
        pass


def request(connection, number):
    """What became of one request: `whole`, a status of the proxy, `broken`, `silent` or `hang`."""
    try:
        expected = body(number)
        if number % 10 == 9:
            # A long manifest, in a new session.
            connection.request("GET", f"/{number}.m3u8")
            answer = connection.getresponse()
            answer.read()
            expected = MANIFEST
            connection.request("GET", answer.getheader("location", "/1.m3u8"))
        elif number % 10 == 8:
            connection.request("POST", f"/{number}.mp4", body=expected)
        else:
            connection.request("GET", f"/{number}.mp4")
        answer = connection.getresponse()
        got = answer.read()
    except TimeoutError:
        connection.close()
        return "hang"
    except (OSError, http.client.HTTPException):
        connection.close()
        return "broken"
    if answer.status != 200:
        known = answer.getheader("vsps-error")
        return f"{answer.status} {known}" if known else "silent"
    return "whole" if got == expected else "silent"


def run_clients(port, count):
    results = collections.Counter()

    def client(index):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        for turn in range(count):
            results[request(connection, index * 1000 + turn)] += 1
            if turn % 5 == 4:
                connection.close()
        connection.close()

    threads = [threading.Thread(target=client, args=(index,)) for index in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return answer.read().decode()


class Program:
    def __init__(self, program, folder, origin, what):
        arguments = list(what["arguments"])
        host = "127.0.0.1"
        if arguments[:1] == ["localhost"]:
            host = arguments.pop(0)
        self.listen, self.admin = free_port(), free_port()
        self.events, self.log = folder / "events", folder / "log"
        environment = dict(os.environ)
        if what["preload"]:
            environment["LD_PRELOAD"] = str(folder.parent / "short.so")
        command = [program, "run", "--origin", f"http://{host}:{origin}", *arguments]
        command += ["--listen", str(self.listen), "--admin", str(self.admin)]
        command += ["--events", str(self.events), "--log-file", str(self.log)]
        self.errors = open(folder / "stderr", "w+")
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=self.errors)
        for _ in range(200):
            try:
                get(self.admin, "/healthz")
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("it does not start")

    def metric(self, name):
        lines = [line for line in get(self.admin, "/metrics").splitlines() if re.match(name + r"[ {]", line)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def end(self):
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "does not end"
        self.errors.seek(0)
        return code, self.errors.read()


def attach(program, folder, what):
    command = ["strace", "-f", "-qq", "-o", str(folder / "trace"), "-p", str(program.process.pid)]
    if what["path"]:
        command += ["-P", str(getattr(program, what["path"]))]
    for inject in what["inject"]:
        command += ["-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}"]
    strace = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    if strace.poll() is not None:
        raise SystemExit("strace can't attach")
    return strace


def events(program):
    lines = program.events.read_bytes().split(b"\n")[:-1]
    whole, torn = [], 0
    for line in lines:
        try:
            whole.append(json.loads(line)["event"])
        except ValueError:
            torn += 1
    return collections.Counter(whole), torn


def check(name, what, program_path, base, origin):
    folder = base / name
    folder.mkdir()
    program = Program(program_path, folder, origin, what)
    problems = []
    strace = attach(program, folder, what) if what["inject"] else None
    results = run_clients(program.listen, REQUESTS)
    injected = 0
    if strace:
        if strace.poll() is None:
            strace.send_signal(signal.SIGINT)
        strace.wait()
        injected = (folder / "trace").read_text().count("(INJECTED)")
        if injected == 0:
            problems.append("no call was made to fail")
    if program.process.poll() is not None:
        problems.append(f"it ended with code {program.process.returncode}")
        return results, injected, problems
    for wrong in ["silent", "hang"]:
        if results[wrong]:
            problems.append(f"{results[wrong]} {wrong}")
    if what["exact"] and results["whole"] != CLIENTS * REQUESTS:
        problems.append("not all requests are whole")
    after = run_clients(program.listen, 15)
    if after["whole"] != CLIENTS * 15:
        problems.append(f"afterwards: {dict(after)}")
    requests = program.metric("vsps_requests_total")
    sessions = program.metric("vsps_sessions_started_total")
    code, errors = program.end()
    if code != what["exit_code"]:
        problems.append(f"exit code {code}: {errors[-300:]}")
    written, torn = events(program)
    told = re.search(r"--events: (\d+) events? (?:was|were) not written", errors)
    lost = int(told[1]) if told else 0
    # Each request is planned and finished.
    if what["exact"]:
        expected = 2 * requests + 2 * sessions
        if sum(written.values()) + lost != expected or torn:
            problems.append(f"{dict(written)}, {torn} torn, {lost} lost: not {expected:.0f} events")
    elif written["request_finished"] != requests:
        problems.append(f"{written['request_finished']} requests in the event log, {requests:.0f} counted")
    if "panicked" in errors or "panicked" in program.log.read_text():
        problems.append("it panicked")
    return results, injected, problems


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/vsps"
    chosen = sys.argv[2:] or list(CASES)
    origin = OriginServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    failed = []
    with tempfile.TemporaryDirectory() as base:
        base = pathlib.Path(base)
        build = ["cc", "-shared", "-fPIC", "-O1", "-o", base / "short.so", HERE / "short.c", "-ldl"]
        subprocess.run(build, check=True)
        for name in chosen:
            begun = time.monotonic()
            results, injected, problems = check(name, CASES[name], program, base, origin.server_port)
            took = time.monotonic() - begun
            print(f"{name}: {injected} calls failed; {dict(results)}; {took:.1f} s", flush=True)
            for problem in problems:
                print(f"    FAILED: {problem}", flush=True)
            if problems:
                failed.append(name)
    print(f"{len(chosen)} cases, {len(failed)} failed {failed}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
