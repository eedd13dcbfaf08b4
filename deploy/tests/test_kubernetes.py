"""The manifests: valid against the schemas of Kubernetes, and in agreement with each other and with the program."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from .conftest import DEPLOY
from .kustomize import Resource, build, containers

# Options of replicas, which share their sessions; a program without them has no `--state`.
OF_REPLICAS = {"VSPS_STATE", "VSPS_STATE_KEY"}
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
    assert f"server-template replica {scaler['spec']['maxReplicas']} vsps-replicas:8080" in config


def test_options_are_those_of_the_program(program: str) -> None:
    known = subprocess.run([program, "run", "--help"], capture_output=True, text=True, check=True).stdout
    names = {entry["name"] for name in FOLDERS[:3] for entry in containers(of(build(folder(name)), "Deployment"))[0]["env"]}
    assert "VSPS_ADMIN_TOKEN" in names
    if "--state" not in known:
        names -= OF_REPLICAS
    assert [name for name in sorted(names) if not re.search(rf"\[env: {name}\b", known)] == []


def test_the_metric_of_the_autoscaler_is_one_of_the_program() -> None:
    metric = of(build(folder("overlays/fleet")), "HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]["metric"]["name"]
    assert f"`{metric}`" in (DEPLOY.parent / "docs" / "metrics.md").read_text()
