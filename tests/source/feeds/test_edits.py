"""Edit lists: what a player hides is neither counted nor shown, and needed all the same."""

import itertools

import pytest

from cnap.gops import Gops
from cnap.source.cut.cutter import Cutter
from cnap.source.feeds import FileFeed
from tests import boxes, media
from tests.segments import assert_same, segments, show

X265 = "log-level=none:pools=none:frame-threads=1:keyint=24:min-keyint=24:bframes=4:open-gop=1"
KINDS = {
    "plain": {},
    "bframes": {"bframes": 3},
    "endless": {"bframes": 3, "gop": 1000},
    "open-gop": {
        "bframes": 3,
        "options": {"x264-params": "open-gop=1:bframes=3:b-adapt=0:keyint=12:scenecut=0"},
    },
    "intra": {"gop": 1},
    "h265": {"codec": "libx265", "options": {"x265-params": X265}},
    "mpeg4": {"codec": "mpeg4", "bframes": 2},
}
EDITS = {
    "its start": [(0.3, 9)],
    "all but its end": [(1.7, 9)],
    "its end": [(0, 1.02)],
    "both": [(0.5, 0.9)],
    "all but a frame": [(1.0, 0.04)],
}
SEVERAL = {
    "its middle": [(0.2, 0.5), (1.2, 0.6)],
    "and turned around": [(1.2, 0.5), (0.2, 0.5)],
    "and shown twice": [(0.5, 0.4), (0.5, 0.4)],
}


def film(folder, kind, edits):
    return boxes.edited(media.clip(folder / "film.mp4", frames=60, **KINDS[kind]), *edits)


def assert_as_a_plain_decode(path, store):
    found, wanted = segments(path, store, 0.3), media.plain(path)
    for replicas in ([Gops(store)], [Gops(store), Gops(store)]):
        shown = [
            show(gops, segment)
            for segment, gops in zip(found, itertools.cycle(replicas), strict=False)
        ]
        assert_same([frame for frames in shown for frame in frames], wanted)


@pytest.mark.parametrize("hidden", EDITS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_film_without(tmp_path, folder_store, kind, hidden):
    assert_as_a_plain_decode(film(tmp_path, kind, EDITS[hidden]), folder_store)


@pytest.mark.parametrize("edits", SEVERAL)
@pytest.mark.parametrize("kind", ["plain", "bframes", "endless", "intra", "mpeg4"])
def test_a_film_of_several_edits_without(tmp_path, folder_store, kind, edits):
    assert_as_a_plain_decode(film(tmp_path, kind, SEVERAL[edits]), folder_store)


def test_what_is_hidden_for_good_is_not_sent(tmp_path):
    path = film(tmp_path, "plain", [(0, 0.2)])

    assert len(list(FileFeed(str(path), loop=False).packets())) == 5


def test_a_loop_shows_no_more_than_a_player(tmp_path):
    path = film(tmp_path, "bframes", [(0.3, 0.6)])
    once = list(FileFeed(str(path), loop=False).packets())
    camera = FileFeed(str(path), loop=True)
    packets = list(itertools.islice(camera.packets(), 2 * len(once)))
    shown = sorted(packet.pts for packet in packets if not packet.is_discard)
    cutter = Cutter(camera.stream, 0.3)
    found = [cut for packet in packets for cut in cutter.feed(packet)] + list(cutter.end())
    camera.close()

    assert len(set(shown)) == sum(cut.framecount for cut in found) == 30
