import asyncio
import json
from collections.abc import AsyncIterator

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from redis import Redis

from cnap.dashboard import results
from tests.dashboard.conftest import FakeKubernetes
from tests.dashboard.ledger import infer, tell

Event = tuple[str, dict, str]


async def events(response: ClientResponse) -> AsyncIterator[Event]:
    kind = identity = ""
    async for raw in response.content:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind, identity = value, ""
        elif name == "id":
            identity = value
        elif name == "data":
            yield kind, json.loads(value), identity


async def first(response: ClientResponse, kind: str) -> Event:
    async with asyncio.timeout(20):
        async for event in events(response):
            if event[0] == kind:
                return event
    raise AssertionError(f"no {kind} came")


async def test_status_at_once_and_on_change(client: TestClient, database: Redis) -> None:
    async with client.get("/api/events") as response:
        assert response.content_type == "text/event-stream"
        _, before, _ = await first(response, "status")
        tell(database, "gate")
        _, after, _ = await first(response, "status")

    assert (before["streams"], len(after["streams"])) == ([], 1)


async def test_results_as_they_come(client: TestClient, database: Redis) -> None:
    tell(database, "gate")
    async with client.get("/api/events") as response:
        await first(response, "status")
        infer(database, "gate", 3, wake=True)
        _, result, identity = await first(response, "result")

    assert (result["stream"], result["sequence"]) == ("gate", 3)
    assert result["frames"][0]["detections"][0]["label"] == "car"
    assert {"epoch", "latency", "coldstart"} <= set(result)
    assert identity


async def test_one_stream_only(client: TestClient, database: Redis) -> None:
    tell(database, "gate")
    tell(database, "yard")
    async with client.get("/api/events?stream=yard") as response:
        await first(response, "status")
        infer(database, "gate", 0)
        infer(database, "yard", 7)
        _, result, _ = await first(response, "result")

    assert (result["stream"], result["sequence"]) == ("yard", 7)


async def test_taken_up_where_it_was(client: TestClient, database: Redis) -> None:
    tell(database, "gate")
    async with client.get("/api/events") as response, client.get("/api/events") as other:
        await first(other, "status")
        await first(response, "status")
        infer(database, "gate", 0)
        _, _, identity = await first(response, "result")
        infer(database, "gate", 1)
        await first(other, "result")
        await first(other, "result")
        async with client.get("/api/events", headers={"Last-Event-ID": identity}) as again:
            _, result, _ = await first(again, "result")

    assert result["sequence"] == 1


async def test_nothing_is_missed_while_one_was_away(
    client: TestClient, database: Redis, monkeypatch
) -> None:
    """More of it, and for longer, than the service remembers by itself."""
    for name in ("gate", "yard"):
        tell(database, name)
    async with client.get("/api/events") as response:
        await first(response, "status")
        infer(database, "gate", 0)
        _, _, identity = await first(response, "result")
    monkeypatch.setattr(results, "RECENT", 0.01)
    for sequence in range(1, 240):
        infer(database, "gate", sequence, frames=1)
        infer(database, "yard", sequence, frames=1)

    found = await after(client, identity, 2 * 239)
    for name in ("gate", "yard"):
        assert [sequence for of, sequence in found if of == name] == list(range(1, 240))


async def after(client: TestClient, identity: str, count: int) -> list[tuple[str, int]]:
    """So many results, with the connection cut and taken up again in between."""
    found = []
    while len(found) < count:
        async with client.get("/api/events", headers={"Last-Event-ID": identity}) as response:
            async with asyncio.timeout(20):
                async for kind, data, id in events(response):
                    if kind == "result":
                        found.append((data["stream"], data["sequence"]))
                        identity = id
                        if len(found) in (count // 3, count // 2, count):
                            break
    return found


async def test_no_gap_and_no_repetition_however_often_one_is_cut_off(
    client: TestClient, database: Redis
) -> None:
    names = ("gate", "hall", "yard")
    for name in names:
        tell(database, name)
    async with client.get("/api/events") as response:
        await first(response, "status")
        infer(database, "gate", 0, frames=1)
        _, _, identity = await first(response, "result")

    def publish() -> None:
        for sequence in range(1, 300):
            for name in names:
                infer(database, name, sequence, frames=1)

    publishing = asyncio.create_task(asyncio.to_thread(publish))
    found = await after(client, identity, 3 * 299)
    await publishing

    assert sorted(found) == [(name, sequence) for name in names for sequence in range(1, 300)]


async def test_a_burst_is_told_in_order(client: TestClient, database: Redis) -> None:
    """Of a stream with much to tell and one with little, read in one go."""
    for name in ("gate", "yard"):
        tell(database, name)
    for sequence in range(250):
        infer(database, "gate", sequence, frames=1)
    infer(database, "yard", 250, frames=1)
    sequences = []
    async with client.get("/api/events") as response, asyncio.timeout(20):
        async for kind, data, _ in events(response):
            if kind == "result":
                sequences.append(data["sequence"])
            if len(sequences) == 251:
                break

    assert sorted(sequences) == list(range(251))
    assert sequences[:200] == list(range(200))


async def test_those_who_come_later_get_the_last_seconds(
    client: TestClient, database: Redis
) -> None:
    tell(database, "gate")
    async with client.get("/api/events") as response:
        await first(response, "status")
        infer(database, "gate", 0)
        await first(response, "result")
        async with client.get("/api/events") as later:
            _, result, _ = await first(later, "result")

    assert result["sequence"] == 0


async def test_trouble_and_its_end(client: TestClient, kubernetes: FakeKubernetes) -> None:
    async with client.get("/api/events") as response:
        await first(response, "status")
        kubernetes.away = True
        _, trouble, _ = await first(response, "trouble")
        kubernetes.away = False
        _, well, _ = await first(response, "trouble")
        await first(response, "status")

    assert "Kubernetes API" in trouble["error"]
    assert well == {"error": ""}


async def test_nobody_listens_nothing_is_asked(
    client: TestClient, kubernetes: FakeKubernetes
) -> None:
    async with client.get("/api/events") as response:
        await first(response, "status")
    while True:
        asked = kubernetes.questions
        await asyncio.sleep(1.2)
        if kubernetes.questions == asked:
            break  # two whole rounds without a question; while it is asked, the test goes on


async def test_a_name_that_is_none(client: TestClient) -> None:
    response = await client.get("/api/events?stream=../etc")

    assert response.status == 400
