"""Segments of live video end with their last frame, not with the one after it."""

import pytest

from cnap.decoder import Gop
from cnap.source.cut.cutter import Cutter
from cnap.source.feeds import FileFeed
from tests import media


def cut(path, seconds, eager):
    """The segments, each with how many packets had come when it was known to be whole."""
    feed = FileFeed(str(path), loop=False)
    cutter, found, fed = Cutter(feed.stream, seconds, eager=eager), [], 0
    for packet in feed.packets():
        fed += 1
        found += [(one, fed) for one in cutter.feed(packet)]
    return found + [(one, fed + 1) for one in cutter.end()]


def places(found):
    return [(one.sequence, one.gopstart, one.framecount, one.heldback) for one, _ in found]


def pictures(found):
    gop, shown = None, []
    for one, _ in found:
        if gop is None or one.sequence == one.gopstart:
            gop = Gop(one.sequence)
        data = memoryview(one.data)
        shown += gop.show(data, one.datacontenttype, one.heldback, one.framecount, one.gopend)
    return [one.frame is not None for one in shown]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("gop", [10, 12, 25, 30, 1000])
@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_the_same_segments_a_frame_earlier(tmp_path, codec, gop, seconds):
    options = {"x265-params": "bframes=0"} if codec == "libx265" else None
    path = media.clip(tmp_path / "a.mp4", codec, frames=100, rate=25, gop=gop, options=options)
    patient, eager = cut(path, seconds, False), cut(path, seconds, True)

    assert places(eager) == places(patient)
    long = [n for n, (one, _) in enumerate(patient) if one.framecount >= 25 * seconds]
    assert long or gop < 25 * seconds
    assert [eager[n][1] for n in long] == [patient[n][1] - 1 for n in long]
    assert pictures(eager) == [True] * 100


def test_where_frames_are_reordered_the_next_one_decides(tmp_path):
    path = media.clip(tmp_path / "b.mp4", frames=100, rate=25, gop=30, bframes=3)

    patient, eager = cut(path, 0.4, False), cut(path, 0.4, True)
    assert [fed for _, fed in eager] == [fed for _, fed in patient]
    assert places(eager) == places(patient)


def test_frames_far_apart_are_not_told_in_advance(tmp_path):
    path = media.clip(tmp_path / "c.mp4", frames=6, gop=100, times=[0, 900, 1000, 1040, 1900, 2800])

    assert [one.framecount for one, _ in cut(path, 1.0, True)] == [
        one.framecount for one, _ in cut(path, 1.0, False)
    ]


def test_a_frame_that_comes_late_begins_the_next_segment(tmp_path):
    """The pace was 25 frames a second, and then one is missing."""
    times = [40 * n for n in range(25)] + [1400, 1440, 1480]
    path = media.clip(tmp_path / "d.mp4", frames=28, gop=100, times=times)

    found = cut(path, 1.0, True)
    assert [one.framecount for one, _ in found] == [25, 3]
    assert found[0][1] == 25
