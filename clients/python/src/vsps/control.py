"""Requests to the control plane of a proxy."""

from __future__ import annotations

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

from .errors import ApiError, UnreachableError

ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
"""The beginning of an absolute URL. `://` may also be in a query."""


class Control:
    """The control plane (`--admin`) of one proxy. Each request has a connection of its own, so threads may share it."""

    def __init__(self, url: str, token: str | None = None, timeout: float = 10.0) -> None:
        """`url` is the address of the control plane, `token` that of `--admin-token`; `timeout` is in seconds."""
        parts = urlsplit(url if ABSOLUTE.match(url) else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is no address of a control plane; write http://HOST:PORT")
        self._https = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._token = token
        self.timeout = timeout
        self.url = f"{parts.scheme}://{parts.netloc}{self._prefix}"

    def json(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
        """Sends a request, and returns the JSON of the answer; None if it has no body."""
        text = self.text(method, path, body, headers)
        return json.loads(text) if text else None

    def text(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> str:
        """Sends a request, and returns the body of the answer."""
        connection, response = self.open(method, path, body, headers)
        try:
            return response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{method} {self.url}{path}: {error or type(error).__name__}") from error
        finally:
            connection.close()

    def open(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Sends a request, and returns the connection and the answer, whose body is still to be read.

        `timeout` holds for each wait on the connection. Raises `ApiError` if the answer is not a success.
        """
        connection = self._connect(self.timeout if timeout is None else timeout)
        sent = dict(headers or {})
        if self._token:
            sent["authorization"] = f"Bearer {self._token}"
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        try:
            connection.request(method, self._prefix + path, payload, sent)
            response = connection.getresponse()
            if response.status >= 300:
                raise ApiError(method, path, response.status, _problem(response))
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise UnreachableError(f"{method} {self.url}{path}: {error or type(error).__name__}") from error
        except ApiError:
            connection.close()
            raise
        return connection, response

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=timeout)


def _problem(response: http.client.HTTPResponse) -> dict[str, Any]:
    text = response.read(1 << 20).decode(errors="replace")
    try:
        problem = json.loads(text)
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"title": response.reason, "detail": text.strip()[:500]}
