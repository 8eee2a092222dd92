"""The table that the local broker passes, against the cluster's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cluster import kubectl, until

REPOSITORY = Path(__file__).parents[2]
NAMESPACE = "cnap-contract"


def test_the_real_broker_answers_as_the_local_one(report: list[str]) -> None:
    if "CNAP_SINK_URL" not in os.environ:
        pytest.skip("CNAP_SINK_URL must name an address of this machine that pods can reach")
    kubectl("create", "namespace", NAMESPACE)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "tests/contract"],
            cwd=REPOSITORY,
            env=os.environ | {"CNAP_BROKER_URL": f"http://{ingress()}/{NAMESPACE}/default"},
            capture_output=True,
            text=True,
        )
    finally:
        kubectl("delete", "namespace", NAMESPACE)
    report.append(f"contract: {done.stdout.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout[-3000:]


def ingress() -> str:
    """The broker's ingress, by its address: this machine need not know the cluster's names."""
    where = ("-n", "knative-eventing", "get", "service", "broker-ingress", "-o")
    return until(lambda: kubectl(*where, "jsonpath={.spec.clusterIP}"), 10, "the ingress's address")
