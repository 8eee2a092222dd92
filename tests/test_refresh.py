"""Key frames far apart, or none after the first: any replica takes over soon, and the same frames
come out. What it costs is bounded, and so is what the store keeps for it."""

import itertools
import random

import av
import numpy as np
import pytest

from cnap.gops import Gops
from cnap.source.cut.cutter import Cutter
from cnap.source.feeds import FileFeed
from tests import media
from tests.segments import assert_same, cuts, segments, show

SIZE = (96, 64)
REFRESHED = {"x264-params": "intra-refresh=1:keyint=50:scenecut=0", "preset": "veryfast"}
X265 = "log-level=none:pools=none:frame-threads=1:open-gop=1:keyint=50:min-keyint=50:bframes=4"
OPEN = {"x264-params": "open-gop=1:keyint=50:scenecut=0", "preset": "veryfast"}
CLIPS = {
    "intra-refresh.mp4": {"options": REFRESHED},
    "intra-refresh.ts": {"options": REFRESHED},
    "intra-refresh-bframes.mp4": {"options": REFRESHED, "bframes": 3},
    "open-gop.mp4": {"options": OPEN, "bframes": 3},
    "open-gop-h265.mp4": {"codec": "libx265", "options": {"x265-params": X265}},
}


def moving(count):
    """Pictures that no decoder guesses from those before."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    for n in range(count):
        planes = (np.sin((x + 3 * n) / 7), np.cos((y - 2 * n) / 5), np.sin((x + y + n) / 9))
        yield (np.stack(planes, -1) * 70 + 128).astype(np.uint8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A clip of 60 s (1500 frames) by its name, made once."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name):
        path = folder / name
        if not path.exists():
            media.clip(path, size=SIZE, gop=50, pictures=list(moving(1500)), **CLIPS[name])
        return path

    return make


@pytest.fixture
def counting(monkeypatch, folder_store):
    """How many segments were fetched to be decoded for the sake of others."""
    fetched, get = [], folder_store.get

    def counted(key):
        fetched.append(key)
        return get(key)

    monkeypatch.setattr(folder_store, "get", counted)
    return fetched


@pytest.mark.parametrize("name", CLIPS)
def test_a_warm_decoder_goes_on_and_another_takes_over_anywhere(made, folder_store, counting, name):
    found = segments(made(name), folder_store)
    wanted = media.plain(made(name))
    warm = Gops(folder_store)
    parts = [show(warm, segment) for segment in found]

    assert_same([frame for part in parts for frame in part], wanted)
    assert len(counting) == len(found)  # each once
    for number in random.Random(name).sample(range(len(found)), 12):
        counting.clear()
        assert_same(show(Gops(folder_store), found[number]), parts[number])
        # A refresh takes two seconds, ends somewhere in a segment, and begins at most two before.
        assert len(counting) <= 7


@pytest.mark.parametrize("name", CLIPS)
def test_segments_stay_short_and_say_from_where_to_decode(made, name):
    found = cuts(made(name))

    assert sum(cut.framecount for cut in found) == 1500
    assert all(0.9 <= cut.duration <= 1.2 for cut in found[:-1])
    begins = [cut.decodefrom for cut in found]
    assert begins == sorted(begins)
    assert all(cut.sure and cut.sequence - 6 <= cut.decodefrom for cut in found)


def unmarked(path):
    """Packets of a stream in which nothing says where a decoder can begin, but at its beginning."""
    feed = FileFeed(str(path), loop=False)
    without = av.BitStreamFilterContext("filter_units=remove_types=6", feed.stream)
    for number, packet in enumerate(feed.packets()):
        for bare in without.filter(packet):
            bare.is_keyframe = number == 0
            bare.stream = feed.stream
            yield bare


@pytest.fixture
def bare(made, folder_store, monkeypatch):
    """The segments of such a stream."""

    class Bare(FileFeed):
        def packets(self):
            return unmarked(self.path)

    monkeypatch.setattr("tests.segments.FileFeed", Bare)
    return segments(made("intra-refresh.mp4"), folder_store, longest=8)


def test_without_any_key_frame_pictures_are_right_when_they_were_refreshed(
    bare, made, folder_store, counting
):
    wanted = media.plain(made("intra-refresh.mp4"))
    warm = Gops(folder_store)
    parts = [show(warm, segment) for segment in bare]

    assert_same([frame for part in parts for frame in part], wanted)
    for number in random.Random(1).sample(range(len(bare)), 8):
        counting.clear()
        again = show(Gops(folder_store), bare[number])
        assert len(counting) <= 9
        assert_same(again, parts[number])


def test_a_camera_without_key_frames_is_not_sure_of_them_after_a_while(made):
    packets = list(unmarked(made("intra-refresh.mp4")))
    cutter = Cutter(packets[0].stream, longest=8)
    found = [cut for packet in packets for cut in cutter.feed(packet)]

    assert [cut.sure for cut in found] == [True] * 9 + [False] * (len(found) - 9)
    assert all(cut.sequence - cut.decodefrom <= 8 for cut in found)


def test_ten_seconds_between_key_frames_are_ten_segments(tmp_path, folder_store, counting):
    path = media.clip(tmp_path / "long.mp4", frames=750, gop=250)
    found = segments(path, folder_store)

    assert len(found) == 30
    assert {one.event.gopstart for one in found} == {0, 10, 20}
    assert_same(show(Gops(folder_store), found[-1]), media.plain(path)[-25:])
    assert len(counting) == 10


def test_segments_that_are_lost_cost_no_more_than_a_refresh(made, folder_store):
    """A store that was away for a while: what can be decoded without is shown."""
    found = segments(made("intra-refresh.mp4"), folder_store)
    wanted = media.plain(made("intra-refresh.mp4"))
    for segment in found[10:13]:
        folder_store.delete(segment.event.key())
    gops, shown = Gops(folder_store), []
    for segment in found[:10] + [one for one in found if one.event.begins > 12]:
        shown += show(gops, segment)
    first = next(n for n, one in enumerate(found) if one.event.begins > 12)

    assert first <= 18
    assert_same(shown, wanted[: 10 * 25] + wanted[first * 25 :])


def test_events_of_a_gop_are_in_order(made):
    found = cuts(made("intra-refresh-bframes.mp4"))

    for before, after in itertools.pairwise(found):
        assert after.heldback + 25 >= before.heldback
        assert before.decodefrom <= after.decodefrom <= after.sequence
