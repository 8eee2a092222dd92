"""Folders as cameras: films and pictures of any kind one after another, on one timeline."""

import itertools
import logging
import os
import shutil
from pathlib import Path

import pytest

from cnap.cameras import Camera
from cnap.source.cut.cutting import Cutting
from cnap.source.feeds import CameraFailed, Misconfigured, open_feed
from tests import media


@pytest.fixture
def folder(tmp_path):
    """Three films that differ in all, between two pictures."""
    place = tmp_path / "shots"
    place.mkdir()
    media.clip(place / "2.mp4", frames=10, size=(64, 48))
    media.clip(place / "3.mkv", frames=7, size=(96, 64), codec="mpeg4", rate=10)
    media.clip(place / "10.mp4", frames=6, bframes=2, rate=30)
    (place / "1.jpg").write_bytes(media.jpeg(media.picture(0, (64, 48))))
    (place / "11.PNG").write_bytes(media.png(32, 24))
    return place


def opened(folder, loop=False, framerate=None):
    return open_feed(Camera("shots", str(folder), loop=loop, framerate=framerate))


def sizes(packets):
    """(width, frames) of each part."""
    parts = itertools.groupby(packets, key=lambda packet: packet.stream)
    return [(stream.width, len(list(part))) for stream, part in parts]


WHOLE = [(64, 1), (64, 10), (96, 7), (64, 6), (32, 1)]


def seconds(ticks, packet):
    return float(ticks * packet.time_base)


def test_one_file_after_another_in_natural_order_on_one_timeline(folder):
    feed = opened(folder)
    packets = list(feed.packets())

    assert not feed.live
    assert sizes(packets) == WHOLE
    decode = [seconds(packet.dts, packet) for packet in packets]
    assert decode == sorted(set(decode))
    assert all(packet.pts >= packet.dts for packet in packets)
    last = packets[-1]
    length = seconds(last.pts + last.duration, last) - seconds(packets[0].pts, packets[0])
    # Frames that are reordered are shown later than they are decoded.
    assert length == pytest.approx(1 + 10 / 25 + 7 / 10 + 6 / 30 + 1, abs=0.2)


def test_each_part_is_cut_with_its_own_stream_and_muxed_when_the_feed_has_gone_on(folder):
    feed = opened(folder)
    cutting = Cutting(0.5)
    cuts = []
    for packet in feed.packets():
        assert feed.stream is packet.stream
        cuts += cutting.feed(packet)
    cuts += cutting.end()
    feed.close()

    assert sum(cut.framecount for cut in cuts) == sum(frames for _, frames in WHOLE)
    assert [cut.sequence for cut in cuts] == list(range(len(cuts)))
    assert all(cut.data for cut in cuts)


def test_a_loop_begins_again_with_what_the_folder_holds_by_then(folder):
    feed = opened(folder, loop=True)
    packets = feed.packets()
    first = list(itertools.islice(packets, 20))
    shutil.copy(folder / "2.mp4", folder / "4.mp4")
    (folder / "1.jpg").unlink()

    again = first + list(itertools.islice(packets, 5 + 35))
    assert sizes(again[:25]) == WHOLE
    assert sizes(again[25:])[:3] == [(64, 10), (96, 7), (64, 10)]
    decode = [seconds(packet.dts, packet) for packet in again]
    assert decode == sorted(set(decode))
    feed.close()


def test_a_picture_is_shown_as_long_as_is_asked(folder):
    feed = opened(folder, framerate=0.25)
    first, second = itertools.islice(feed.packets(), 2)

    assert (first.stream.codec_context.name, first.is_keyframe) == ("mjpeg", True)
    assert seconds(first.duration, first) == 4
    assert seconds(second.dts, second) == pytest.approx(4)
    assert opened(folder).framerate == 1
    feed.close()


def test_what_cannot_be_read_is_left_out_and_named_once(folder, caplog):
    (folder / "0.mp4").write_bytes(b"no film")
    (folder / "5.jpg").write_bytes(media.jpeg(media.picture(0, (64, 48)))[:200])
    (folder / "6.webp").write_bytes(b"RIFF....WEBP")
    (folder / "7.mp4").symlink_to(folder / "nowhere.mp4")
    media.sound(folder / "8.mp4")
    os.mkfifo(folder / "9.mp4")
    (folder / "notes.txt").write_text("hello")
    feed = opened(folder, loop=True)
    with caplog.at_level(logging.WARNING):
        packets = list(itertools.islice(feed.packets(), 75))

    assert sizes(packets)[:5] == WHOLE and len(sizes(packets)) >= 15
    told = [message for name, _, message in caplog.record_tuples if name == "cnap.folder"]
    assert len(told) == len(set(told))
    for name, why in {
        "5.jpg": "no whole JPEG or PNG",
        "6.webp": "no whole JPEG or PNG",
        "7.mp4": "it is no file",
        "8.mp4": "has no video in it",
        "9.mp4": "it is no file",
    }.items():
        assert sum(name in words and why in words for words in told) == 1, name
    assert feed.note == "left out: 0.mp4 is not a video file: Invalid data found when processing " \
        "input (and 5 more)"  # fmt: skip
    feed.close()


def test_a_film_that_is_whole_in_the_next_round_is_taken_then(folder):
    film = (folder / "2.mp4").read_bytes()
    (folder / "2.mp4").write_bytes(film[:300])
    feed = opened(folder, loop=True)
    packets = feed.packets()
    list(itertools.islice(packets, 10))
    assert "2.mp4" in feed.note
    (folder / "2.mp4").write_bytes(film)

    list(itertools.islice(packets, 25))
    assert feed.note == ""
    feed.close()


def test_strays_are_named(folder, caplog):
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (folder / name).write_text("")
    opened(folder).close()
    assert "neither film nor picture, left out: a.txt, b.txt, c.txt and 1 more" in caplog.text


def test_a_folder_without_films_is_a_mistake_of_configuration(tmp_path):
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(Misconfigured, match="has no film and no picture in it"):
        opened(tmp_path)


def test_a_folder_whose_films_are_gone_says_so(folder):
    feed = opened(folder, loop=True)
    packets = feed.packets()
    next(packets)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(Misconfigured, match="has no film"):
        list(packets)
    feed.close()


@pytest.mark.parametrize("loop", [False, True])
def test_a_folder_of_which_nothing_can_be_read_fails_with_its_reason(tmp_path, loop):
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(CameraFailed, match=r"can be read: left out: a.mp4 is empty"):
        opened(tmp_path, loop)


def test_a_url_of_a_folder_and_one_film_in_it(tmp_path):
    media.clip(tmp_path / "a.mp4", frames=4)
    feed = open_feed(Camera("shots", tmp_path.as_uri(), loop=True))
    assert len(list(itertools.islice(feed.packets(), 10))) == 10
    assert feed.framerate == 25
    feed.close()


def open_files(folder):
    links = map(os.path.realpath, Path("/proc/self/fd").iterdir())
    return sum(link.startswith(str(folder)) for link in links)


def test_no_film_stays_open_for_ever(tmp_path):
    media.clip(tmp_path / "a.mp4", frames=2)
    feed = opened(tmp_path, loop=True)
    list(itertools.islice(feed.packets(), 200))
    assert open_files(tmp_path) <= 1
    feed.close()
    assert open_files(tmp_path) == 0
