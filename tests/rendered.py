"""Overlays as kubectl would apply them."""

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

KNATIVE = Path(__file__).parents[1] / "knative"


@functools.cache
def overlay(name):
    """The objects of knative/overlays/NAME, or of several components on it: "production+kafka"."""
    first, *components = name.split("+")
    if not components:
        return build(KNATIVE / "overlays" / first)
    with tempfile.TemporaryDirectory() as place:
        knative = os.path.relpath(KNATIVE, place)
        text = {
            "namespace": "cnap",
            "resources": [f"{knative}/overlays/{first}"],
            "components": [f"{knative}/components/{one}" for one in components],
        }
        (Path(place) / "kustomization.yaml").write_text(yaml.safe_dump(text))
        return build(place)


def build(place):
    for tool in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(tool[0]):
            done = subprocess.run([*tool, str(place)], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return list(yaml.safe_load_all(done.stdout))
    return pytest.skip("neither kubectl nor kustomize is here")


def templates(objects):
    """Pod templates, each with the kind and name of what makes the pods."""
    for one in objects:
        spec = one.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template", {})
        if "containers" in template.get("spec", {}):
            yield f"{one['kind']}/{one['metadata']['name']}", template


def containers(objects):
    """Containers and init containers, each with the name of its pod."""
    for owner, template in templates(objects):
        pod = template["spec"]
        for container in pod["containers"] + pod.get("initContainers", []):
            yield f"{owner}/{container['name']}", pod, container


def by_kind(objects, kind, group=""):
    return {
        one["metadata"]["name"]: one
        for one in objects
        if one["kind"] == kind and one["apiVersion"].startswith(group)
    }
