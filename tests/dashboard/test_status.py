from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient
from redis import Redis

from cnap.cameras import Camera
from cnap.events.attributes import rfc3339
from tests.dashboard.conftest import FakeKubernetes
from tests.dashboard.ledger import MODEL, infer, tell


async def status(client: TestClient) -> dict:
    response = await client.get("/api/status")
    assert response.status == 200
    return await response.json()


async def test_nothing_runs(client: TestClient, kubernetes: FakeKubernetes) -> None:
    kubernetes.functions = {}

    assert await status(client) == {"streams": [], "functions": [], "problem": ""}


async def test_every_frame_is_accounted_for(client: TestClient, database: Redis) -> None:
    tell(database, "gate", captured=60)
    infer(database, "gate", 0, frames=20, sampled=5)
    infer(database, "gate", 1, frames=20, sampled=5)

    (stream,) = (await status(client))["streams"]

    assert (stream["name"], stream["state"], stream["framerate"]) == ("gate", "live", 25.0)
    counts = {name: stream[name] for name in ("captured", "inferred", "dropped", "failed")}
    assert counts == {"captured": 60, "inferred": 40, "dropped": 10, "failed": 0}
    assert stream["captured"] == (
        stream["inferred"] + stream["dropped"] + stream["failed"] + stream["inflight"]
    )
    assert stream["reasons"] == {"dropped: sampled": 10}
    assert stream["models"][MODEL]["inferred"] == 40


async def test_speed_is_of_late(client: TestClient, database: Redis) -> None:
    tell(database, "gate")
    infer(database, "gate", 0, frames=25)

    (stream,) = (await status(client))["streams"]

    assert stream["rate"] > 0
    assert stream["latency"] is not None
    assert stream["models"][MODEL]["rate"] == pytest.approx(stream["rate"], rel=0.05)


async def test_a_cold_start_is_remembered(client: TestClient, database: Redis) -> None:
    tell(database, "gate")
    infer(database, "gate", 0, wake=True)
    infer(database, "gate", 1)

    (stream,) = (await status(client))["streams"]

    assert stream["coldstart"] >= 0


async def test_cameras_come_first_told_or_not(
    client: TestClient, database: Redis, kubernetes: FakeKubernetes
) -> None:
    kubernetes.cameras = [
        Camera("yard", "yard.mp4", (MODEL,), paused=True),
        Camera("gate", "gate.mp4", (MODEL,)),
        Camera("door", "door.mp4"),
    ]
    tell(database, "gate")
    tell(database, "archive")

    streams = (await status(client))["streams"]

    assert [(one["name"], one["state"], one["camera"]) for one in streams] == [
        ("yard", "paused", True),
        ("gate", "live", True),
        ("door", "connecting", True),
        ("archive", "live", False),
    ]
    assert {frozenset(stream) for stream in streams} == {frozenset(streams[0])}


@pytest.mark.parametrize(
    ("reason", "seconds", "outstanding", "told"),
    [
        ("the camera was removed", 70, 0, False),
        ("the source was stopped", 70, 0, False),
        ("the camera was removed", 50, 0, True),
        ("the camera was removed", 70, 5, True),
        ("all files are sent", 70, 0, True),
    ],
)
async def test_a_camera_that_was_removed_is_told_of_for_a_while(
    client: TestClient,
    database: Redis,
    kubernetes: FakeKubernetes,
    reason: str,
    seconds: int,
    outstanding: int,
    told: bool,
) -> None:
    ended = rfc3339(datetime.now(UTC) - timedelta(seconds=seconds))
    for name in ("gate", "yard"):
        tell(database, name)
        facts = {"state": "ended", "reason": reason, "since": ended, "outstanding": outstanding}
        database.hset(f"cnap:stream:{name}", mapping=facts)
    kubernetes.cameras = [Camera("yard", "yard.mp4")]

    names = [stream["name"] for stream in (await status(client))["streams"]]
    assert names == (["yard", "gate"] if told else ["yard"])


async def test_a_camera_removed_while_its_source_was_killed_does_not_stay_live(
    client: TestClient, database: Redis, kubernetes: FakeKubernetes, monkeypatch
) -> None:
    for name in ("gate", "yard"):
        tell(database, name, captured=10, listed=True)
    tell(database, "archive", captured=10)
    kubernetes.cameras = [Camera("yard", "yard.mp4")]

    async def names() -> list[str]:
        return [stream["name"] for stream in (await status(client))["streams"]]

    assert await names() == ["yard", "archive", "gate"]
    monkeypatch.setattr("cnap.dashboard.status.KEPT", -1.0)
    assert await names() == ["yard", "archive"]
    kubernetes.cameras = [Camera("yard", "yard.mp4"), Camera("gate", "gate.mp4")]
    assert await names() == ["yard", "gate", "archive"]


@pytest.mark.parametrize(
    ("available", "seconds", "state"),
    [("False", 20, "stalled"), ("False", 1, "live"), ("True", 20, "live")],
)
async def test_cameras_whose_source_does_not_run_are_stalled(
    client: TestClient,
    database: Redis,
    kubernetes: FakeKubernetes,
    available: str,
    seconds: int,
    state: str,
) -> None:
    since = rfc3339(datetime.now(UTC) - timedelta(seconds=seconds))
    condition = {"type": "Available", "status": available, "lastTransitionTime": since}
    kubernetes.source = {"conditions": [condition | {"message": "No space left."}]}
    kubernetes.cameras = [Camera("yard", "yard.mp4")]
    tell(database, "yard", listed=True)
    tell(database, "archive")

    yard, archive = (await status(client))["streams"]

    assert (yard["state"], archive["state"]) == (state, "live")
    assert ("does not run" in yard["reason"]) == (state == "stalled")
    if state == "stalled":
        assert yard["since"] == since and yard["reason"].endswith("No space left.")


async def test_functions_in_the_order_of_the_pipeline(
    client: TestClient, kubernetes: FakeKubernetes
) -> None:
    kubernetes.functions = {
        "publish": (1, 0),
        "dashboard": (1, 1),
        "infer-b": (0, 1),
        "transcode": (0, 0),
        "infer-a": (2, 2),
    }

    functions = (await status(client))["functions"]

    assert [(f["name"], f["state"], f["replicas"], f["wanted"]) for f in functions] == [
        ("transcode", "asleep", 0, 0),
        ("infer-a", "awake", 2, 2),
        ("infer-b", "waking", 0, 1),
        ("publish", "asleep", 0, 0),
        ("dashboard", "awake", 1, 1),
    ]


async def test_a_function_that_fails_says_why(
    client: TestClient, kubernetes: FakeKubernetes
) -> None:
    kubernetes.reasons = {"transcode": "no such image"}

    transcode = (await status(client))["functions"][0]

    assert (transcode["state"], transcode["reason"]) == ("failing", "no such image")


async def test_kubernetes_away(client: TestClient, kubernetes: FakeKubernetes) -> None:
    kubernetes.away = True
    response = await client.get("/api/status")
    assert response.status == 503
    assert "Kubernetes API" in (await response.json())["error"]

    kubernetes.away = False
    assert (await client.get("/api/status")).status == 200


async def test_redis_away(start) -> None:
    client = await start(redis="redis://127.0.0.1:1/0")

    response = await client.get("/api/status")

    assert response.status == 503
    assert "Redis" in (await response.json())["error"]


async def test_cameras_that_make_no_sense_hide_nothing_else(
    client: TestClient, database: Redis, kubernetes: FakeKubernetes
) -> None:
    kubernetes.cameras = [Camera("not a name", "x.mp4")]
    tell(database, "gate")

    assert [one["name"] for one in (await status(client))["streams"]] == ["gate"]
