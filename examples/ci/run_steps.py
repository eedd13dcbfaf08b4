"""Runs the steps of a GitHub Actions workflow on this machine, as the runner does.

    python run_steps.py FOLDER [--set NAME=VALUE]… [--free-ports] [--fail-in STEP]

Works in a copy of this folder in FOLDER. Steps with `uses` are not run, nor are those whose `id` starts with `install-`: the
caller has put what they install in place. `--set` overrides a variable of the workflow, `--free-ports` the ports of the proxy.
Prints a line for each step; the exit code is 1 if one failed, and 2 if the proxy still runs at the end. `--fail-in STEP` makes a
step fail on purpose: it must be noticed, and the steps with `always()` must still run.
"""

import argparse
import os
import random
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
KNOWN = {"name", "id", "uses", "with", "run", "env", "if", "working-directory"}


def environment(path: Path) -> dict[str, str]:
    """What steps have written to `GITHUB_ENV`."""
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def run(step: dict, folder: Path, env: dict[str, str], fails: bool) -> int:
    script = folder / "step.sh"
    script.write_text(step["run"] + ("\nfalse\n" if fails else "\n"))
    # As the runner calls bash.
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    where = folder / step.get("working-directory", ".")
    return subprocess.run(command, cwd=where, env=env, timeout=300).returncode


def free_ports() -> dict[str, str]:
    """Ports for the proxy. The system gives none below 32768 to others that ask for any port."""
    found: list[int] = []
    for port in random.sample(range(20000, 32000), 200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
        if len(found) == 2:
            return {"VSPS_LISTEN": f"127.0.0.1:{found[0]}", "VSPS_ADMIN": f"127.0.0.1:{found[1]}"}
    raise SystemExit("no port is free")


def still_runs(env: dict[str, str]) -> bool:
    """Whether the proxy that the steps started runs; another process may have its number by now."""
    command = ["ps", "-o", "args=", "-p", env.get("VSPS_PID", "0")]
    return "vsps run" in subprocess.run(command, capture_output=True, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--free-ports", action="store_true")
    parser.add_argument("--fail-in", metavar="STEP")
    arguments = parser.parse_args()
    workflow = yaml.safe_load((HERE / "workflow.yml").read_text())
    # YAML 1.1 reads the key `on` as true.
    assert workflow[True] == ["push"], workflow
    folder = arguments.folder.resolve()
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    variables = {name: str(value) for name, value in workflow["env"].items()}
    variables |= dict(setting.split("=", 1) for setting in arguments.set)
    if arguments.free_ports:
        variables |= free_ports()
    failed = False
    written = folder / "github_env"
    written.unlink(missing_ok=True)
    for step in workflow["jobs"]["stream"]["steps"]:
        unknown = step.keys() - KNOWN
        assert not unknown, f"{step}: {unknown}"
        name = step.get("name") or step.get("uses")
        if "run" not in step or step.get("id", "").startswith("install-"):
            print(f"-- {name}: not run here", flush=True)
            continue
        always = step.get("if") == "always()"
        assert always or "if" not in step, step
        if failed and not always:
            print(f"-- {name}: left out, for a step before failed", flush=True)
            continue
        print(f"-- {name}", flush=True)
        env = {**os.environ, **variables, **step.get("env", {}), **environment(written), "GITHUB_ENV": str(written)}
        code = run(step, folder, env, name == arguments.fail_in)
        if code != 0:
            print(f"-- {name}: exit code {code}", flush=True)
            failed = True
    if still_runs(environment(written)):
        print("-- the proxy still runs", flush=True)
        return 2
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
