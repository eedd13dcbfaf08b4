"""Sweeps of the benchmark on a Dask cluster (`pip install 'vsps[dask]'`).

    from dask.distributed import Client
    from vsps.dask import sweep

    results = sweep(Client("scheduler:8786"), ["--profile", "3g", "--abr", "bola", "--seeds", "1..10000"], parts=64)

The program must be on each worker, in the same version: in `PATH`, or where `binary` says.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distributed import Client

from .binary import find_binary
from .errors import VspsError


class SweepError(VspsError):
    """A part of a sweep, or their merging, failed; the message is the program's."""


def sweep(client: Client, options: Sequence[str], parts: int, *, binary: str | None = None, retries: int = 2) -> Any:
    """Makes the sweep of `vsps bench OPTIONS` in `parts` tasks, and returns its results, as of `--json`.

    They are byte for byte those of one run. A part whose worker is lost is made again, at most `retries` times; each part
    runs on one thread. Raises `SweepError` where a part fails for good, or its results are not those of this sweep.
    """
    if parts < 1:
        raise ValueError(f"{parts} parts; write 1 or more")
    futures = client.map(
        run_part, [list(options)] * parts, range(1, parts + 1), [parts] * parts, [binary] * parts, retries=retries, pure=False
    )
    return json.loads(merge(client.gather(futures), binary=binary))


def run_part(options: Sequence[str], part: int, parts: int, binary: str | None = None) -> bytes:
    """Makes part number `part` (from 1); what a task of the cluster does."""
    with tempfile.TemporaryDirectory(prefix="vsps-") as folder:
        results = Path(folder, "part.json")
        _run(binary, ["bench", *options, "--threads", "1", "--shard", f"{part}/{parts}", "--json", str(results)])
        return results.read_bytes()


def merge(results: Sequence[bytes], *, binary: str | None = None) -> bytes:
    """Puts the results of all parts together, in any order."""
    with tempfile.TemporaryDirectory(prefix="vsps-") as folder:
        names = []
        for number, result in enumerate(results):
            names.append(str(Path(folder, f"{number}.json")))
            Path(names[-1]).write_bytes(result)
        whole = Path(folder, "all.json")
        _run(binary, ["bench", "merge", *names, "-o", str(whole)])
        return whole.read_bytes()


def _run(binary: str | None, arguments: Sequence[str]) -> None:
    program = binary or str(find_binary())
    done = subprocess.run([program, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SweepError(f"vsps {' '.join(arguments[:2])}: exit code {done.returncode}: {done.stderr.strip()}")
