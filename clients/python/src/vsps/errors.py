"""What can fail, as exceptions."""

from __future__ import annotations

from typing import Any


class VspsError(Exception):
    """The base of all exceptions of this package."""


class BinaryNotFoundError(VspsError):
    """No `vsps` program was found."""


class StartError(VspsError):
    """The proxy did not start, or did not say in time where it listens."""


class UnreachableError(VspsError):
    """The control plane does not answer."""


class EventTimeoutError(VspsError, TimeoutError):
    """The awaited event did not happen in time."""


class ApiError(VspsError):
    """The control plane refused a request, with a problem document (RFC 9457)."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        self.method = method
        self.path = path
        self.status = status
        self.problem = problem
        """The problem document: `title`, `detail`, and `errors` with a JSON pointer for each wrong value."""
        super().__init__(self._text())

    def _text(self) -> str:
        said = self.problem.get("detail") or self.problem.get("title") or "no reason given"
        places = [f"{error['pointer']}: {error['detail']}" for error in self.problem.get("errors", [])]
        return "; ".join([f"{self.method} {self.path}: {self.status}: {said}", *places])
