"""Whatever replica takes a segment, in whatever order: the same frames at the same times."""

import itertools
import random
import threading

import pytest

from cnap import gops as gops_module
from cnap.errors import Missing
from cnap.gops import Gops
from tests import media
from tests.segments import assert_same, segments, show

CLIPS = [
    "bikes.mp4",
    "bottle-detection.mp4",
    "car-detection.mp4",
    "one-by-one-person-detection.mp4",
    "udacity_test_video.mp4",
]
UNEVEN = [0, 10, 50, 200, 210, 220, 600, 1000, 1001, 1003] + [1100 + 3 * i * i for i in range(30)]
OPEN_X264 = {"x264-params": "open-gop=1:bframes=3:b-adapt=0:keyint=12:scenecut=0"}
INTRA_REFRESH = {"x264-params": "intra-refresh=1:keyint=20:bframes=0"}
PYRAMID = {"x264-params": "b-pyramid=normal:bframes=8:b-adapt=0:keyint=30:scenecut=0"}
X265 = "log-level=none:pools=none:frame-threads=1:keyint=24:min-keyint=24:bframes=4"
HIDDEN_REFERENCES = {"auto-alt-ref": "1", "lag-in-frames": "16", "b": "200000"}
MADE = {
    "plain.mp4": {},
    "bframes.mp4": {"bframes": 3},
    "pyramid.mp4": {"bframes": 8, "gop": 30, "options": PYRAMID},
    "open-gop.mp4": {"bframes": 3, "options": OPEN_X264},
    "intra-refresh.mp4": {"frames": 90, "options": INTRA_REFRESH},
    "intra-refresh.ts": {"frames": 90, "options": INTRA_REFRESH},
    "short-gops.mp4": {"bframes": 3, "gop": 2},
    "intra.mp4": {"gop": 1, "frames": 12},
    "endless-gop.mp4": {"gop": 1000, "frames": 60},
    "one-frame.mp4": {"frames": 1},
    "uneven.mp4": {"times": UNEVEN},
    "uneven-bframes.mp4": {"times": UNEVEN, "bframes": 3},
    "long-gap.mp4": {"times": [0, 40, 80, 90000, 90040, 90080, 90120], "bframes": 3},
    "gap.mp4": {"times": [0, 40, 80, 30000, 30040, 30080, 30120]},
    "ten-bit.mp4": {"pixels": "yuv420p10le"},
    "sound.mp4": {"audio": True},
    "bframes.ts": {"bframes": 3},
    "bframes.mkv": {"bframes": 3},
    "bframes.flv": {"bframes": 3},
    "two-frames.mkv": {"bframes": 3, "frames": 2},
    "open-gop-h265.mp4": {"codec": "libx265", "options": {"x265-params": f"{X265}:open-gop=1"}},
    "open-gop-h265.mkv": {"codec": "libx265", "options": {"x265-params": f"{X265}:open-gop=1"}},
    "closed-h265.ts": {"codec": "libx265", "options": {"x265-params": f"{X265}:open-gop=0"}},
    "vp9.webm": {"codec": "libvpx-vp9", "frames": 20},
    "av1.mp4": {"codec": "libsvtav1", "frames": 20, "options": {"preset": "12"}},
    "mjpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p", "frames": 12},
    "mpeg4.avi": {"codec": "mpeg4", "bframes": 2},
    "mpeg2.ts": {"codec": "mpeg2video", "bframes": 2},
    "mpeg2.mxf": {"codec": "mpeg2video", "bframes": 2},
    "mpeg1.mpg": {"codec": "mpeg1video", "bframes": 2},
    "vp8.webm": {"codec": "libvpx", "options": {"deadline": "realtime"}},
    "vp8-hidden.webm": {"codec": "libvpx", "options": HIDDEN_REFERENCES},
    "prores.mov": {"codec": "prores_ks", "pixels": "yuv422p10le", "frames": 12},
    "huffyuv.avi": {"codec": "huffyuv", "pixels": "yuv422p", "frames": 12},
    "ffv1.mkv": {"codec": "ffv1", "frames": 12},
    "wmv.wmv": {"codec": "wmv2"},
    "raw.avi": {"codec": "rawvideo", "frames": 12},
    "raw-rgb.mov": {"codec": "rawvideo", "pixels": "rgb24", "frames": 12},
    "dv.avi": {"codec": "dvvideo", "size": (720, 576), "frames": 6},
    "palette.mov": {"codec": "rawvideo", "pixels": "gray", "frames": 30},
    "still.gif": {"codec": "gif", "pixels": "rgb8", "frames": 12},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A clip by its name, made once."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name):
        path = folder / name
        return path if path.exists() else media.clip(path, **MADE[name])

    return make


@pytest.fixture
def no_patience(monkeypatch):
    monkeypatch.setattr(gops_module, "PATIENCE", 0)


def through(found, replicas):
    """The frames of all segments, each taken by the next of the replicas."""
    return [
        one
        for segment, gops in zip(found, itertools.cycle(replicas), strict=False)
        for one in show(gops, segment)
    ]


@pytest.mark.parametrize("name", MADE)
def test_made_clips_come_out_as_a_plain_decode_has_them(made, folder_store, name):
    path = made(name)
    found = segments(path, folder_store, 0.3)
    wanted = media.plain(path)

    assert_same(through(found, [Gops(folder_store)]), wanted)
    assert_same(through(found, [Gops(folder_store), Gops(folder_store)]), wanted)


@pytest.mark.parametrize("name", CLIPS)
def test_real_clips_come_out_as_a_plain_decode_has_them(clip, folder_store, name):
    """In order and warm; then the first segments by two replicas in turn, and out of order."""
    path = clip(name)
    found = segments(path, folder_store)
    wanted = media.plain(path)

    assert_same(through(found, [Gops(folder_store)]), wanted)
    some = found[:5]
    wanted = wanted[: sum(segment.event.framecount for segment in some)]
    assert_same(through(some, [Gops(folder_store), Gops(folder_store)]), wanted)
    random.Random(name).shuffle(some)
    gops = Gops(folder_store)
    parts = {segment.event.id.sequence: show(gops, segment) for segment in some}
    assert_same([one for sequence in sorted(parts) for one in parts[sequence]], wanted)


@pytest.mark.parametrize("name", ["endless-gop.mp4", "pyramid.mp4", "open-gop-h265.mp4"])
def test_any_order_with_duplicates_gives_the_same_frames(made, folder_store, no_patience, name):
    path = made(name)
    found = segments(path, folder_store, 0.3)
    wanted = {segment.event.id: show(Gops(folder_store), segment) for segment in found}
    for seed in range(5):
        order = found * 2
        random.Random(seed).shuffle(order)
        replicas = [Gops(folder_store), Gops(folder_store, most=1)]
        for segment, gops in zip(order, itertools.cycle(replicas), strict=False):
            assert_same(show(gops, segment), wanted[segment.event.id])


@pytest.mark.parametrize("workers", [2, 8])
def test_segments_that_come_all_at_once(made, folder_store, workers):
    path = made("endless-gop.mp4")
    found = segments(path, folder_store, 0.1)
    gops = Gops(folder_store)
    parts, errors = {}, []

    def work(mine):
        for segment in mine:
            try:
                parts[segment.event.id.sequence] = show(gops, segment)
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(found[n::workers],)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert_same([one for n in sorted(parts) for one in parts[n]], media.plain(path))


def test_streams_that_were_dropped_for_others_are_taken_up_again(made, folder_store):
    path = made("endless-gop.mp4")
    streams = [segments(path, folder_store, 0.5, stream=name) for name in ("one", "two", "three")]
    gops = Gops(folder_store, most=2)
    parts = {
        segment: show(gops, segment) for turn in zip(*streams, strict=True) for segment in turn
    }

    for found in streams:
        assert_same([one for segment in found for one in parts[segment]], media.plain(path))


def test_a_missing_earlier_segment_is_missing_until_it_is_there(made, folder_store):
    path = made("endless-gop.mp4")
    found = segments(path, folder_store, 0.5)
    key = found[1].event.key()
    kept = bytes(folder_store.get(key))
    folder_store.delete(key)
    gops = Gops(folder_store)
    show(gops, found[0])

    with pytest.raises(Missing, match=key):
        gops.show(found[2].event)
    folder_store.put(key, kept)
    assert_same(
        through(found[:1], [Gops(folder_store)]) + show(gops, found[1]) + show(gops, found[2]),
        media.plain(path)[: sum(segment.event.framecount for segment in found[:3])],
    )


def test_no_segment_of_another_gop_is_needed(made, folder_store):
    path = made("plain.mp4")
    found = segments(path, folder_store)
    last = found[-1]
    for segment in found[:-1]:
        if segment.event.gopstart != last.event.gopstart:
            folder_store.delete(segment.event.key())

    assert len(show(Gops(folder_store), last)) == last.event.framecount
