"""Cameras in the network, on a cluster: logins, failures, changes while all runs, and uploads."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

import pytest
import yaml

from tests import media
from tests.cameras.rtsp import FakeCamera
from tests.e2e.cluster import Cluster, until

EXAMPLE = Path(__file__).parents[2] / "eventing" / "examples" / "one-camera.yaml"
STORED = """
import sys
from cnap.stores import open_store
print(sum(1 for _ in open_store().objects(f"segments/{sys.argv[1]}/")))
"""
KILL = "import resource; resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))"
"""A process can't send SIGKILL to the first one of its container; the kernel can."""
LOGIN = "rtsp://admin:${gate-password}@"


@pytest.fixture(scope="module")
def address() -> str:
    """An address of this machine that pods reach."""
    if "CNAP_SINK_URL" not in os.environ:
        pytest.skip("CNAP_SINK_URL must name an address of this machine that pods can reach")
    return str(urlsplit(os.environ["CNAP_SINK_URL"]).hostname)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    return media.clip(folder / "two-seconds.mp4", size=(160, 120), frames=50)


@pytest.fixture
def camera(address: str, clip: Path) -> Iterator[FakeCamera]:
    with FakeCamera(clip, host=address) as camera:
        yield camera


@pytest.fixture(autouse=True)
def none_left(cluster: Cluster) -> Iterator[None]:
    yield
    cluster.cameras()


@pytest.fixture
def secret(cluster: Cluster) -> Iterator[None]:
    """The Secret `cameras` is not there before, nor afterwards."""
    cluster.kubectl("delete", "secret", "cameras", "--ignore-not-found")
    yield
    cluster.kubectl("delete", "secret", "cameras", "--ignore-not-found")


def entry(name: str, url: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "url": url, "models": ["yolox-nano"], "framerate": 2, **more}


def give(cluster: Cluster, password: str) -> None:
    """The password into the Secret, and that into its pods, which else takes a minute or two."""
    told = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cameras"}}
    told["stringData"] = {"gate-password": password}
    cluster.kubectl("apply", "-f", "-", given=json.dumps(told))
    pods = ("pods", "-l", "app.kubernetes.io/component=source")
    cluster.kubectl("annotate", "--overwrite", *pods, f"cnap.io/given={time.time_ns()}")


def test_a_login_by_reference(cluster: Cluster, camera: FakeCamera, stream: str, secret) -> None:
    camera.faults.login = "digest"
    url = camera.url.replace("rtsp://", LOGIN)
    added = json.loads(cluster.open("/api/cameras", method="POST", body=entry(stream, url)))
    assert added["url"] == url
    account = cluster.until_state(stream, "misconfigured")
    assert "nothing is called gate-password in the Secret cameras" in account["reason"]

    give(cluster, "not-the-one")
    until(lambda: "401" in cluster.account(stream)["reason"], 60, "words about the login")
    account = cluster.account(stream)
    assert account["state"] == "misconfigured"
    assert "the camera refused the login" in account["reason"]
    until(lambda: cluster.account(stream)["nexttry"], 60, "when it is tried again")

    give(cluster, camera.password)
    cluster.until_state(stream, "live", "degraded")
    cluster.until_inferred(stream)
    everything = [
        cluster.kubectl("get", "configmaps,pods,deploy,ksvc,events", "-o", "yaml"),
        cluster.kubectl("logs", "deploy/cameras"),
        *(cluster.open(f"/api/{what}") for what in ("status", "cameras", f"cameras/{stream}")),
    ]
    for said in everything:
        for password in (camera.password, quote(camera.password, safe=""), "not-the-one"):
            assert password not in said
    assert url in everything[0]


def test_a_camera_that_breaks_off_comes_back_by_itself(
    cluster: Cluster, camera: FakeCamera, stream: str
) -> None:
    cluster.cameras(entry(stream, camera.url))
    cluster.until_state(stream, "live", "degraded")
    camera.refuse()
    camera.disconnect()
    account = cluster.until_state(stream, "offline")
    until(lambda: "refuses the connection" in cluster.account(stream)["reason"], 30, "the reason")
    assert account["since"]
    until(lambda: cluster.account(stream)["nexttry"], 60, "when it is tried again")

    camera.accept()
    cluster.until_state(stream, "live", "degraded")
    cluster.until_inferred(stream)
    cluster.cameras()
    account = cluster.ended(stream)
    assert account["captured"] == account["inferred"] + account["dropped"]


def test_a_change_touches_one_camera_only_and_soon(
    cluster: Cluster, camera: FakeCamera, stream: str, report: list[str]
) -> None:
    other = f"{stream}-b"
    cluster.cameras(entry(stream, camera.url), entry(other, camera.url))
    for name in (stream, other):
        cluster.until_state(name, "live", "degraded")
    kept = [session for session in camera.sessions if session.playing]
    epochs = [cluster.account(name)["epoch"] for name in (stream, other)]

    took = {}
    for what, fields, viewers in (
        ("pause", {"paused": True}, 1),
        ("resume", {"paused": False}, 2),
    ):
        cluster.open(f"/api/cameras/{stream}", method="PATCH", body=fields)
        began = time.monotonic()
        until(lambda wanted=viewers: camera.viewers == wanted, 15, f"{viewers} viewers")
        took[what] = time.monotonic() - began
    report.append("cameras: " + ", ".join(f"{what} {s:.1f} s" for what, s in took.items()))
    cluster.open(f"/api/cameras/{stream}", method="PATCH", body={"framerate": 1})
    until(lambda: cluster.account(stream)["epoch"] > epochs[0], 30, "the stream anew")
    assert sum(session.playing for session in kept) == 1
    assert cluster.account(other)["epoch"] == epochs[1]
    cluster.open(f"/api/cameras/{stream}", method="DELETE")
    cluster.until_state(stream, "ended")
    assert camera.viewers == 1


def test_uploads_through_the_ingress(cluster: Cluster, clip: Path, stream: str) -> None:
    cluster.cameras(entry(stream, "push:"))
    until(lambda: "waiting for uploads" in cluster.account(stream)["reason"], 30, "the camera open")
    path, film = f"/streams/{stream}/segments", clip.read_bytes()
    for token in ("", "wrong"):
        with pytest.raises(HTTPError) as refused:
            cluster.ask(path, token, "POST", film, "video/mp4")
        assert refused.value.code == 401
    taken = json.loads(cluster.ask(path, None, "POST", film, "video/mp4"))
    assert taken == {"frames": 50, "seconds": 2.0}
    until(lambda: cluster.account(stream).get("inferred"), 60, "results")
    with pytest.raises(HTTPError) as refused:
        cluster.ask(path.replace(stream, "nobody"), None, "POST", film, "video/mp4")
    assert refused.value.code == 404
    cluster.cameras()
    account = cluster.ended(stream)
    assert account["captured"] == 50 == account["inferred"] + account["dropped"]


def test_what_no_model_looks_at_is_stored_only_while_somebody_watches(
    cluster: Cluster, camera: FakeCamera, stream: str
) -> None:
    cluster.cameras(entry(stream, camera.url, models=[]))
    cluster.until_state(stream, "live")
    until(lambda: cluster.account(stream)["reason"], 15, "words about models")
    assert cluster.python(STORED, stream).strip() == "0"

    segment = until(
        lambda: cluster.ask(f"/api/streams/{stream}/segments?wait=10"), 30, "a watched segment"
    )
    assert segment[4:8] == b"ftyp"
    told = json.loads(cluster.kubectl("get", "configmap", "watched", "-o", "json"))["data"]
    assert stream in told


def test_the_source_dies_without_a_word(cluster: Cluster, camera: FakeCamera, stream: str) -> None:
    cluster.cameras(entry(stream, camera.url))
    cluster.until_inferred(stream, 5)
    restarts, epoch = restarted(cluster), cluster.account(stream)["epoch"]
    cluster.kubectl("exec", "deploy/cameras", "--", "python", "-c", KILL)
    until(lambda: restarted(cluster) == restarts + 1, 60, "the source started again")
    until(lambda: cluster.account(stream)["epoch"] > epoch, 60, "the camera again")
    cluster.until_inferred(stream, 5)

    (pod,) = cluster.get("pods", "-l", "app.kubernetes.io/name=cameras")
    state = pod["status"]["containerStatuses"][0]["lastState"]
    assert state["terminated"]["exitCode"] == 137
    cluster.cameras()
    account = cluster.ended(stream)
    assert account["captured"] == account["inferred"] + account["dropped"] + account["failed"]


def restarted(cluster: Cluster) -> int:
    (pod,) = cluster.get("pods", "-l", "app.kubernetes.io/name=cameras")
    return pod["status"]["containerStatuses"][0]["restartCount"]


def test_a_camera_as_a_source_of_its_own(
    cluster: Cluster, camera: FakeCamera, stream: str, secret
) -> None:
    camera.faults.login = "basic"
    source = yaml.safe_load(EXAMPLE.read_text())
    source["metadata"]["name"] = stream
    (container,) = source["spec"]["template"]["spec"]["containers"]
    (given,) = container["env"]
    url = camera.url.replace("rtsp://", LOGIN)
    given["value"] = yaml.safe_dump({"cameras": [entry(stream, url)]})
    (deployed,) = cluster.get("deploy", "--field-selector=metadata.name=cameras")
    container["image"] = deployed["spec"]["template"]["spec"]["containers"][0]["image"]
    give(cluster, camera.password)
    cluster.kubectl("apply", "-f", "-", given=json.dumps(source))
    try:
        cluster.until_state(stream, "live", "degraded", seconds=90)
        cluster.until_inferred(stream)
        assert camera.password not in cluster.kubectl(
            "get", "containersource,deploy,pods", "-o", "yaml"
        )
    finally:
        cluster.kubectl("delete", "containersource", stream)
    account = cluster.ended(stream)
    assert account["captured"] == account["inferred"] + account["dropped"]
