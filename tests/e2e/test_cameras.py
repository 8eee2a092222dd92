"""A changed list of cameras takes effect within seconds, without a restart, and only there."""

import json

import yaml

from tests.e2e.cluster import Cluster, until


def test_cameras_come_and_go_with_kubectl_apply(cluster: Cluster, stream: str) -> None:
    (before,) = source(cluster)
    cluster.film(stream, loop=True, framerate=2)
    until(lambda: cluster.account(stream)["state"] == "live", 60, "the first camera live")
    epoch = cluster.account(stream)["epoch"]

    cluster.film(stream, f"{stream}-b", loop=True, framerate=2)
    until(lambda: cluster.account(f"{stream}-b")["state"] == "live", 15, "the second camera live")
    assert cluster.account(stream)["epoch"] == epoch  # it was not touched

    cluster.film(f"{stream}-b", loop=True, framerate=2)
    until(lambda: cluster.account(stream)["state"] == "ended", 15, "the first camera gone")
    cluster.film()
    assert source(cluster) == [before]


def test_a_mistake_in_the_list_changes_nothing(cluster: Cluster, stream: str) -> None:
    cluster.film(stream, loop=True, framerate=2)
    until(lambda: cluster.account(stream)["state"] == "live", 60, "the camera live")
    for text in ("cameras: [{name: gate, ulr: x}]", "not: [yaml", yaml.safe_dump({"cameras": 3})):
        patch = json.dumps({"data": {"cameras.yaml": text}})
        cluster.kubectl("patch", "configmap", "cameras", "--type=merge", "-p", patch)
    frames = cluster.account(stream)["captured"]
    until(lambda: cluster.account(stream)["captured"] > frames, 15, "the camera goes on")
    until(lambda: "stay as they were" in log(cluster), 15, "words in the source's log")
    cluster.film()


def source(cluster: Cluster) -> list[str]:
    pods = cluster.get("pods", "-l", "app.kubernetes.io/name=cameras")
    return [
        f"{p['metadata']['name']} {p['status']['containerStatuses'][0]['restartCount']}"
        for p in pods
    ]


def log(cluster: Cluster) -> str:
    return cluster.kubectl("logs", "deploy/cameras", "--tail=20")
