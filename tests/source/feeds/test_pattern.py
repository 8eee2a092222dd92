"""Test patterns: pictures that tell when they were captured, whatever happens to them."""

import itertools
import time
from fractions import Fraction

import av
import pytest

from cnap.cameras import Camera
from cnap.cameras.testsrc import CODECS, Pattern
from cnap.decoder import Gop
from cnap.source.cut.cutter import Cutter
from cnap.source.feeds import Misconfigured, open_feed
from cnap.source.feeds.machine import encoder
from cnap.source.feeds.machine import pattern as patterns
from cnap.source.feeds.machine.encoder import even, within
from cnap.source.feeds.machine.picture import Picture
from tests import stamps


def test_every_codec_that_a_url_can_ask_for_has_a_coder():
    assert set(CODECS) == set(encoder.CODERS)


def opened(url, size=None):
    return open_feed(Camera("pattern", url, size=size))


def taken(feed, count):
    packets = list(itertools.islice(feed.packets(), count))
    feed.close()
    return packets


def decoded(packets):
    codec = packets[0].stream.codec_context
    return [frame for packet in packets for frame in codec.decode(packet)]


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
def test_a_picture_tells_when_it_was_captured(codec):
    feed = opened(f"testsrc:?size=320x180&rate=50&codec={codec}")
    before = time.time()
    packets = taken(feed, 12)
    after = time.time()

    told = [stamps.of(frame) for frame in decoded(packets)]
    captured = [feed.zero + packet.pts * packet.time_base for packet in packets]
    assert [moment for moment, _ in told] == pytest.approx(captured, abs=0.001)
    assert before - 0.1 < told[0][0] and told[-1][0] < after
    assert packets[0].stream.codec_context.name == {"h265": "hevc"}.get(codec, codec)


def test_segments_of_it_decode_to_the_same_times():
    feed = opened("testsrc:?size=320x180&rate=60&gop=0.5")
    cutter = Cutter(feed.stream, 0.5)
    cuts = [cut for packet in taken(feed, 40) for cut in cutter.feed(packet)] + list(cutter.end())

    seen = []
    for cut in cuts:
        if cut.sequence == cut.gopstart:
            gop = Gop(cut.gopstart)
        data = memoryview(cut.data)
        for shown in gop.show(data, cut.datacontenttype, cut.heldback, cut.framecount, cut.gopend):
            captured = feed.zero + float(cut.start + shown.offset)
            moment, number = stamps.of(shown.frame)
            assert moment == pytest.approx(captured, abs=0.001)
            seen.append(number)
    assert len(seen) == 40


@pytest.mark.parametrize("size", [(160, 90), (320, 240), (1280, 720), (1080, 1920)])
@pytest.mark.parametrize("shown", [1.0, 0.6])
def test_the_stamp_is_read_from_scaled_pictures(size, shown):
    moment = Fraction(1_800_000_000_123, 1000)
    frame = Picture(size).at(moment, 70_000)
    scaled = frame.reformat(round(size[0] * shown), round(size[1] * shown))
    assert stamps.of(scaled) == (float(moment), 70_000 & 0xFFFF)


def test_a_picture_without_a_stamp_is_known():
    assert stamps.of(av.VideoFrame(320, 180, "yuv420p")) is None


def test_most_of_a_picture_stays_as_it_was():
    picture = Picture((1280, 720))
    one, next_one = (picture.at(Fraction(n, 25), n).to_ndarray() for n in (1, 2))
    assert 0 < (one != next_one).mean() < 0.05


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", Pattern((1280, 720), Fraction(25), 2.0, "h264")),
        ("?size=640x360", Pattern((640, 360), Fraction(25), 2.0, "h264")),
        ("?rate=12.5&gop=10", Pattern((1280, 720), Fraction(25, 2), 10.0, "h264")),
        ("?codec=mjpeg&rate=1", Pattern((1280, 720), Fraction(1), 2.0, "mjpeg")),
    ],
)
def test_what_a_url_asks_for(query, asked):
    assert Pattern.of(f"testsrc:{query}") == asked


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("?size=99999x99999", "size must be even numbers from 160x90 to 3840x2160"),
        ("?size=1281x720", "even numbers"),
        ("?size=big", "not 'big'"),
        ("?size=", "as in 1280x720"),
        ("?rate=0", "rate (frames a second) must be from 1 to 60, not '0'"),
        ("?rate=1e9", "not '1e9'"),
        ("?rate=nan", "not 'nan'"),
        ("?rate=25/0", "not '25/0'"),
        ("?gop=61", "gop (seconds between key frames) must be from 0 to 60"),
        ("?codec=vp9", "codec must be one of h264, h265, mjpeg"),
        ("?movie=/etc/passwd", "testsrc has no setting 'movie': there are size, rate, gop, codec"),
        ("movie=/etc/passwd", "write it as testsrc:?size="),
        ("//host/?rate=1", "write it as testsrc:?size="),
    ],
)
def test_what_is_not_understood_is_said_in_words(rest, words):
    with pytest.raises(Misconfigured) as error:
        opened(f"testsrc:{rest}")
    assert words in str(error.value)


def test_key_frames_come_as_often_as_asked():
    packets = taken(opened("testsrc:?size=160x90&rate=60&gop=0.1"), 25)
    keys = [n for n, packet in enumerate(packets) if packet.is_keyframe]
    assert keys == [0, 6, 12, 18, 24]


def test_no_picture_is_larger_than_anything_looks_at():
    feed = opened("testsrc:?size=1280x720", size=(500, 500))
    assert (feed.stream.width, feed.stream.height) == (500, 280)
    feed.close()


@pytest.mark.parametrize(
    ("size", "largest", "fits"),
    [
        ((1920, 1080), None, (1920, 1080)),
        ((1921, 1081), None, (1920, 1080)),
        ((1920, 1080), (640, 640), (640, 360)),
        ((1080, 1920), (640, 640), (360, 640)),
        ((640, 480), (1920, 1080), (640, 480)),
        ((10_000, 10), (100, 100), (100, 2)),
    ],
)
def test_sizes_are_even_and_within_the_largest(size, largest, fits):
    assert within(size, largest) == fits
    assert even(fits) == fits


def test_pictures_that_it_comes_too_late_for_are_left_out():
    feed = opened("testsrc:?size=160x90&rate=50")
    packets = feed.packets()
    first = next(packets)
    time.sleep(0.2)
    second = next(packets)
    assert second.pts - first.pts >= 0.16 * encoder.TICKS
    moment, _ = stamps.of(decoded([first, second])[1])
    assert moment == pytest.approx(feed.zero + second.pts * second.time_base, abs=0.001)
    feed.close()


def test_a_clock_that_was_set_back_stops_nothing(monkeypatch):
    feed = opened("testsrc:?size=160x90&rate=50")
    packets = feed.packets()
    first, zero = next(packets), feed.zero
    now = time.time_ns
    monkeypatch.setattr(patterns.time, "time_ns", lambda: now() - 3600 * 10**9)
    second = next(packets)

    assert second.pts > first.pts
    assert feed.zero == pytest.approx(zero - 3600, abs=10)
    feed.close()


def test_it_ends_when_it_is_closed():
    feed = opened("testsrc:?size=160x90&rate=1")
    packets = feed.packets()
    next(packets)
    feed.close()
    assert list(packets) == []


def test_a_missing_encoder_is_said_in_words(monkeypatch):
    monkeypatch.setitem(encoder.CODERS, "h264", "libx264-of-nobody")
    with pytest.raises(
        Misconfigured, match="has no libx264-of-nobody, which encodes h264: install"
    ):
        opened("testsrc:")
