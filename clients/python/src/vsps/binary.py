"""Where the program `vsps` is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from .errors import BinaryNotFoundError

_NAME = "vsps.exe" if sys.platform == "win32" else "vsps"


def find_binary(env: Mapping[str, str] | None = None, folder: Path | None = None) -> Path:
    """Finds the program: `VSPS_BIN`, else `PATH`, else `target/` of `folder` or of a folder above it.

    Of the builds in `target/`, the newest is taken.
    """
    env = os.environ if env is None else env
    named = env.get("VSPS_BIN")
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise BinaryNotFoundError(f"VSPS_BIN is {named}, which is no program")
        return Path(named)
    in_path = shutil.which(_NAME, path=env.get("PATH"))
    if in_path:
        return Path(in_path)
    built = _built(folder or Path.cwd())
    if built:
        return built
    raise BinaryNotFoundError(
        "there is no program vsps: set VSPS_BIN to its path, put it in PATH, or build it with cargo build"
    )


def _built(folder: Path) -> Path | None:
    for parent in [folder.resolve(), *folder.resolve().parents]:
        builds = [parent / "target" / kind / _NAME for kind in ("release", "debug")]
        builds = [build for build in builds if build.is_file()]
        if builds:
            return max(builds, key=lambda build: build.stat().st_mtime)
    return None
