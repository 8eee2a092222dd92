import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from redis import Redis

from cnap.events.identity import SegmentId, segment_key
from cnap.stores import Store, open_store
from tests import media
from tests.dashboard.ledger import EPOCH, tell
from tests.servers import BUCKET

PATH = "/api/streams/gate/segments"


@pytest.fixture(params=["folder", "s3"])
def store(request) -> Iterator[Store]:
    """A folder, and a bucket of a real S3 server."""
    if request.param == "folder":
        yield request.getfixturevalue("folder_store")
        return
    request.getfixturevalue("s3_url")
    bucket = open_store(f"s3://{BUCKET}")
    yield bucket
    bucket.delete(*(one.key for one in bucket.objects("segments/")))


def put(store: Store, sequence: int, gop: int, epoch: int = EPOCH, suffix: str = "mp4"):
    key = segment_key(SegmentId("gate", epoch, sequence), gop, suffix)
    store.put(key, f"{epoch}/{sequence}".encode())
    return key


async def told(response: ClientResponse) -> tuple[int, int, bytes]:
    assert response.status == 200, await response.text()
    headers = response.headers
    return int(headers["Cnap-Epoch"]), int(headers["Cnap-Sequence"]), await response.read()


async def test_begins_at_the_newest_gop(client: TestClient, store: Store) -> None:
    for sequence, gop in [(0, 0), (1, 0), (2, 2), (3, 2), (4, 2)]:
        put(store, sequence, gop)

    response = await client.get(PATH)

    assert await told(response) == (EPOCH, 2, f"{EPOCH}/2".encode())
    assert response.content_type == "video/mp4"
    assert response.headers["Cnap-Gopstart"] == "2"


async def test_without_key_frames_begins_shortly_before_the_newest(
    client: TestClient, store: Store
) -> None:
    """The GOP's first segment is long gone, and pictures are whole a few seconds on."""
    for sequence in range(70, 100):
        put(store, sequence, gop=0)

    _, sequence, _ = await told(await client.get(PATH))
    assert 85 <= sequence <= 92


async def test_one_after_the_other(client: TestClient, store: Store) -> None:
    for sequence, gop in [(0, 0), (1, 0), (2, 2)]:
        put(store, sequence, gop)

    for sequence in (1, 2):
        response = await client.get(f"{PATH}?after={EPOCH}-{sequence - 1}")
        assert (await told(response))[1] == sequence


@pytest.mark.parametrize("gop", [0, 1])
async def test_waits_for_the_next(client: TestClient, store: Store, gop: int) -> None:
    put(store, 0, 0)
    await client.get(PATH)
    waiting = asyncio.create_task(client.get(f"{PATH}?after={EPOCH}-0&wait=10"))
    await asyncio.sleep(0.1)
    put(store, 1, gop)

    assert (await told(await waiting))[1] == 1


async def test_nothing_new(client: TestClient, store: Store) -> None:
    put(store, 0, 0)

    response = await client.get(f"{PATH}?after={EPOCH}-0&wait=0")

    assert response.status == 204


async def test_one_who_fell_behind_jumps(client: TestClient, store: Store) -> None:
    for sequence, gop in [(40, 40), (41, 40), (42, 42), (43, 42)]:
        put(store, sequence, gop)

    assert (await told(await client.get(f"{PATH}?after={EPOCH}-3")))[1] == 42


async def test_one_whose_segment_was_just_deleted_jumps(client: TestClient, store: Store) -> None:
    keys = [put(store, sequence, gop) for sequence, gop in [(0, 0), (1, 1), (2, 2)]]
    await client.get(PATH)
    store.delete(keys[1])

    assert (await told(await client.get(f"{PATH}?after={EPOCH}-0")))[1] == 2


async def test_a_camera_that_begins_anew(client: TestClient, store: Store) -> None:
    put(store, 7, 7)
    await client.get(PATH)
    waiting = asyncio.create_task(client.get(f"{PATH}?after={EPOCH}-7&wait=10"))
    put(store, 0, 0, epoch=EPOCH + 5000)

    assert (await told(await waiting))[:2] == (EPOCH + 5000, 0)


async def test_still_pictures(client: TestClient, store: Store) -> None:
    put(store, 0, 0, suffix="jpg")

    assert (await client.get(PATH)).content_type == "image/jpeg"


async def test_many_viewers_one_look(client: TestClient, store: Store) -> None:
    put(store, 0, 0)
    answers = await asyncio.gather(*(client.get(PATH) for _ in range(20)))

    assert {answer.status for answer in answers} == {200}
    metrics = await (await client.get("/metrics")).text()
    assert "cnap_dashboard_watched_streams 1.0" in metrics


async def test_a_stream_that_is_none(client: TestClient) -> None:
    response = await client.get(f"{PATH}?wait=0")

    assert response.status == 404
    assert "gate" in (await response.json())["error"]


async def test_a_stream_without_segments(client: TestClient, database: Redis) -> None:
    tell(database, "gate")

    assert (await client.get(f"{PATH}?wait=0")).status == 204


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=1-2-3",
        "after=99999999999999-1",
        "wait=11",
        "wait=-1",
        "wait=nan",
        "wait=x",
    ],
)
async def test_queries_that_make_no_sense(client: TestClient, query: str) -> None:
    response = await client.get(f"{PATH}?{query}")

    assert response.status == 400
    assert (await response.json())["error"]


@pytest.mark.parametrize("name", ["..%2f..", "A", "a" * 64, "-a", "%00"])
async def test_names_that_are_none(client: TestClient, name: str) -> None:
    response = await client.get(f"/api/streams/{name}/segments")

    assert response.status in (400, 404)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("old.mp4", {"codec": "mpeg4"}),
        ("quicktime.mov", {"codec": "prores_ks", "pixels": "yuv422p10le"}),
        ("nut.webm", {"codec": "libvpx"}),
    ],
)
async def test_pictures_of_what_no_browser_plays(
    client: TestClient, store: Store, tmp_path: Path, name: str, how: dict
) -> None:
    from tests.segments import segments

    segments(media.clip(tmp_path / name, size=(320, 240), frames=50, gop=25, **how), store)

    times, query = [], f"after={EPOCH}"
    for _ in range(3):
        response = await client.get(f"/api/streams/gate/picture?{query}")
        assert (response.status, response.content_type) == (200, "image/jpeg")
        assert (await response.read()).startswith(b"\xff\xd8")
        times.append(float(response.headers["Cnap-Time"]))
        query = f"after={times[-1]}"

    assert 0 < times[1] - times[0] < 241  # it begins where a segment begins
    assert times[2] - times[1] == pytest.approx(200, abs=41)
    assert times[0] >= EPOCH


async def test_a_stream_whose_segments_are_all_gone(
    client: TestClient, store: Store, database: Redis
) -> None:
    tell(database, "gate")
    keys = [put(store, sequence, 0) for sequence in range(8)]
    await client.get(PATH)
    store.delete(*keys)

    async with asyncio.timeout(20):
        while (await client.get(f"{PATH}?wait=0")).status != 204:
            await asyncio.sleep(0.1)


async def test_transport_streams_as_pictures(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    """MPEG-TS, whose bytes no browser plays, as the page asks for it."""
    film = media.clip(tmp_path / "film.ts", size=(320, 240), frames=25, gop=25)
    store.put(segment_key(SegmentId("gate", EPOCH, 0), 0, "ts"), film.read_bytes())

    assert (await client.get(PATH)).content_type == "video/mp2t"
    response = await client.get("/api/streams/gate/picture")
    assert (response.status, response.content_type) == (200, "image/jpeg")
    assert (await response.read()).startswith(b"\xff\xd8")
