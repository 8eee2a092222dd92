"""Things that die while frames go through: every segment has its result or its reason, once."""

import time

import pytest

from tests.e2e.cluster import FUNCTIONS, Cluster, kubectl, until


def whole(cluster: Cluster, stream: str) -> dict:
    """Ends the stream; its account, in which every frame must have an outcome, and only one."""
    cluster.film()
    account = cluster.ended(stream)
    assert account["captured"] == account["inferred"] + account["dropped"] + account["failed"]
    assert "dropped: interrupted" not in account["reasons"]
    assert "failed: interrupted" not in account["reasons"]
    numbers = cluster.results(stream)
    assert len(numbers) == len(set(numbers))
    return account


def running(cluster: Cluster, stream: str, frames: int = 40) -> None:
    """A live stream of which that many frames have their result already."""
    cluster.film(stream, loop=True, framerate=5)
    inferred(cluster, stream, frames)


def inferred(cluster: Cluster, stream: str, frames: int) -> None:
    until(
        lambda: cluster.account(stream).get("inferred", 0) >= frames,
        180,
        f"{frames} frames of {stream}",
        lambda: cluster.account(stream),
    )


def more(cluster: Cluster, stream: str, frames: int = 20) -> None:
    """It goes on: that many frames more."""
    inferred(cluster, stream, cluster.account(stream)["inferred"] + frames)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_s_pods_are_killed(cluster: Cluster, stream: str, function: str) -> None:
    running(cluster, stream)
    selector = f"serving.knative.dev/service={function}"
    cluster.kubectl("delete", "pod", "-l", selector, "--grace-period=0", "--force")
    more(cluster, stream)

    assert whole(cluster, stream)["failed"] == 0


@pytest.mark.parametrize("name", ["minio", "redis"])
def test_a_store_s_container_is_killed(cluster: Cluster, stream: str, name: str) -> None:
    running(cluster, stream)
    restarts = sum(restarted(cluster, name))
    cluster.kill(name)
    until(lambda: sum(restarted(cluster, name)) > restarts, 60, f"{name} restarted")
    more(cluster, stream)

    assert whole(cluster, stream)["failed"] == 0


def restarted(cluster: Cluster, name: str) -> list[int]:
    (pod,) = cluster.get("pods", "-l", f"app.kubernetes.io/name={name}")
    return [one["restartCount"] for one in pod["status"]["containerStatuses"]]


@pytest.mark.parametrize("part", ["mt-broker-ingress", "mt-broker-filter"])
def test_a_part_of_the_broker_is_restarted(cluster: Cluster, stream: str, part: str) -> None:
    running(cluster, stream)
    kubectl("-n", "knative-eventing", "rollout", "restart", f"deployment/{part}")
    kubectl("-n", "knative-eventing", "rollout", "status", f"deployment/{part}", "--timeout=120s")
    more(cluster, stream)

    assert whole(cluster, stream)["failed"] == 0


def test_a_service_is_rolled_to_a_new_revision_under_load(cluster: Cluster, stream: str) -> None:
    running(cluster, stream)
    (before,) = ksvc(cluster, "infer-yolox-nano")
    patch = '{"spec":{"template":{"metadata":{"annotations":{"cnap.io/rolled":"%d"}}}}}'
    cluster.kubectl(
        "patch", "ksvc", "infer-yolox-nano", "--type=merge", "-p", patch % time.time_ns()
    )
    until(lambda: ksvc(cluster, "infer-yolox-nano") != [before], 120, "the new revision ready")
    more(cluster, stream)

    assert whole(cluster, stream)["failed"] == 0


def ksvc(cluster: Cluster, name: str) -> list[str]:
    services = cluster.get("ksvc", f"--field-selector=metadata.name={name}")
    return [one["status"]["latestReadyRevisionName"] for one in services]
