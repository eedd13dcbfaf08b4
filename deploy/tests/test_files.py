"""The other files of this folder: the container, the compose file, the service, the formula, the scripts of sweeps."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml
from compose_spec import PyCompose

from .conftest import DEPLOY

SWEEP = ["--profile", "3g", "--abr", "bola,throughput", "--seeds", "1..4", "--duration", "20s"]


def test_the_dockerfile_has_no_known_flaw() -> None:
    subprocess.run(["hadolint", str(DEPLOY / "container" / "Dockerfile")], check=True)


def test_the_image_is_healthy_by_the_programs_own_word(program: str) -> None:
    text = (DEPLOY / "container" / "Dockerfile").read_text()
    (probe,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.M)
    (started,) = re.findall(r"^CMD (\[.*\])$", text, re.M)
    for command in (json.loads(probe)[1:], json.loads(started)[:1]):
        assert subprocess.run([program, *command, "--help"], capture_output=True).returncode == 0
    assert re.search(r"^USER 65532:65532$", text, re.M) and text.count("FROM ") == 2


def test_what_the_build_needs_is_in_its_context() -> None:
    """Paths that the Dockerfile's build reads are not ignored."""
    kept = {line[1:] for line in (DEPLOY.parent / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name in ("Cargo.toml", "Cargo.lock", "build.rs", "src", "profiles", "console", "benches"):
        assert name in kept and (DEPLOY.parent / name).exists()


def test_the_compose_file_is_valid() -> None:
    text = (DEPLOY / "compose" / "compose.yaml").read_text()
    PyCompose.from_yaml(text).validate()
    compose = yaml.safe_load(text)
    services = compose["services"]
    build = services["vsps"]["build"]
    context = (DEPLOY / "compose" / build["context"]).resolve()
    assert (context / build["dockerfile"]).is_file()
    for service in services.values():
        for port in service["ports"]:
            assert port.startswith("127.0.0.1:"), f"{port} is open to others"
        for volume in service.get("volumes", []):
            assert (DEPLOY / "compose" / volume.split(":")[0]).exists(), volume
        for other in service.get("depends_on", []):
            assert other in services
        for config in service.get("configs", []):
            assert config["source"] in compose["configs"]


def test_grafana_is_provisioned_by_keys_that_it_knows() -> None:
    """Those of its documentation, for the version of the file's format. It ignores others without a word."""
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    grafana = compose["services"]["grafana"]
    mounts = {target: DEPLOY / "compose" / source for source, target, _ in (volume.split(":") for volume in grafana["volumes"])}
    provisioning = mounts["/etc/grafana/provisioning"]

    (source,) = read_provisioning(provisioning / "datasources" / "prometheus.yml", "datasources")
    assert source.keys() <= {"name", "uid", "type", "access", "url", "isDefault", "editable", "orgId", "jsonData", "version"}
    assert source["access"] in ("proxy", "direct") and source["type"] == "prometheus" and source["isDefault"] is True
    name, port = re.fullmatch(r"http://([a-z]+):(\d+)", source["url"]).groups()
    assert compose["services"][name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert source["jsonData"].keys() <= {"timeInterval", "httpMethod", "exemplarTraceIdDestinations"}
    for exemplar in source["jsonData"]["exemplarTraceIdDestinations"]:
        assert exemplar.keys() <= {"name", "url", "urlDisplayLabel", "datasourceUid"}
        # A `$` begins the name of a variable, unless there are two.
        assert re.findall(r"\$+", exemplar["url"]) == ["$$"]

    (provider,) = read_provisioning(provisioning / "dashboards" / "vsps.yml", "providers")
    known = {"name", "type", "orgId", "folder", "folderUid", "disableDeletion", "updateIntervalSeconds", "allowUiUpdates", "options"}
    assert provider.keys() <= known and provider["type"] == "file" and provider["options"].keys() <= {"path", "foldersFromFilesStructure"}
    folder = mounts[provider["options"]["path"]]
    boards = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    assert len(boards) == 4 == len({board["uid"] for board in boards}) == len({board["title"] for board in boards})
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (folder / Path(home).relative_to(provider["options"]["path"])).is_file()
    # They take the data source from a variable, or name this one.
    for board in boards:
        named = set(re.findall(r'"uid": "([^"]+)"', json.dumps(board))) - {board["uid"], "-- Grafana --", "grafana"}
        assert named <= {"${datasource}", "$datasource", source["uid"]}, named


def read_provisioning(path: Path, key: str) -> list[dict[str, Any]]:
    content = yaml.safe_load(path.read_text())
    assert content.keys() == {"apiVersion", key} and content["apiVersion"] == 1
    return content[key]


def test_prometheus_reads_its_files(tmp_path: Path) -> None:
    """As the compose file mounts them."""
    shutil.copy(DEPLOY / "compose" / "prometheus.yml", tmp_path)
    shutil.copytree(DEPLOY.parent / "grafana" / "rules", tmp_path / "rules")
    (tmp_path / "token").write_text("secret-of-the-test")
    config = tmp_path / "prometheus.yml"
    config.write_text(config.read_text().replace("/etc/prometheus/token", f"{tmp_path}/token"))
    subprocess.run(["promtool", "check", "config", str(config)], check=True)


def test_the_service_starts_the_program(tmp_path: Path) -> None:
    """`systemd-analyze` finds nothing to say, with a program in the place of /usr/bin/vsps."""
    text = (DEPLOY / "systemd" / "vsps.service").read_text()
    assert "ExecStart=/usr/bin/vsps run\n" in text
    unit = tmp_path / "vsps.service"
    # The man page is that of the package.
    unit.write_text(text.replace("/usr/bin/vsps", "/bin/true").replace("Documentation=man:vsps(1)\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, check=True
    )
    (exposure,) = re.findall(r"Overall exposure level for vsps.service: ([\d.]+)", judged.stdout)
    assert float(exposure) < 2.5


def test_the_debian_package_has_its_files(program: str, tmp_path: Path) -> None:
    """The layout that `cargo deb` makes, made here with dpkg-deb."""
    root = DEPLOY.parent
    subprocess.run([DEPLOY / "packaging.sh", program], check=True)
    metadata = tomllib.loads((root / "Cargo.toml").read_text())["package"]["metadata"]["deb"]
    tree = tmp_path / "tree"
    for pattern, place, mode in metadata["assets"]:
        sources = [Path(program)] if pattern == "target/release/vsps" else sorted(root.glob(pattern))
        assert sources, f"{pattern} is not there"
        for source in sources:
            target = tree / place / source.name if place.endswith("/") else tree / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
            target.chmod(int(mode, 8))
    shutil.copytree(root / metadata["systemd-units"]["unit-scripts"], tree / "lib/systemd/system")
    control = tree / "DEBIAN"
    shutil.copytree(root / metadata["maintainer-scripts"], control)
    for script in control.iterdir():
        assert "#DEBHELPER#" in script.read_text()
        subprocess.run(["sh", "-n", str(script)], check=True)
    (control / "control").write_text("Package: vsps\nVersion: 0\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: d\n")
    subprocess.run(["dpkg-deb", "--build", "-Znone", str(tree), str(tmp_path / "vsps.deb")], check=True, capture_output=True)
    subprocess.run(["dpkg-deb", "-x", str(tmp_path / "vsps.deb"), str(tmp_path / "out")], check=True)
    out = tmp_path / "out"
    assert subprocess.run([out / "usr/bin/vsps", "--version"], check=True, capture_output=True).stdout.startswith(b"vsps ")
    assert (out / "usr/share/man/man1/vsps-run.1").is_file()
    unit = (out / "lib/systemd/system/vsps.service").read_text()
    assert "ExecStart=/usr/bin/vsps run\n" in unit and (out / "usr/bin/vsps").is_file()
    subprocess.run(["bash", "-n", out / "usr/share/bash-completion/completions/vsps"], check=True)


def slurm_environment(folder: Path, task: int, count: int) -> dict[str, str]:
    names = {"ARRAY_JOB_ID": 7, "ARRAY_TASK_ID": task, "ARRAY_TASK_COUNT": count, "ARRAY_TASK_MIN": 1, "ARRAY_TASK_MAX": count}
    return {**os.environ, **{f"SLURM_{name}": str(value) for name, value in names.items()}, "SLURM_SUBMIT_DIR": str(folder)}


def whole(program: str, folder: Path) -> bytes:
    command = [program, "bench", *SWEEP, "--json", str(folder / "whole.json")]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "whole.json").read_bytes()


def test_the_parts_of_the_slurm_array_are_one_sweep(program: str, tmp_path: Path) -> None:
    script = DEPLOY / "slurm" / "sweep.sbatch"
    for task in (2, 1, 3):
        subprocess.run([script, *SWEEP], env=slurm_environment(tmp_path, task, 3), check=True, capture_output=True)
    merge = [DEPLOY / "slurm" / "merge.sbatch", "7"]
    subprocess.run(merge, env=slurm_environment(tmp_path, 1, 3), check=True, capture_output=True)
    assert (tmp_path / "results/7/all.json").read_bytes() == whole(program, tmp_path)
    # A part that is missing is noticed.
    (tmp_path / "results/7/part-2.json").unlink()
    failed = subprocess.run(merge, env=slurm_environment(tmp_path, 1, 3), capture_output=True, text=True)
    assert failed.returncode == 2 and "2/3" in failed.stderr


def test_an_array_that_is_not_1_to_n_is_refused(tmp_path: Path) -> None:
    environment = slurm_environment(tmp_path, 0, 3) | {"SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "2"}
    done = subprocess.run([DEPLOY / "slurm" / "sweep.sbatch", *SWEEP], env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and "--array=1-N" in done.stderr


def test_gnu_parallel_makes_one_sweep(program: str, tmp_path: Path) -> None:
    script = [DEPLOY / "slurm" / "parallel.sh", "3", str(tmp_path / "parts")]
    subprocess.run([*script, *SWEEP], check=True, capture_output=True, env={**os.environ, "HOME": str(tmp_path)})
    assert (tmp_path / "parts/all.json").read_bytes() == whole(program, tmp_path)
