"""The address at which cameras upload."""

import asyncio

import aiohttp
import pytest

from cnap.cameras import Camera
from cnap.source import receiver
from cnap.source.feeds.pushed.feed import PushedFeed
from cnap.source.feeds.pushed.inbox import MOST, Inbox
from cnap.source.receiver import MAX_BYTES, receiving
from tests import media

TOKEN = {"Authorization": "Bearer the-token"}
PUSHED = Camera("door", "push:")
CAMERAS = [PUSHED, Camera("gate", "gate.mp4"), Camera("yard", "push:", paused=True)]
CAMERAS += [Camera("shut", "push:")]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return media.clip(tmp_path_factory.mktemp("film") / "two.mp4", frames=50).read_bytes()


@pytest.fixture
async def uploads(tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_SOURCE", f"unix://{tmp_path}/source.sock")
    monkeypatch.setenv("CNAP_TOKEN", "the-token")
    async with receiving() as uploads:
        uploads.follow(CAMERAS)
        yield uploads


@pytest.fixture
async def feed(uploads):
    feed = PushedFeed(PUSHED, uploads)
    yield feed
    feed.close()


@pytest.fixture
async def post(tmp_path, uploads):
    """Uploads; gives the status, the answer's JSON and its headers."""
    connector = aiohttp.UnixConnector(f"{tmp_path}/source.sock")
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(data, name="door", content_type="video/mp4", headers=None, token=TOKEN):
            sent = {"Content-Type": content_type} | token | (headers or {})
            url = f"http://source/streams/{name}/segments"
            async with session.post(url, data=data, headers=sent) as response:
                return response.status, await response.json(), response.headers

        yield post


async def test_a_token_that_is_no_text(tmp_path, uploads):
    reader, writer = await asyncio.open_unix_connection(f"{tmp_path}/source.sock")
    writer.write(b"POST /streams/door/segments HTTP/1.1\r\nHost: source\r\nContent-Length: 0\r\n")
    writer.write(b"Authorization: Bearer \xff\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()


async def test_what_was_taken(post, feed, film):
    status, answer, _ = await post(film)

    assert (status, answer) == (202, {"frames": 50, "seconds": 2.0})
    packet = await asyncio.to_thread(next, feed.packets())
    assert packet.pts == 0


async def test_it_may_come_in_pieces(post, feed, film):
    async def pieces():
        for place in range(0, len(film), 1000):
            yield film[place : place + 1000]

    assert (await post(pieces()))[0] == 202


async def test_a_picture(post, feed):
    picture = media.jpeg(media.picture(0, (64, 48)))

    assert (await post(picture, content_type="image/jpeg"))[:2] == (
        202,
        {"frames": 1, "seconds": 0.0},
    )


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("nobody", 404, "no camera called nobody"),
        ("gate", 409, "gate is no camera that uploads"),
        ("yard", 409, "yard is paused"),
        ("shut", 503, "shut is not open"),
        ("Not-A-Name", 400, "can't name a stream"),
    ],
)
async def test_cameras_that_take_none(post, feed, film, name, status, words):
    answered, answer, headers = await post(film, name)

    assert answered == status
    assert words in answer["error"]
    assert ("Retry-After" in headers) == (status == 503)


@pytest.mark.parametrize("token", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer "}])
async def test_nobody_else_is_heard(post, feed, film, token):
    assert (await post(film, token=token))[0] == 401


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"data": b"not a film"}, 400, "no mp4 video"),
        ({"content_type": "text/plain"}, 415, "text/plain can't be uploaded; what can: video/mp4"),
        ({"headers": {"Cnap-Captured": "yesterday"}}, 400, "must be an instant"),
        ({"headers": {"Cnap-Captured": "2026-11-23T06:00:00"}}, 400, "must be an instant"),
        ({"headers": {"Cnap-Captured": "2020-11-23T06:00:00Z"}}, 409, "s old"),
        ({"headers": {"Cnap-Captured": "4000000000000"}}, 409, "in the future"),
        ({"headers": {"Idempotency-Key": "a b"}}, 400, "Idempotency-Key"),
    ],
)
async def test_what_is_refused(post, feed, film, sent, status, words):
    answered, answer, _ = await post(**({"data": film} | sent))

    assert answered == status
    assert words in answer["error"]


async def test_too_large_is_refused_before_it_comes_and_while_it_does(post, feed):
    async def endless():
        for _ in range(MAX_BYTES // (1 << 20) + 1):
            yield bytes(1 << 20)

    for data in (bytes(MAX_BYTES + 1), endless()):
        try:
            status, answer, _ = await post(data)
        except aiohttp.ClientOSError:  # it does not listen to the rest
            continue
        assert status == 413
        assert "32 MiB" in answer["error"]


async def test_more_than_is_read_is_put_off(post, feed, film, monkeypatch):
    monkeypatch.setattr("cnap.source.feeds.pushed.inbox.AHEAD", 1000.0)
    for _ in range(MOST):
        assert (await post(film))[0] == 202
    status, answer, headers = await post(film)

    assert (status, headers["Retry-After"]) == (429, "1")
    assert "still being read" in answer["error"]


async def test_a_second_try_counts_once(post, feed, film):
    headers = {"Idempotency-Key": "piece-1"}
    first, second = [await post(film, headers=headers) for _ in range(2)]

    assert first[:2] == second[:2]
    packets = feed.packets()
    for _ in range(50):
        await asyncio.to_thread(next, packets)
    assert feed._inbox.take(0) is None


async def test_one_that_failed_may_be_tried_again(post, feed, film):
    headers = {"Idempotency-Key": "piece-1"}

    assert (await post(b"nothing", headers=headers))[0] == 400
    assert (await post(film, headers=headers))[0] == 202


async def test_nothing_listens_without_a_token(monkeypatch, tmp_path):
    monkeypatch.setenv("CNAP_SOURCE", f"unix://{tmp_path}/source.sock")
    monkeypatch.delenv("CNAP_TOKEN", raising=False)
    async with receiving() as uploads:
        assert uploads is None
        assert not (tmp_path / "source.sock").exists()


async def test_a_port_where_there_is_no_socket(monkeypatch, unused_tcp_port, film):
    monkeypatch.delenv("CNAP_SOURCE", raising=False)
    monkeypatch.setenv("CNAP_TOKEN", "the-token")
    monkeypatch.setenv("PORT", str(unused_tcp_port))
    url = f"http://127.0.0.1:{unused_tcp_port}/streams/door/segments"
    async with (
        receiving(),
        aiohttp.ClientSession() as session,
        session.post(url, data=film, headers=TOKEN) as response,
    ):
        assert response.status == 404


async def test_an_upload_that_never_ends_does_not_hold_up_the_end(monkeypatch, tmp_path):
    monkeypatch.setenv("CNAP_SOURCE", f"unix://{tmp_path}/source.sock")
    monkeypatch.setenv("CNAP_TOKEN", "the-token")
    async with asyncio.timeout(receiver.PATIENCE / 2), receiving() as uploads:
        uploads.follow([Camera("door", "push:")])
        uploads.open("door", Inbox(20.0))
        _, writer = await asyncio.open_unix_connection(f"{tmp_path}/source.sock")
        writer.write(
            b"POST /streams/door/segments HTTP/1.1\r\nHost: source\r\n"
            b"Authorization: Bearer the-token\r\nContent-Type: video/mp4\r\n"
            b"Content-Length: 1000\r\n\r\n"
        )
        while not uploads._coming:
            await asyncio.sleep(0.01)
    assert not uploads._coming
    writer.close()


async def test_an_address_that_can_t_be_had_stops_nothing_else(monkeypatch):
    monkeypatch.setenv("CNAP_TOKEN", "the-token")
    for address in ("unix:///nowhere/source.sock", f"unix:///tmp/{'a' * 200}"):
        monkeypatch.setenv("CNAP_SOURCE", address)
        async with receiving() as uploads:
            assert uploads is None
    monkeypatch.delenv("CNAP_SOURCE")
    monkeypatch.setenv("PORT", "many")
    async with receiving() as uploads:
        assert uploads is None
