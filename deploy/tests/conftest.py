"""What the tests of this folder share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parent.parent


@pytest.fixture
def program() -> str:
    """The program; `clients/check` names it."""
    return os.environ["VSPS_BIN"]
