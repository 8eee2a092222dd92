"""The overlays: each is what the cluster's own API takes, and tdx's pods run."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.cluster import apply, kubectl, until
from tests.rendered import overlay

TDX = Path(__file__).parent / "overlays" / "tdx"
NAMESPACE = "cnap-tdx"
FLAGS = ("kubernetes.podspec-runtimeclassname", "kubernetes.podspec-nodeselector")
RESULTS = """
import os
from cnap.redis import connect
print(connect(os.environ["CNAP_REDIS"]).xlen("cnap:results:street"))
"""


def switch(**flags: str | None) -> None:
    patch = json.dumps({"data": flags})
    kubectl("patch", "cm", "config-features", "-n", "knative-serving", "--type=merge", "-p", patch)
    time.sleep(2)  # the webhook reads it when it is told to


@pytest.fixture(scope="module")
def allowed() -> Iterator[None]:
    """The fields that tdx needs, as docs/knative.md switches them on; afterwards as before."""
    found = kubectl("get", "cm", "config-features", "-n", "knative-serving", "-o", "json")
    before = json.loads(found).get("data") or {}
    switch(**dict.fromkeys(FLAGS, "enabled"))
    yield
    switch(**{flag: before.get(flag) for flag in FLAGS})


@pytest.fixture(scope="module")
def empty() -> Iterator[str]:
    """A namespace with nothing in it but the account that Knative looks up when it validates."""
    name = "cnap-overlays"
    kubectl("create", "namespace", name)
    kubectl("create", "serviceaccount", "dashboard", "-n", name)
    yield name
    kubectl("delete", "namespace", name)


@pytest.mark.parametrize(
    "name", ["quickstart", "production", "kafka", "monitoring", "tdx", "production+kafka+tdx"]
)
def test_the_cluster_takes_every_object(name: str, empty: str, allowed: None) -> None:
    kinds = set(kubectl("api-resources", "--no-headers", "-o", "name").split())
    objects = [one for one in overlay(name) if one["kind"] != "Namespace"]
    for one in objects:
        one["metadata"]["namespace"] = empty
    if "podmonitors.monitoring.coreos.com" not in kinds:
        objects = [one for one in objects if one["kind"] != "PodMonitor"]
    kubectl("apply", "--dry-run=server", "-f", "-", given=yaml.safe_dump_all(objects))


def test_tdx_runs_every_pod_that_sees_a_picture_in_its_runtime_class(allowed: None) -> None:
    classes = json.loads(kubectl("get", "runtimeclass", "-o", "json"))["items"]
    if "kata-qemu-tdx" not in {one["metadata"]["name"] for one in classes}:
        pytest.skip("this cluster has no RuntimeClass kata-qemu-tdx")
    try:
        apply(TDX)
        kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", "ksvc", "--all", "--timeout=180s")
        until(lambda: results() > 0, 180, "a result")
        selector = "!batch.kubernetes.io/job-name"  # they see no pictures
        found = kubectl("-n", NAMESPACE, "get", "pods", "-l", selector, "-o", "json")
    finally:
        # Pods first: a namespace that finds them there looks again after half their grace period.
        kubectl("-n", NAMESPACE, "delete", "ksvc", "--all")
        pods = ("pods", "-l", "serving.knative.dev/service")
        kubectl("-n", NAMESPACE, "wait", "--for=delete", *pods, "--timeout=180s")
        kubectl("delete", "namespace", NAMESPACE)

    pods = json.loads(found)["items"]
    assert len(pods) >= 6
    assert {one["spec"].get("runtimeClassName") for one in pods} == {"kata-qemu-tdx"}


def results() -> int:
    said = kubectl(
        "-n", NAMESPACE, "exec", "-i", "deploy/cameras", "--", "python", "-",
        given=RESULTS, check=False,
    )  # fmt: skip
    return int(said or 0)
