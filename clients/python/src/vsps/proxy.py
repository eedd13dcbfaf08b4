"""A proxy: one that this process has started, or one that runs elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType, TracebackType
from typing import IO, Any, TypedDict, Unpack, cast
from urllib.parse import quote

from . import api_types as api
from .binary import find_binary
from .control import Control
from .errors import StartError
from .events import EventStream
from .session import Group, Session

_WATCH = 'read -r line || kill -s TERM "$0"'
"""Sends SIGTERM to the process `$0` when the input ends without a line.

A killed process can't stop its proxy itself; the system closes its end of the pipe.
"""

_LINES_KEPT = 400
_GRACE_SECONDS = 2.0
_KILL_SECONDS = 5.0


class SessionArming(TypedDict, total=False):
    """What a session is armed with; each member is optional."""

    profile: str
    rate: str
    rtt: str
    loss: float | str
    seed: int | str
    rules: str | list[api.RuleItem]
    origin: str
    link: str
    label: str


class Proxy:
    """The control plane of a proxy, and the sessions that are armed over it."""

    def __init__(self, control: Control) -> None:
        self.control = control

    @property
    def admin_url(self) -> str:
        """The address of the control plane."""
        return self.control.url

    @property
    def players_url(self) -> str:
        """The address that players use."""
        return self.status()["players_url"]

    def arm(self, **arming: Unpack[SessionArming]) -> Session:
        """Arms a session: `arm(profile="3g", seed=7)`. Its time starts with its player's first request."""
        armed = cast(api.Armed, self.control.json("POST", "/api/v1/sessions", arming))
        return Session(self.control, armed["id"], armed["url"], armed["seed"])

    def session(self, id: str) -> Session:
        """A session that runs, such as one that a player has started."""
        found = cast(api.FullSession, self.control.json("GET", f"/api/v1/sessions/{quote(id, safe='')}"))
        return Session(self.control, id, found["url"], found["seed"])

    def sessions(self) -> list[api.Session]:
        """All sessions, oldest first."""
        return cast("list[api.Session]", self.control.json("GET", "/api/v1/sessions"))

    def group(self, label: str) -> Group:
        """All sessions with this label."""
        return Group(self.control, label)

    def events(self, after: int | None = None) -> EventStream:
        """The events of all sessions; see `Session.events`."""
        return EventStream(self.control, "/api/v1/events", after)

    def status(self) -> api.Status:
        """Version, addresses, defaults."""
        return cast(api.Status, self.control.json("GET", "/api/v1/status"))

    def profiles(self) -> list[api.ProfileSummary]:
        """The profiles by name."""
        return cast("list[api.ProfileSummary]", self.control.json("GET", "/api/v1/profiles"))

    def ready_faults(self) -> list[api.FaultSummary]:
        """The faults that have a name."""
        return cast("list[api.FaultSummary]", self.control.json("GET", "/api/v1/faults"))

    def rules(self) -> api.Rules:
        """The rules of all sessions."""
        return cast(api.Rules, self.control.json("GET", "/api/v1/rules"))

    def set_rules(self, rules: str | list[api.RuleItem]) -> api.Rules:
        """Replaces the rules of all sessions."""
        return cast(api.Rules, self.control.json("PUT", "/api/v1/rules", {"rules": rules}))

    def reset(self) -> None:
        """Makes all sessions as they were armed, and the rules of all as at the start."""
        self.control.json("POST", "/api/v1/reset")

    def metrics(self) -> str:
        """The metrics, in the text format of Prometheus."""
        return self.control.text("GET", "/metrics")


class StartedProxy(Proxy):
    """A proxy that this process has started. It is stopped at the end of a `with` block, or with this process, however that ends."""

    def __init__(self, process: subprocess.Popen[str], ready: Mapping[str, Any], output: _Output, token: str | None):
        super().__init__(Control(f"http://{ready['admin']}", token))
        self.process = process
        self.listen: str = ready["listen"]
        """Host and port for players."""
        self.seed: int = ready["seed"]
        """The seed of the run, from which the seeds of sessions that players start follow."""
        self._output = output
        # Holds no reference to the proxy itself.
        self._finalizer = weakref.finalize(self, _stop, process, output, os.getpid())

    @property
    def log(self) -> str:
        """The last lines of its standard error."""
        return self._output.text()

    def stop(self) -> int:
        """Stops it, and returns its exit code. Responses have two seconds to finish."""
        self._finalizer()
        return self.process.wait()

    def __enter__(self) -> StartedProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def start(
    *,
    origin: str | None = None,
    profile: str | None = None,
    seed: int | str | None = None,
    rules: str | None = None,
    options: Sequence[str] = (),
    binary: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    start_timeout: float = 20.0,
) -> StartedProxy:
    """Starts a proxy on free ports of this machine, and waits until it listens.

    Without `origin` it serves its built-in streams below `/demo/`. `options` are further options of `vsps run`.
    """
    whole_env = {**os.environ, **(env or {})}
    program = os.fspath(binary) if binary is not None else os.fspath(find_binary(whole_env))
    command = [program, "run", "--log", "json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    named = {"--origin": origin, "--profile": profile, "--seed": seed, "--rules": rules}
    command += [text for name, value in named.items() if value is not None for text in (name, str(value))]
    command += options
    output: _Output | None = None
    try:
        with _interrupts_held():
            output = _Output(_spawn(command, whole_env))
        ready = output.wait_until_ready(start_timeout)
    except BaseException:
        # Also where this is interrupted.
        if output is not None:
            _stop(output.process, output, os.getpid())
        raise
    token = _option(command, "--admin-token") or whole_env.get("VSPS_ADMIN_TOKEN")
    return StartedProxy(output.process, ready, output, token)


def _spawn(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise StartError(f"{command[0]} cannot be started: {error}") from error


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C has its effect at the end of the block: within it, a process would be started, and nothing would stop it."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            before(*held[0])


def connect(admin_url: str | None = None, token: str | None = None) -> Proxy:
    """Connects to a proxy that runs: at `VSPS_ADMIN_URL` and with `VSPS_ADMIN_TOKEN` where nothing is said."""
    url = admin_url or os.environ.get("VSPS_ADMIN_URL") or "http://127.0.0.1:8081"
    proxy = Proxy(Control(url, token or os.environ.get("VSPS_ADMIN_TOKEN")))
    proxy.status()
    return proxy


def _option(command: Sequence[str], name: str) -> str | None:
    for at, text in enumerate(command):
        if text == name and at + 1 < len(command):
            return command[at + 1]
        if text.startswith(f"{name}="):
            return text.partition("=")[2]
    return None


def _stop(process: subprocess.Popen[str], output: _Output, owner: int) -> None:
    """Sends SIGTERM, sends it again (which aborts responses), and kills the process."""
    if os.getpid() != owner:
        # A forked copy of the process that has started it.
        return
    try:
        for seconds in (_GRACE_SECONDS, _KILL_SECONDS):
            if process.poll() is not None:
                return
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
    finally:
        # Also where this is interrupted.
        if process.poll() is None:
            process.kill()
            process.wait()
        output.release()


class _Watcher:
    """Stops a process when this one is gone, however it ended: a shell waits for the end of a pipe."""

    def __init__(self, pid: int) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        if sys.platform == "win32":
            return
        # In a session of its own, where Ctrl-C does not reach it.
        with contextlib.suppress(OSError):
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH, str(pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def release(self) -> None:
        """Ends the watch."""
        with self._lock:
            shell, self._shell = self._shell, None
        if shell is not None:
            with contextlib.suppress(OSError):
                shell.communicate(b"\n")


class _Output:
    """Reads what a process writes, so that it never waits for its reader; keeps the last lines. Ends it with this one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None and process.stderr is not None
        self.process = process
        self._watcher = _Watcher(process.pid)
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._ready: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=read, args=(stream,), daemon=True, name="vsps-output")
            for stream, read in ((process.stdout, self._read_answers), (process.stderr, self._keep))
        ]
        for thread in self._threads:
            thread.start()

    def wait_until_ready(self, seconds: float) -> dict[str, Any]:
        try:
            ready = self._ready.get(timeout=seconds)
        except queue.Empty:
            raise StartError(f"vsps is not ready after {seconds:g} s\n{self.text()}") from None
        if ready is None:
            code = self.process.wait()
            for thread in self._threads:
                thread.join(1.0)
            raise StartError(f"vsps ended with exit code {code} before it was ready\n{self.text()}")
        return ready

    def release(self) -> None:
        self._watcher.release()

    def text(self) -> str:
        return "".join(list(self._lines))

    def _read_answers(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                if line.startswith("{"):
                    answer = _json_or_none(line)
                    if answer and answer.get("event") == "ready":
                        self._ready.put(answer)
        # It has ended: before its number can be given to another process.
        self._watcher.release()
        self._ready.put(None)

    def _keep(self, stream: IO[str]) -> None:
        with stream:
            self._lines.extend(stream)


def _json_or_none(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
