"""A camera's packets become segments of one epoch, whatever its video does meanwhile."""

import itertools
import threading
from fractions import Fraction

import pytest

from cnap.decoder import Gop
from cnap.source.cut.cutting import Cutting
from cnap.source.feeds import FileFeed
from tests import media
from tests.test_cutter import times


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clips")


def cut(packets, cutting=None):
    cutting = cutting or Cutting(1.0)
    found = [one for packet in packets for one in cutting.feed(packet)]
    return found + list(cutting.end())


def joined(*paths):
    """Packets of several films on one timeline, as a folder's feed gives them."""
    end = 0
    for path in paths:
        feed = FileFeed(str(path), loop=False)
        scale = Fraction(1) / feed.stream.time_base
        shift = None
        for packet in feed.packets():
            if shift is None:
                shift = round(end * scale) - packet.pts
            packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
            end = max(end, (packet.pts + packet.duration) / scale)
            yield packet


def test_films_with_other_parameters_go_on_in_one_sequence(folder):
    """Another size, another codec, other ticks."""
    one = media.clip(folder / "one.mp4", frames=60, bframes=3)
    two = media.clip(folder / "two.mkv", frames=60, size=(96, 64), codec="libx265")
    three = media.clip(folder / "three.ts", frames=60, codec="mpeg2video")
    found = cut(joined(one, two, three))

    assert [one.sequence for one in found] == list(range(len(found)))
    assert sum(one.framecount for one in found) == 180
    shown = [time for one in found for time in sorted(times(one))]
    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(7.2, abs=0.2)
    assert max(float(b - a) for a, b in itertools.pairwise(shown)) < 0.2
    gop = None
    for segment in found:  # a decoder for each, as transcode would have it
        gop = gop or Gop(segment.sequence)
        got = gop.show(memoryview(segment.data), segment.datacontenttype, *_counts(segment))
        assert all(shown.frame is not None for shown in got)
        gop = None if segment.gopend else gop


def _counts(segment):
    return segment.heldback, segment.framecount, segment.gopend


def test_a_gop_ends_where_other_parameters_begin(folder):
    one = media.clip(folder / "long.mp4", frames=30, gop=100)
    two = media.clip(folder / "other.mp4", frames=30, gop=100, size=(32, 32))
    found = cut(joined(one, two))

    assert [one.gopend for one in found] == [False, True, False, True]
    assert [one.gopstart for one in found] == [0, 0, 2, 2]


def test_what_comes_before_the_first_key_frame_is_left_out(folder):
    feed = FileFeed(str(media.clip(folder / "mid.mp4", frames=60, gop=25)), loop=False)
    packets = list(feed.packets())
    cutting = Cutting(1.0)

    assert list(cutting.feed(packets[7])) == []
    assert not cutting.begun
    found = cut(packets[8:], cutting)
    assert cutting.note == ""
    assert sum(one.framecount for one in found) == 35
    assert min(times(found[0])) == found[0].start == 1


def test_where_no_key_frame_comes_it_begins_without(folder):
    feed = FileFeed(str(media.clip(folder / "none.mp4", frames=400, gop=1000)), loop=False)
    packets = list(feed.packets())[1:]
    cutting, notes = Cutting(1.0), set()
    found = []
    for packet in packets:
        found += cutting.feed(packet)
        notes.add(cutting.note)

    assert sum(one.framecount for one in found) > 60
    assert notes == {"", "no key frame to begin with: the first pictures are wrong"}
    shown = Gop(0).show(memoryview(found[0].data), "video/mp4", *_counts(found[0]))
    assert all(one.frame is not None for one in shown)


def test_without_key_frames_for_long_people_are_told(folder):
    feed = FileFeed(str(media.clip(folder / "far.mp4", frames=900, gop=2000)), loop=False)
    cutting = Cutting(1.0)
    found = [one for packet in feed.packets() for one in cutting.feed(packet)]

    assert cutting.note.startswith("no key frame for 30 s: pictures are wrong where")
    assert found[-1].decodefrom == found[-1].sequence - 30


def test_bytes_are_made_when_asked_for_wherever_that_is(folder, monkeypatch):
    """Also while the next packets are read, and when the camera is closed."""
    path = media.clip(folder / "bytes.mp4", frames=250, gop=50)
    feed = FileFeed(str(path), loop=False)
    cutting, found, data = Cutting(1.0), [], {}
    wanted = {one.sequence: bytes(one.data) for one in cut(FileFeed(str(path), False).packets())}
    workers = []
    for packet in feed.packets():
        for one in cutting.feed(packet):
            found.append(one)
            if one.sequence % 2:
                workers += [
                    threading.Thread(
                        target=lambda one=one: data.setdefault(one.sequence, []).append(one.data)
                    )
                    for _ in range(2)
                ]
                workers[-1].start()
                workers[-2].start()
    found += cutting.end()
    feed.close()
    for worker in workers:
        worker.join()

    assert {one.sequence: one.data for one in found} == wanted
    assert all(set(twice) == {wanted[n]} and len(twice) == 2 for n, twice in data.items())


def test_what_nobody_asks_for_is_not_muxed(folder, monkeypatch):
    from cnap.source.cut.muxer import Muxer

    muxed = []
    monkeypatch.setattr(Muxer, "mux", lambda self, packets: muxed.append(packets) or b"")
    found = cut(FileFeed(str(media.clip(folder / "idle.mp4", frames=100)), False).packets())

    assert sum(one.size for one in found) > 1000
    assert muxed == []
