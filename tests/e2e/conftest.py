"""These need a cluster with Knative and the image on it, and run by `make e2e` only.

KUBECONFIG says which cluster; CNAP_OVERLAY is what is deployed there (by default quickstart with
images that `make image` made), CNAP_INGRESS where its public routes are answered, if their names do
not resolve here, CNAP_SINK_URL an address of this machine that pods reach, http://ADDRESS:PORT, for
the broker's contract; and CNAP_KEEP leaves the pipeline there.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster, apply, delete, kubectl, until

if "CNAP_E2E" not in os.environ:
    collect_ignore_glob = ["test_*.py"]

HERE = Path(__file__).parent
OVERLAY = Path(os.environ.get("CNAP_OVERLAY", HERE / "overlays" / "quickstart"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The pipeline deployed, every part of it ready; at the end nothing may be left of it."""
    apply(OVERLAY)
    deployed = Cluster()
    for kind in ("ksvc", "broker", "trigger", "sinkbinding"):
        until(lambda kind=kind: deployed.ready(kind), 180, f"every {kind} ready")
    yield deployed
    if "CNAP_KEEP" not in os.environ:
        delete(OVERLAY)
        assert not kubectl("get", "namespace", "cnap", "--ignore-not-found")


@pytest.fixture
def stream() -> str:
    """A stream that no test before has used, on whatever cluster."""
    return f"film-{time.time_ns() // 1_000_000:x}"


@pytest.fixture(scope="session")
def report() -> Iterator[list[str]]:
    """Lines that are printed when all tests have run."""
    lines: list[str] = []
    yield lines
    print("\n" + "\n".join(lines))
