"""What the tests of this folder share."""

from __future__ import annotations

import http.client
import os
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parent.parent


@pytest.fixture
def program() -> str:
    """The program; `clients/check` names it."""
    return os.environ["VSPS_BIN"]


def free_port(*addresses: str) -> int:
    """A port that is free at all of the addresses. The system gives none below 32768 to others that ask for any port."""
    for port in random.sample(range(20000, 32000), 200):
        try:
            for address in addresses or ("127.0.0.1",):
                with socket.socket() as probe:
                    probe.bind((address, port))
        except OSError:
            continue
        return port
    raise AssertionError("no port is free")


def ask(port: int, path: str) -> str:
    """The body of an answer, or its status if that is not 200, or why there is none."""
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
        time.sleep(0.05)
