"""The table that the local broker passes, against the cluster's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def test_the_real_broker_answers_as_the_local_one(report: list[str]) -> None:
    if "CNAP_SINK_URL" not in os.environ:
        pytest.skip("CNAP_SINK_URL must name an address of this machine that pods can reach")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/contract"],
        cwd=REPOSITORY,
        env=os.environ | {"CNAP_BROKER_URL": os.environ.get("CNAP_BROKER_URL", BROKER)},
        capture_output=True,
        text=True,
    )
    report.append(f"contract: {done.stdout.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout[-3000:]


BROKER = "http://broker-ingress.knative-eventing.svc.cluster.local/cnap-contract/default"
