"""Builds a kustomization of this folder: the fields that are used here, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]
KNOWN = {"apiVersion", "kind", "namespace", "resources", "images", "replicas", "configMapGenerator", "patches"}


def build(folder: Path) -> list[Resource]:
    """The resources of the kustomization in `folder`."""
    wanted = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert wanted["kind"] == "Kustomization", folder
    assert not wanted.keys() - KNOWN, f"{folder}: {wanted.keys() - KNOWN} is not known here"
    resources: list[Resource] = []
    for name in wanted["resources"]:
        path = (folder / name).resolve()
        resources += build(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for generator in wanted.get("configMapGenerator", []):
        data = {name: (folder / name).read_text() for name in generator["files"]}
        resources.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data})
    for patch in wanted.get("patches", []):
        apply(patch, resources, folder)
    for image in wanted.get("images", []):
        rename(image, resources)
    for count in wanted.get("replicas", []):
        (deployment,) = [one for one in resources if one["kind"] == "Deployment" and one["metadata"]["name"] == count["name"]]
        deployment["spec"]["replicas"] = count["count"]
    if "namespace" in wanted:
        for resource in resources:
            resource["metadata"]["namespace"] = wanted["namespace"]
    return resources


def apply(patch: dict[str, Any], resources: list[Resource], folder: Path) -> None:
    """Applies a list of JSON Patch operations to the resource that it names."""
    kind, name = patch["target"]["kind"], patch["target"]["name"]
    found = [one for one in resources if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{folder}: {len(found)} of {kind} {name}"
    for operation in yaml.safe_load(patch["patch"]):
        *parents, last = operation["path"].strip("/").split("/")
        place: Any = found[0]
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if operation["op"] == "add" and last == "-":
            place.append(operation["value"])
        elif operation["op"] == "replace":
            assert last in place, f"{folder}: {operation['path']} is not there"
            place[last] = operation["value"]
        else:
            raise AssertionError(f"{folder}: {operation} is not known here")


def rename(image: dict[str, str], resources: list[Resource]) -> None:
    """Replaces the image of all containers that have this name."""
    for resource in resources:
        for container in containers(resource):
            name, _, _ = container["image"].partition(":")
            if name == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"


def containers(resource: Resource) -> list[dict[str, Any]]:
    """The containers of a Deployment or a Job."""
    template = resource.get("spec", {}).get("template", {})
    found: list[dict[str, Any]] = template.get("spec", {}).get("containers", [])
    return found
