"""Cutting: short segments whatever the key frames, every frame in one of them, on one timeline."""

import itertools
from fractions import Fraction

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cnap.source.cut.cutter import Cutter
from cnap.source.feeds import FileFeed
from tests import media
from tests.segments import cuts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clips")


def boxes(data):
    """The kinds of the MP4's top-level boxes."""
    place = 0
    while place < len(data):
        yield data[place + 4 : place + 8].decode()
        place += int.from_bytes(data[place : place + 4], "big")


def times(cut):
    """Presentation times (seconds) of a segment's packets, in decode order."""
    import io

    with av.open(io.BytesIO(cut.data)) as container:
        stream = container.streams.video[0]
        return [p.pts * Fraction(stream.time_base) for p in container.demux(stream) if p.size]


def assert_sound(found):
    """What must be true of any stream's segments."""
    assert [cut.sequence for cut in found] == list(range(len(found)))
    assert found[-1].gopend
    held = 0
    for before, cut in itertools.pairwise([None, *found]):
        if before is None or before.gopend:
            assert (cut.gopstart, cut.heldback) == (cut.sequence, 0)
            held = 0
        else:
            assert cut.gopstart == before.gopstart
        assert cut.heldback == held
        shown = times(cut)
        assert cut.start == min(shown) >= 0
        held += len(shown) - cut.framecount
        assert held >= 0
        assert not (cut.gopend and held)


@pytest.mark.parametrize("bframes", [0, 3])
@pytest.mark.parametrize(("gop", "count"), [(1, 20), (2, 17), (5, 20), (25, 4), (1000, 1)])
def test_segments_are_short_whatever_the_distance_of_key_frames(folder, gop, count, bframes):
    """GOPs of less than half a segment share one: an event a frame would cost too much."""
    path = media.clip(folder / f"{gop}-{bframes}.mp4", gop=gop, bframes=bframes, frames=100)
    found = cuts(path, 0.4)

    assert_sound(found)
    assert sum(cut.framecount for cut in found) == 100
    assert max(cut.duration for cut in found) <= Fraction(4, 10) + Fraction(4, 25)
    assert len({cut.gopstart for cut in found}) == count


def test_the_real_clip_with_the_longest_gop_is_cut_into_seconds(clip):
    found = cuts(clip("bottle-detection.mp4"))

    assert_sound(found)
    assert sum(cut.framecount for cut in found) == 1189
    assert max(cut.duration for cut in found) < 1.2


def test_a_segment_is_an_init_section_and_one_fragment(folder):
    first, second, *_ = cuts(media.clip(folder / "boxes.mp4", bframes=3), 0.3)

    for cut in (first, second):
        assert [kind for kind in boxes(cut.data) if kind != "mfra"] == [
            "ftyp",
            "moov",
            "moof",
            "mdat",
        ]
    init = first.data.index(b"moof") - 4
    assert first.data[:init] == second.data[:init]


def test_segments_put_together_are_the_stream_again(folder):
    """As the page plays them: one init section, then the bare fragments."""
    path = media.clip(folder / "whole.mp4", bframes=3, frames=60)
    found = cuts(path, 0.3)
    whole = folder / "again.mp4"
    init = found[0].data[: found[0].data.index(b"moof") - 4]
    whole.write_bytes(init + b"".join(cut.data[len(init) :] for cut in found))

    again, wanted = media.plain(whole), media.plain(path)
    assert [t - again[0][0] for t, _ in again] == [t - wanted[0][0] for t, _ in wanted]
    assert all((a == b).all() for (_, a), (_, b) in zip(again, wanted, strict=True))


def test_a_second_file_goes_on_where_the_first_one_ended(folder):
    camera = FileFeed(str(media.clip(folder / "second.mp4", bframes=3)), loop=False)
    cutter = Cutter(camera.stream, sequence=7, start=Fraction(5, 2))
    found = [c for packet in camera.packets() for c in cutter.feed(packet)] + list(cutter.end())

    assert found[0].sequence == found[0].gopstart == 7
    assert Fraction(5, 2) <= found[0].start <= Fraction(5, 2) + Fraction(3, 25)


def test_a_stream_of_nothing_has_no_segments(folder):
    camera = FileFeed(str(media.clip(folder / "nothing.mp4", frames=1)), loop=False)

    assert list(Cutter(camera.stream).end()) == []


ODD = some.lists(
    some.tuples(some.integers(-2000, 90000), some.integers(0, 3), some.booleans()),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("bframes", [0, 3])
@given(ODD)
@settings(max_examples=50, deadline=None)
def test_decode_times_of_any_kind_make_sound_segments(folder, bframes, steps):
    """Steps back, repeated times, jumps, key frames anywhere: nothing is lost."""
    path = folder / f"odd-{bframes}.mp4"
    if not path.exists():
        media.clip(path, frames=40, bframes=bframes)
    camera = FileFeed(str(path), loop=False)
    cutter, found, dts, fed = Cutter(camera.stream), [], -500, 0
    for packet, (step, ahead, key) in zip(camera.packets(), steps, strict=False):
        dts += step
        packet.dts, packet.pts = dts, dts + ahead * 512
        packet.is_keyframe = key
        packet.duration = 0 if key else 512
        found += cutter.feed(packet)
        fed += 1
    found += cutter.end()
    camera.close()

    assert_sound(found)
    assert sum(cut.framecount for cut in found) == fed
