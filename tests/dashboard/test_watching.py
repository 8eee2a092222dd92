"""Who watches a camera that no model looks at, the source is told."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestClient

from cnap.cameras import Camera
from tests.dashboard.conftest import FakeKubernetes


@pytest.fixture(autouse=True)
def cameras(kubernetes: FakeKubernetes) -> None:
    kubernetes.cameras = [Camera("yard", "yard.mp4"), Camera("gate", "gate.mp4", ("yolox-nano",))]


@pytest.fixture
def told(kubernetes: FakeKubernetes):
    """Waits until the ConfigMap holds for a condition; gives it."""

    async def told(holds) -> dict[str, str]:
        async with asyncio.timeout(10):
            while not holds(kubernetes.maps["watched"]):
                await asyncio.sleep(0.02)
        return kubernetes.maps["watched"]

    return told


@pytest.mark.parametrize("what", ["segments", "picture"])
async def test_a_camera_without_models_is_watched_for_half_a_minute(
    client: TestClient, told, what: str
) -> None:
    for name in ("gate", "yard"):
        await client.get(f"/api/streams/{name}/{what}?wait=0")
    watched = await told(lambda found: "yard" in found)

    assert set(watched) == {"yard"}
    left = datetime.fromisoformat(watched["yard"]) - datetime.now(UTC)
    assert 10 < left.total_seconds() <= 30


async def test_it_is_said_again_while_somebody_watches_and_what_is_past_is_forgotten(
    client: TestClient, kubernetes: FakeKubernetes, told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnap.dashboard.watching.AGAIN", 0.2)
    monkeypatch.setattr("cnap.dashboard.watching.LOOK", 0.1)
    kubernetes.maps["watched"] = {"old": "2020-01-01T00:00:00Z", "odd": "soon"}
    await client.get("/api/streams/yard/segments?wait=0")
    first = dict(await told(lambda found: "yard" in found))

    assert set(first) == {"yard"}
    await told(lambda found: found["yard"] > first["yard"])


async def test_models_that_are_removed_while_somebody_watches(
    client: TestClient, kubernetes: FakeKubernetes, told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnap.dashboard.watching.LOOK", 0.1)
    await client.get("/api/streams/gate/segments?wait=0")
    kubernetes.cameras = [Camera("gate", "gate.mp4")]

    await told(lambda found: "gate" in found)


async def test_nobody_watches(
    client: TestClient, kubernetes: FakeKubernetes, told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnap.dashboard.watching.LOOK", 0.05)
    monkeypatch.setattr("cnap.dashboard.watching.ASKED", 0.2)
    await client.get("/api/streams/yard/segments?wait=0")
    await told(lambda found: "yard" in found)
    async with asyncio.timeout(10):
        while True:
            asked = kubernetes.questions
            await asyncio.sleep(0.3)
            if kubernetes.questions == asked:
                break


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnap.dashboard.watching.LOOK", 0.05)
    monkeypatch.setattr("cnap.dashboard.watching.ASKED", 0.5)


async def test_it_is_taken_back_when_nobody_watches_any_more(
    client: TestClient, brief: None, told
) -> None:
    await client.get("/api/streams/yard/segments?wait=0")
    await told(lambda found: "yard" in found)

    await told(lambda found: "yard" not in found)


async def test_what_another_dashboard_has_said_since_stays(
    client: TestClient, kubernetes: FakeKubernetes, brief: None, told
) -> None:
    kubernetes.cameras = [Camera("yard", "yard.mp4"), Camera("door", "door.mp4")]
    for name in ("yard", "door"):
        await client.get(f"/api/streams/{name}/segments?wait=0")
    await told(lambda found: {"yard", "door"} == set(found))
    kubernetes.maps["watched"]["yard"] = "2100-01-01T00:00:00Z"

    found = await told(lambda found: "door" not in found)
    assert found == {"yard": "2100-01-01T00:00:00Z"}


async def test_kubernetes_away(
    client: TestClient, kubernetes: FakeKubernetes, told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnap.dashboard.watching.LOOK", 0.1)
    kubernetes.away = True
    await client.get("/api/streams/yard/segments?wait=0")
    kubernetes.away = False
    await client.get("/api/streams/yard/segments?wait=0")

    await told(lambda found: "yard" in found)
