"""A pipeline in a cluster, as a kubectl of the tests' own tells of it. What it is to execute in a
pod, it executes here, with a real Redis."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis import Redis

from cnap.bench.deployed import DeployedPipeline
from cnap.bench.measures.streams import until
from cnap.bench.pods import role, summed
from cnap.cameras import Camera
from cnap.errors import CnapError
from cnap.events import frames
from tests.bench.test_results import commit

KUBECTL = """\
#!{python}
import json, os, sys
here = os.path.dirname(__file__)
words = [word for word in sys.argv[1:] if not word.startswith("--request-timeout")]
told = json.load(open(here + "/cluster.json"))
if words[0] == "exec":
    given = words[words.index("--") + 1:]
    os.execv(sys.executable, [sys.executable, *given[1:]])
elif words[0] == "patch":
    with open(here + "/patched", "a") as file:
        print(words[words.index("-p") + 1], file=file)
elif words[0] == "logs":
    sys.stdout.write(told["logs"][words[1]])
elif words[1] == "configmap":
    print(json.dumps(told["configmap"]))
else:
    print(json.dumps({{"items": told[words[1]]}}))
"""
BEFORE = "cameras: [{name: street, url: street.mp4}]"
LOG = """\
2026-01-01T12:00:03.000000000Z infer: ready 1.500 s after its start, 1.000 s of it imports
2026-01-01T12:00:04.123456789Z infer: first io.cnap.video.frames.v1 answered in 0.250 s"""
NOON = 1767268800.0


def pod(name: str, function: str, ready: str = "True", **metadata: str) -> dict:
    labels = {"serving.knative.dev/service": function}
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T12:00:04Z"}
    about = {"name": name, "labels": labels, "creationTimestamp": "2026-01-01T12:00:01Z"}
    return {"metadata": about | metadata, "status": {"conditions": [condition]}}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> SimpleNamespace:
    """What kubectl tells, and what it was told."""
    told = {
        "configmap": {"data": {"cameras.yaml": BEFORE}},
        "ksvc": [{"metadata": {"name": name}} for name in ("transcode", "infer-yunet")],
        "pods": [
            pod("a", "infer-yunet"),
            pod("b", "infer-yunet", ready="False"),
            pod("c", "transcode", deletionTimestamp="2026-01-01T12:00:09Z"),
        ],
        "logs": {"a": LOG, "b": "", "c": ""},
    }
    script = tmp_path / "kubectl"
    script.write_text(KUBECTL.format(python=sys.executable))
    script.chmod(0o755)
    (tmp_path / "cluster.json").write_text(json.dumps(told))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CNAP_REDIS", redis_url)
    return SimpleNamespace(
        put=lambda: [
            json.loads(line)["data"]["cameras.yaml"]
            for line in (tmp_path / "patched").read_text().splitlines()
        ]
    )


def test_its_cameras_are_put_aside_and_back(cluster: SimpleNamespace):
    with DeployedPipeline(["yunet"]) as target:
        target.cameras([Camera("gate", target.url(Path("here/bikes.mp4")), ("yunet",))])
    none, ours, before = cluster.put()
    assert (none.strip(), before) == ("cameras: []", BEFORE)
    assert "url: /opt/models/assets/videos/bikes.mp4" in ours


def test_a_model_that_it_does_not_serve_is_told_before_anything_is_changed(cluster):
    with pytest.raises(CnapError, match="infer-yolox-nano"), DeployedPipeline(["yolox-nano"]):
        pass
    with pytest.raises(FileNotFoundError):
        cluster.put()


def test_replicas_are_pods_that_are_ready_or_all_of_them(cluster: SimpleNamespace):
    target = DeployedPipeline(["yunet"])
    assert target.replicas() == {"infer-yunet": 1, "transcode": 0}
    assert target.replicas(ready=False) == {"infer-yunet": 2, "transcode": 1}
    assert target.functions() == 3


def test_a_start_is_told_by_the_pod_and_its_log(cluster: SimpleNamespace):
    target = DeployedPipeline(["yunet"])
    found = target.starts({"infer-yunet": frames.TYPE, "transcode": "none"}, NOON)
    assert list(found) == ["infer-yunet"]
    assert found["infer-yunet"].stages == pytest.approx(
        {"spawn": 0.5, "imports": 1.0, "warm": 0.5, "probe": 1.0, "first event": 0.25}
    )
    assert target.starts({"infer-yunet": frames.TYPE}, NOON + 3) == {}


def test_results_and_accounts_come_from_inside(cluster: SimpleNamespace, database: Redis):
    target = DeployedPipeline(["yunet"])
    with target.results(["gate"]) as results:
        assert results.read() == []
        commit(database, "gate")
        until("the results", lambda: results.all_have(["yunet"]), 30)
        assert len(results.seen) == 2
    database.hset("cnap:ledger:gate:1", mapping={"captured": 5, "yunet:inferred": 3})
    database.zadd("cnap:epochs:gate", {"1": 1})
    account = target.account("gate")
    assert (account.captured, account.models["yunet"].inferred) == (5, 3)


def test_a_cluster_that_gives_no_results_says_why(cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CNAP_REDIS", "unix:///nowhere")
    with (
        DeployedPipeline(["yunet"]).results(["gate"]) as results,
        pytest.raises(CnapError, match="Redis can't be used"),
    ):
        until("an error", results.read, 30)


def test_throughput_is_not_measured_there():
    with pytest.raises(CnapError, match="throughput"):
        DeployedPipeline(["yunet"]).running.broker  # noqa: B018


def test_what_pods_use_is_summed_by_role_of_one_namespace():
    def told(name: str, nanoseconds: int, second: int, namespace: str = "cnap") -> dict:
        return {
            "podRef": {"name": name, "namespace": namespace, "uid": name},
            "startTime": "2026-01-01T11:00:00Z",
            "cpu": {"time": f"2026-01-01T12:00:{second}Z", "usageCoreNanoSeconds": nanoseconds},
            "memory": {"workingSetBytes": 7_000_000},
        }

    first = {"pods": [told("redis-7d4b9c6f5-x2x7k", 10**9, 10), told("x", 10**9, 40, "other")]}
    infer = told("infer-yunet-00001-deployment-7d4b9c6f5-a", 2 * 10**9, 12)
    began = summed([first], "cnap")
    used = summed([{"pods": [infer]}, first], "cnap") - began
    assert used.seconds == 2
    assert {role: spent.cpu for role, spent in used.roles.items()} == {
        "infer-yunet": 2.0,
        "redis": 0.0,
    }
    assert used.total.memory == 14_000_000


def test_a_pod_has_its_role_by_its_name():
    assert role("infer-yolox-nano-00012-deployment-69c5d4f9b7-5xk2p") == "infer-yolox-nano"
    assert role("cameras-69c5d4f9b7-5xk2p") == "source"
    assert role("minio-0") == "minio"
