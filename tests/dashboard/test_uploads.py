"""Uploads by the dashboard's address: a real source takes them."""

import aiohttp
import pytest

from cnap.cameras import Camera
from cnap.source.feeds.pushed.feed import PushedFeed
from cnap.source.receiver import receiving
from tests import media
from tests.dashboard.conftest import TOKEN

PATH = "/streams/door/segments"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return media.clip(tmp_path_factory.mktemp("film") / "two.mp4", frames=50).read_bytes()


@pytest.fixture
async def feed(tmp_path, monkeypatch):
    """A camera that pushes, open in a source."""
    camera = Camera("door", "push:")
    monkeypatch.setenv("CNAP_SOURCE", f"unix://{tmp_path}/source.sock")
    monkeypatch.setenv("CNAP_TOKEN", TOKEN)
    async with receiving() as uploads:
        uploads.follow([camera, Camera("gate", "gate.mp4")])
        feed = PushedFeed(camera, uploads)
        yield feed
        feed.close()


@pytest.fixture
async def post(start, tmp_path, authorised):
    client = await start(source=f"unix://{tmp_path}/source.sock")

    async def post(data, path=PATH, headers=None):
        sent = authorised | {"Content-Type": "video/mp4"} | (headers or {})
        async with client.post(path, data=data, headers=sent) as response:
            return response.status, await response.json(), response.headers

    return post


async def test_what_the_source_says_is_said(post, feed, film):
    captured = {"Cnap-Captured": "2020-01-01T00:00:00Z"}

    assert (await post(film))[:2] == (202, {"frames": 50, "seconds": 2.0})
    assert (await post(film, headers=captured))[0] == 409
    assert (await post(b"nothing"))[0] == 400
    assert (await post(film, "/streams/gate/segments"))[0] == 409
    assert (await post(film, "/streams/none/segments"))[0] == 404
    assert (await post(film, headers={"Content-Type": "text/plain"}))[0] == 415
    assert feed._inbox.take(0).frames == 50


async def test_in_pieces_whose_size_nobody_said(post, feed, film):
    async def pieces():
        for place in range(0, len(film), 5000):
            yield film[place : place + 5000]

    assert (await post(pieces()))[0] == 202


async def test_a_second_try_counts_once(post, feed, film):
    headers = {"Idempotency-Key": "piece-1"}
    answers = [(await post(film, headers=headers))[:2] for _ in range(2)]

    assert answers == [(202, {"frames": 50, "seconds": 2.0})] * 2
    assert feed._inbox.take(0) is not None
    assert feed._inbox.take(0) is None


async def test_later_is_said_with_when(post, feed, film):
    answers = [await post(film) for _ in range(4)]
    status, answer, headers = answers[-1]

    assert status == 429
    assert "faster than time" in answer["error"]
    assert int(headers["Retry-After"]) >= 1


async def test_too_large(post, feed):
    try:
        status, answer, _ = await post(bytes((32 << 20) + 1))
    except aiohttp.ClientOSError:  # it does not listen to the rest
        return
    assert status == 413
    assert "32 MiB" in answer["error"]


async def test_nobody_unpacks_video(post, feed, film):
    assert (await post(film, headers={"Content-Encoding": "gzip"}))[0] in (400, 415)


async def test_no_source(post, film):
    status, answer, headers = await post(film)

    assert (status, headers["Retry-After"]) == (503, "1")
    assert "the source does not answer" in answer["error"]


async def test_a_dashboard_that_knows_no_source(start, authorised):
    client = await start()
    response = await client.post(PATH, data=b"x", headers=authorised)

    assert response.status == 404
    assert "CNAP_SOURCE" in (await response.json())["error"]
