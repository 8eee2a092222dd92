"""The folders that the func CLI deploys: with the image there is, or one it builds itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.funcdeploy import service

REPOSITORY = Path(__file__).parents[1]
FUNCTIONS = ["transcode", "infer", "publish"]
ROOT = "."


def shipped(name):
    """The Service in knative/base, and what `func deploy` makes of the function's folder."""
    ours = yaml.safe_load((REPOSITORY / "knative" / "base" / f"{name}.yaml").read_text())
    func = yaml.safe_load((REPOSITORY / "functions" / name / "func.yaml").read_text())
    return ours, service(func, "ghcr.io/cnap/cnap:0.1.0")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_func_deploys_is_the_same_function(name):
    ours, theirs = shipped(name)
    pods = [one["spec"]["template"]["spec"]["containers"][0] for one in (ours, theirs)]
    settings = [{env["name"]: env["value"] for env in pod["env"]} for pod in pods]
    sources = [
        [(kind, ref["name"]) for one in pod["envFrom"] for kind, ref in one.items()] for pod in pods
    ]

    assert ours["metadata"]["name"] == theirs["metadata"]["name"]
    assert ours["metadata"]["labels"].items() <= theirs["metadata"]["labels"].items()
    assert settings[0].items() <= settings[1].items()
    assert sources[0] == sources[1]
    assert pods[0]["resources"] == pods[1]["resources"]
    assert pods[1]["securityContext"].items() <= pods[0]["securityContext"].items()
    for probe in ("livenessProbe", "readinessProbe"):
        assert pods[0][probe]["httpGet"]["path"] == pods[1][probe]["httpGet"]["path"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_and_scales_alike(name):
    ours, theirs = (one["spec"]["template"] for one in shipped(name))
    wanted = ours["metadata"]["annotations"]

    assert ours["spec"]["containerConcurrency"] == theirs["spec"]["containerConcurrency"]
    for key, value in theirs["metadata"]["annotations"].items():
        if key != "autoscaling.knative.dev/metric":
            assert float(wanted[key]) == float(value)


def test_without_a_command_the_image_is_a_function():
    text = (REPOSITORY / "Containerfile").read_text()

    assert text.rstrip().endswith('CMD ["python", "-m", "cnap.runner"]')


def test_the_root_s_func_yaml_is_infer_s():
    root, infer = (
        yaml.safe_load((REPOSITORY / path).read_text())
        for path in ("func.yaml", "functions/infer/func.yaml")
    )

    assert root == infer


@pytest.mark.parametrize("folder", [ROOT, *(f"functions/{name}" for name in FUNCTIONS)])
def test_a_folder_is_what_parliament_serves(folder):
    place = REPOSITORY / folder
    needed = (place / "requirements.txt").read_text()
    name = "publish" if folder == ROOT else place.name
    script = "from parliament import server; print(server.load('.').main.__module__)"
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        cwd=place,
        env=os.environ | {"CNAP_FUNCTION": name},
        capture_output=True,
        text=True,
    )

    assert (place / "Procfile").read_text() == "web: python -m parliament .\n"
    assert "parliament-functions" in needed
    assert "cloudevents<2" in needed
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.strip() == ("func" if folder != ROOT else "functions.publish")
