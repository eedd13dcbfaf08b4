"""Sweeps on a local Dask cluster."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

import vsps
from vsps.dask import SweepError, merge, run_part, sweep

OPTIONS = ["--profile", "3g", "--abr", "bola,throughput", "--seeds", "1..4", "--duration", "20s"]


def test_a_sweep_on_a_cluster_is_that_of_one_run(tmp_path: Path) -> None:
    whole = tmp_path / "whole.json"
    subprocess.run([vsps.find_binary(), "bench", *OPTIONS, "--json", whole], check=True, capture_output=True)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        assert sweep(client, OPTIONS, 3) == json.loads(whole.read_text())
        with pytest.raises(SweepError, match="exit code 2: .*no-such-profile"):
            sweep(client, ["--profile", "no-such-profile"], 2, retries=0)


def test_the_order_of_parts_does_not_matter_and_each_is_needed() -> None:
    parts = [run_part(OPTIONS, part, 3) for part in (1, 2, 3)]
    assert merge(parts) == merge(parts[::-1])
    with pytest.raises(SweepError, match="3/3"):
        merge(parts[:2])
