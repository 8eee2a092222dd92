"""A camera that uploads, read as any other."""

import threading
import time

import pytest

from cnap.cameras import Camera
from cnap.source.clock.timeline import Timeline
from cnap.source.feeds import Misconfigured
from cnap.source.feeds.pushed.feed import PushedFeed
from cnap.source.feeds.pushed.upload import Upload
from cnap.source.uploads import Uploads
from tests import media

CAMERA = Camera("door", "push:")


@pytest.fixture
def uploads():
    uploads = Uploads()
    uploads.follow([CAMERA])
    return uploads


@pytest.fixture
def feed(uploads):
    feed = PushedFeed(CAMERA, uploads)
    yield feed
    feed.close()


@pytest.fixture
def upload(tmp_path):
    def upload(**clip):
        path = media.clip(tmp_path / "clip.mp4", **({"frames": 25} | clip))
        return Upload(path.read_bytes(), "video/mp4")

    return upload


def test_uploads_are_one_stream(feed, uploads, upload):
    for _ in range(3):
        uploads.inbox("door").put(upload())
    packets = feed.packets()
    read = [next(packets) for _ in range(75)]

    assert [packet.pts for packet in read] == [3600 * n for n in range(75)]
    assert {id(packet.stream) for packet in read} == {id(feed.stream)}
    assert feed.whole
    assert feed.live
    assert feed.framerate == 25
    assert all(bytes(packet) for packet in read)


def test_another_picture_is_another_stream(feed, uploads, upload):
    uploads.inbox("door").put(upload())
    uploads.inbox("door").put(upload(size=(96, 64)))
    packets = feed.packets()
    read = [next(packets) for _ in range(50)]

    first, second = read[0].stream, read[-1].stream
    assert (first.codec_context.width, second.codec_context.width) == (64, 96)
    assert [packet.stream is first for packet in read] == [True] * 25 + [False] * 25
    assert read[25].pts == 25 * 3600


def test_pictures_that_come_quickly_share_segments(feed, uploads):
    for n in range(2):
        picture = media.jpeg(media.picture(n, (64, 48)))
        uploads.inbox("door").put(Upload(picture, "image/jpeg"))
    packets = feed.packets()

    next(packets)
    assert feed.whole
    next(packets)
    assert not feed.whole
    assert feed.framerate == 0


def test_a_long_upload_is_not_given_at_once(feed, uploads, upload):
    uploads.inbox("door").put(upload(frames=100))
    packets = feed.packets()
    began = time.monotonic()
    for _ in range(100):
        next(packets)

    assert time.monotonic() - began > 0.9
    assert feed.apart == 4


def test_closing_ends_it_in_the_midst_of_one(feed, uploads, upload):
    uploads.inbox("door").put(upload(frames=700))
    threading.Timer(0.1, feed.close).start()

    assert 50 <= len(list(feed.packets())) < 100


def test_closing_ends_it_while_it_waits(feed):
    threading.Timer(0.1, feed.close).start()

    assert list(feed.packets()) == []


def test_nothing_is_taken_before_it_is_open_or_after(uploads, upload):
    feed = PushedFeed(CAMERA, uploads)
    inbox = uploads.inbox("door")
    feed.close()
    for take in (lambda: uploads.inbox("door"), lambda: inbox.put(upload())):
        with pytest.raises(Exception, match=r"not open|begins anew"):
            take()


def test_one_that_was_opened_anew_is_not_closed_with_the_old_one(uploads):
    old, new = PushedFeed(CAMERA, uploads), PushedFeed(CAMERA, uploads)
    old.close()
    assert not uploads.inbox("door").closed
    new.close()


def test_a_source_that_takes_no_uploads_says_so():
    with pytest.raises(Misconfigured, match="no uploads are taken here"):
        PushedFeed(CAMERA, None)


def test_frames_were_captured_when_they_are_said_to_be(feed, uploads, upload):
    start = time.time() - 8
    gap = 3.0
    for begins in (start, start + 1 + gap):
        uploads.inbox("door").put(upload(bframes=2), begins)
    timeline = Timeline(feed, lambda _: False)
    packets = timeline.packets()
    read = [next(packets) for _ in range(50)]

    captured = sorted(timeline.epoch / 1000 + float(p.pts * p.time_base) for p in read)
    wanted = [start + n / 25 for n in range(25)] + [start + 1 + gap + n / 25 for n in range(25)]
    assert captured == pytest.approx(wanted, abs=0.0001)
    assert [p.dts for p in read] == sorted({p.dts for p in read})
    assert read[0].dts >= 0


def test_an_epoch_is_later_than_the_one_before(feed, uploads, upload):
    uploads.inbox("door").put(upload())
    after = int(time.time() * 1000) + 500
    timeline = Timeline(feed, lambda _: False, after=after)
    first = next(timeline.packets())

    assert timeline.epoch == after + 1
    assert first.dts >= 0
