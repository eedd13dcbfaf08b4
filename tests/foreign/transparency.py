"""Compares http-cache-tests directly and through the proxy; see `transparency`, which starts this."""

import collections
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

from httplint import HttpResponseLinter

HERE = pathlib.Path(__file__).parent
# Hop-by-hop, or about the connection (RFC 9110 §7.6): of this leg alone.
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection", "host"}
HOP |= {"proxy-authenticate", "proxy-authorization"}
# What a proxy must add (RFC 9110 §7.6.3).
ADDED = {"via"}

# Tests that must differ, and why.
EXPLAINED = {
    "headers-omit-headers-listed-in-Connection": "a proxy removes the fields that Connection names (RFC 9110 §7.6.1)",
    "headers-store-Transfer-Encoding": "an unknown transfer coding: where the body ends is not known (RFC 9112 §6.1)",
}
# What the proxy does not do yet.
EXPLAINED |= dict.fromkeys(
    ["interim-102", "interim-103", "interim-no-header-reuse", "interim-not-cached"],
    "MISSING: interim responses (102, 103) are not passed on (RFC 9110 §15.2)",
)
CLOSED = "the origin closes without a response, and the proxy answers 502 (RFC 9110 §15.6.3)"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait(port):
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def record(suite, base, port, file):
    environment = {**os.environ, "ORIGIN_PORT": str(port)}
    command = ["node", "--no-warnings", HERE / "record.mjs", suite, base, file]
    log = open(f"{file}.log", "w")
    subprocess.run(command, check=True, env=environment, stdout=log, stderr=log, cwd=suite, timeout=900)
    return json.loads(pathlib.Path(file).read_text())


class Date:
    """Two dates are the same as texts, or if both are the same time after their run's now."""

    def __init__(self, value):
        self.text, self.from_now = value["date"], value["from_now"]

    def __eq__(self, other):
        return isinstance(other, Date) and (self.text == other.text or abs(self.from_now - other.from_now) <= 3)

    def __repr__(self):
        return f"{self.text} ({self.from_now:+.0f} s)"


def end_to_end(fields):
    dated = lambda value: Date(value) if isinstance(value, dict) else value
    return [[name, dated(value)] for name, value in fields if name not in HOP | ADDED]


def comparable(exchange):
    if "failed" in exchange:
        return exchange
    return {
        "status": exchange["status"],
        "reason": exchange["reason"],
        "body": exchange["body"],
        "headers": end_to_end(exchange["headers"]),
    }


def notes(exchange):
    """The notes of httplint on a response, by the name of each and what it is about."""
    if "failed" in exchange:
        return None
    linter = HttpResponseLinter()
    status = str(exchange["status"]).encode()
    linter.process_response_topline(b"HTTP/1.1", status, exchange["reason"].encode())
    raw = [(name, value) for name, value in exchange["raw"] if name.lower() not in HOP | ADDED]
    linter.process_headers([(name.encode(), value.encode("latin-1", "replace")) for name, value in raw])
    linter.feed_content(exchange["body"].encode())
    linter.finish_content(True)
    return collections.Counter(f"{type(note).__name__} ({note.subject})" for note in linter.notes)


def explanation(test, direct):
    """Why a test may differ; `None` = it may not."""
    if any("failed" in exchange for exchange in direct["exchanges"].get(test, [])):
        return CLOSED
    return EXPLAINED.get(test)


def print_differences(title, differences, direct):
    """Prints all differences that have no explanation, and how many have one. Returns whether there are any without."""
    why = [explanation(what.split(" ")[0], direct) for what, _, _ in differences]
    print(f"\n{title}: {len(differences)}")
    for reason, count in collections.Counter(filter(None, why)).items():
        print(f"  {count}: {reason}")
    for (what, one, other), reason in zip(differences, why):
        if reason is None:
            print(f"  {what}\n    directly: {one}\n    by proxy: {other}")
    return None in why


def first_difference(one, other):
    if one.keys() != other.keys():
        return one, other
    for key in one:
        if one[key] == other[key]:
            continue
        if key != "headers":
            return {key: one[key]}, {key: other[key]}
        return [f for f in one[key] if f not in other[key]], [f for f in other[key] if f not in one[key]]
    return None


def compare(direct, proxied):
    results, messages, requests, linted = [], [], [], []
    for test, result in direct["results"].items():
        if proxied["results"].get(test) != result:
            results.append((test, result, proxied["results"].get(test)))
    count = 0
    for test, exchanges in direct["exchanges"].items():
        others = proxied["exchanges"].get(test, [])
        if len(exchanges) != len(others):
            messages.append((test, f"{len(exchanges)} responses", f"{len(others)} responses"))
        for number, (one, other) in enumerate(zip(exchanges, others), 1):
            count += 1
            if comparable(one) != comparable(other):
                messages.append((f"{test} response {number}", *first_difference(comparable(one), comparable(other))))
            if notes(one) != notes(other):
                linted.append((f"{test} response {number}", notes(one), notes(other)))
    seen = 0
    for test, state in direct["states"].items():
        others = proxied["states"].get(test, [])
        strip = lambda request: {"method": request["method"], "headers": end_to_end(request["headers"])}
        if len(state) != len(others):
            requests.append((test, f"{len(state)} requests", f"{len(others)} requests"))
        for number, (one, other) in enumerate(zip(state, others), 1):
            seen += 1
            if strip(one) != strip(other):
                requests.append((f"{test} request {number}", *first_difference(strip(one), strip(other))))
    passed = lambda run: sum(result is True for result in run["results"].values())
    print(f"{len(direct['results'])} tests: {passed(direct)} pass directly, {passed(proxied)} by proxy")
    print(f"{count} responses and {seen} requests compared")
    kinds = {
        "tests with another result": results,
        "responses that differ": messages,
        "requests that differ at the origin": requests,
        "responses with other notes of httplint": linted,
    }
    return any([print_differences(title, found, direct) for title, found in kinds.items()])


def main():
    program, suite, work = sys.argv[1], sys.argv[2], sys.argv[3]
    port, listen, admin = free_port(), free_port(), free_port()
    server_environment = {
        **os.environ,
        "npm_config_protocol": "http",
        "npm_config_port": str(port),
        "npm_config_pidfile": f"{work}/server.pid",
    }
    # The package has no such folder, the repository has.
    engine = "test-engine/" if (pathlib.Path(suite) / "test-engine").is_dir() else ""
    node = ["node", f"{engine}server/server.mjs"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(node, cwd=suite, env=server_environment, **quiet)
    arguments = ["--origin", f"http://localhost:{port}", "--profile", "unlimited"]
    arguments += ["--listen", str(listen), "--admin", str(admin), "--log-file", f"{work}/vsps.log"]
    proxy = subprocess.Popen([program, "run", *arguments], **quiet)
    try:
        wait(port)
        wait(listen)
        direct = record(suite, f"http://localhost:{port}", port, f"{work}/direct.json")
        proxied = record(suite, f"http://localhost:{listen}", port, f"{work}/proxied.json")
        different = compare(direct, proxied)
        if proxy.poll() is not None:
            sys.exit("the proxy has ended")
    finally:
        proxy.terminate()
        server.terminate()
        proxy.wait()
        server.wait()
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
