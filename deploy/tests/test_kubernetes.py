"""The manifests: valid against the schemas of Kubernetes, and in agreement with each other and with the program."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from .conftest import DEPLOY, ask, free_port, until
from .kustomize import Resource, build, containers

FOLDERS = ["base", "overlays/single", "overlays/fleet", "sweep"]
VERSIONS = ["1.32", "1.34"]


def folder(name: str) -> Path:
    return DEPLOY / "kubernetes" / name


def of(resources: list[Resource], kind: str, name: str = "vsps") -> Any:
    (found,) = [one for one in resources if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", FOLDERS)
def test_resources_are_valid(name: str, version: str) -> None:
    resources = build(folder(name))
    checked = 0
    for resource in resources:
        if resource["kind"] == "ServiceMonitor":
            continue  # Its schema belongs to the Prometheus operator; see below.
        kubernetes_validate.validate(resource, version, strict=True)
        checked += 1
    assert checked >= 2


def test_a_wrong_resource_is_noticed() -> None:
    resource = of(build(folder("base")), "Deployment")
    resource["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(resource, VERSIONS[0], strict=True)


@pytest.mark.parametrize("name", FOLDERS)
def test_names_lead_somewhere(name: str) -> None:
    resources = build(folder(name))
    for resource in resources:
        spec = resource.get("spec", {})
        pods = [one["spec"]["template"]["metadata"]["labels"] for one in resources if "template" in one.get("spec", {})]
        selector = spec.get("selector")
        if resource["kind"] in ("Service", "Deployment", "PodDisruptionBudget"):
            labels = selector.get("matchLabels", selector)
            assert any(labels.items() <= pod.items() for pod in pods), f"{resource['metadata']['name']} selects no pod"
        for container in containers(resource):
            template = spec["template"]["spec"]
            volumes = {volume["name"] for volume in template.get("volumes", [])}
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes
            assert container["securityContext"]["readOnlyRootFilesystem"] and template["securityContext"]["runAsNonRoot"]
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe in container:
                    assert container[probe]["httpGet"]["port"] in ports


def test_the_service_monitor_finds_the_control_plane() -> None:
    resources = build(folder("base"))
    monitor = of(resources, "ServiceMonitor")
    service = of(resources, "Service", "vsps-admin")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    secret = containers(of(resources, "Deployment"))[0]["env"][-1]["valueFrom"]["secretKeyRef"]
    assert endpoint["authorization"]["credentials"] == secret


def test_overlays_change_what_they_say() -> None:
    single, fleet = build(folder("overlays/single")), build(folder("overlays/fleet"))
    assert of(single, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert containers(of(single, "Deployment"))[0]["image"] == "registry.example/vsps:0.1.0"
    deployment = of(fleet, "Deployment")
    scaler = of(fleet, "HorizontalPodAutoscaler")
    assert deployment["spec"]["replicas"] == scaler["spec"]["minReplicas"] == 3
    assert of(fleet, "Service")["spec"]["selector"] == {"app.kubernetes.io/name": "vsps-haproxy"}
    # haproxy has a place for each replica that there may be.
    config = of(fleet, "ConfigMap", "haproxy")["data"]["haproxy.cfg"]
    assert f"server-template replica {scaler['spec']['maxReplicas']} " in config


def test_haproxy_has_the_name_and_the_ports_of_the_replicas() -> None:
    fleet = build(folder("overlays/fleet"))
    config = of(fleet, "ConfigMap", "haproxy")["data"]["haproxy.cfg"]
    service = of(fleet, "Service", "vsps-replicas")
    # A name server has this form only; the short one needs a search list, which haproxy does not use.
    name = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local"
    (server,) = re.findall(r"^    server-template replica \d+ (\S+)$", config, re.M)
    ports = {port["name"]: port["containerPort"] for port in containers(of(fleet, "Deployment"))[0]["ports"]}
    # The Service has no address of its own: a port of it is one of the pods.
    assert service["spec"]["clusterIP"] == "None" and service["spec"]["selector"].items() <= LABELS["vsps"].items()
    assert server == f"{name}:{ports['players']}"
    assert f" check port {ports['admin']} " in config


LABELS = {name: {"app.kubernetes.io/name": name} for name in ("vsps", "vsps-haproxy", "redis", "other")} | {"control": {"vsps-control": "true"}}


def peer_matches(peer: Resource, pod: dict[str, str], namespace: str) -> bool:
    assert not peer.keys() - {"podSelector", "namespaceSelector"}, peer
    if "namespaceSelector" in peer:
        if peer["namespaceSelector"]["matchLabels"] != {"kubernetes.io/metadata.name": namespace}:
            return False
    elif namespace != "vsps":
        return False
    return bool(peer.get("podSelector", {}).get("matchLabels", {}).items() <= pod.items())


@pytest.mark.parametrize(
    ("overlay", "direction", "pod", "namespace", "port", "expected"),
    [
        ("single", "ingress", "other", "elsewhere", 8080, True),
        ("single", "ingress", "other", "vsps", 8081, False),
        ("single", "ingress", "vsps-haproxy", "vsps", 8081, False),
        ("single", "ingress", "control", "vsps", 8081, True),
        ("single", "ingress", "control", "elsewhere", 8081, False),
        ("single", "ingress", "other", "monitoring", 8081, True),
        ("fleet", "ingress", "vsps-haproxy", "vsps", 8080, True),
        ("fleet", "ingress", "vsps-haproxy", "vsps", 8081, True),
        ("fleet", "ingress", "vsps-haproxy", "elsewhere", 8081, False),
        ("fleet", "ingress", "other", "vsps", 8081, False),
        ("fleet", "ingress", "other", "monitoring", 8081, True),
        ("fleet", "egress", "redis", "vsps", 6379, True),
        ("fleet", "egress", "other", "vsps", 6379, False),
        ("fleet", "egress", "other", "kube-system", 53, True),
        ("fleet", "egress", "other", "elsewhere", 443, True),
        ("fleet", "egress", "other", "elsewhere", 22, False),
    ],
)
def test_the_network_policy_lets_through(
    overlay: str, direction: str, pod: str, namespace: str, port: int, expected: bool
) -> None:
    resources = build(folder(f"overlays/{overlay}"))
    spec = of(resources, "NetworkPolicy")["spec"]
    assert spec["podSelector"]["matchLabels"] == LABELS["vsps"] and set(spec["policyTypes"]) == {"Ingress", "Egress"}
    named = {entry["name"]: entry["containerPort"] for entry in containers(of(resources, "Deployment"))[0]["ports"]}
    allowed = False
    for rule in spec[direction]:
        peers = rule.get("from" if direction == "ingress" else "to")
        matches = peers is None or any(peer_matches(peer, LABELS[pod], namespace) for peer in peers)
        allowed |= matches and port in [named.get(entry["port"], entry["port"]) for entry in rule["ports"]]
    assert allowed == expected


@pytest.mark.parametrize("overlay", ["single", "fleet"])
def test_the_program_starts_and_is_ready_as_in_its_pod(program: str, overlay: str, tmp_path: Path) -> None:
    (container,) = containers(of(build(folder(f"overlays/{overlay}")), "Deployment"))
    redis_port = free_port()
    secrets = {"token": "secret-of-the-test", "key": "0123456789abcdef"}
    variables = {entry["name"]: entry.get("value") or secrets[entry["valueFrom"]["secretKeyRef"]["key"]] for entry in container["env"]}
    variables["VSPS_LISTEN"] = variables["VSPS_ADMIN"] = "127.0.0.1:0"
    started = []
    try:
        if "VSPS_STATE" in variables:
            command = ["redis-server", "--bind", "127.0.0.1", "--port", str(redis_port), "--save", "", "--dir", str(tmp_path)]
            started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            until(lambda: ask(redis_port, "/") != "ConnectionRefusedError", "Redis does not start")
            variables["VSPS_STATE"] = variables["VSPS_STATE"].replace("redis:6379", f"127.0.0.1:{redis_port}")
        process = subprocess.Popen([program, *container["args"]], env={**os.environ, **variables}, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        admin = json.loads(process.stdout.readline())["admin"].rpartition(":")[2]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            path = container[probe]["httpGet"]["path"]
            until(lambda: "Error" not in (answer := ask(int(admin), path)) and not answer.isdigit(), f"{path} is not answered with 200")
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(20)


def test_the_parts_of_the_job_are_one_sweep(program: str, tmp_path: Path) -> None:
    job = of(build(folder("sweep")), "Job", "vsps-sweep")["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert job["completions"] == 8
    short = {"--seeds=1..10000": "--seeds=1..3", "/results": str(tmp_path)}
    for index in range(job["completions"]):
        arguments = [argument.replace("$(JOB_COMPLETION_INDEX)", str(index)) for argument in container["args"]]
        for written, here in short.items():
            assert any(written in argument for argument in arguments)
            arguments = [argument.replace(written, here) for argument in arguments]
        environment = {**os.environ, "JOB_COMPLETION_INDEX": str(index)}
        subprocess.run([program, *arguments, "--duration=8s"], env=environment, check=True, capture_output=True)
    parts = [str(tmp_path / f"part-{index}.json") for index in range(job["completions"])]
    subprocess.run([program, "bench", "merge", *parts, "-o", str(tmp_path / "all.json")], check=True, capture_output=True)
    assert len(json.loads((tmp_path / "all.json").read_text())["runs"]) == 2 * 2 * 3


def test_options_are_those_of_the_program(program: str) -> None:
    known = subprocess.run([program, "run", "--help"], capture_output=True, text=True, check=True).stdout
    names = {entry["name"] for name in FOLDERS[:3] for entry in containers(of(build(folder(name)), "Deployment"))[0]["env"]}
    assert "VSPS_ADMIN_TOKEN" in names
    assert [name for name in sorted(names) if not re.search(rf"\[env: {name}\b", known)] == []


def test_the_metric_of_the_autoscaler_is_one_of_the_program() -> None:
    metric = of(build(folder("overlays/fleet")), "HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]["metric"]["name"]
    assert f"`{metric}`" in (DEPLOY.parent / "docs" / "metrics.md").read_text()
