"""One GOP's decoder: what comes out of segments that are whole, broken or hostile."""

import gc
import io
import random
import struct

import av
import pytest

from cnap import demuxer
from cnap.decoder import Gop
from cnap.demuxer import Demuxed
from cnap.errors import BadMedia
from cnap.events.attributes import MAX_FRAMES, MAX_HELDBACK
from cnap.source.cut.cutter import Cutter
from cnap.source.feeds import FileFeed
from tests import boxes, media
from tests.segments import cuts

MP4, TS = "video/mp4", "video/mp2t"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def endless(folder):
    """Segments of one GOP of 60 frames, some of them B-frames."""
    return cuts(media.clip(folder / "endless.mp4", gop=1000, frames=60, bframes=3), 0.4)


@pytest.fixture(scope="module")
def data(folder):
    """A segment of ten frames, each of which needs the one before it."""
    return cuts(media.clip(folder / "ten.mp4", frames=10, gop=20))[0].data


def show(data, framecount, content_type=MP4, heldback=0, last=True):
    return Gop(0).show(memoryview(data), content_type, heldback, framecount, last)


def pictures(shown):
    return [one.frame is not None for one in shown]


def spoiled(data, start, length):
    return data[:start] + random.Random(start).randbytes(length) + data[start + length :]


@pytest.mark.parametrize("content_type", [MP4, TS])
@pytest.mark.parametrize(
    "junk",
    [b"", b"this is not a film\n" * 20, bytes(5000), b"G" * 5000, random.Random(1).randbytes(9000)],
    ids=["empty", "text", "zeros", "sync bytes", "noise"],
)
def test_what_is_no_video_is_said_in_one_line(junk, content_type):
    with pytest.raises(BadMedia, match=r"^this is not (mp4|mpegts) video: .{5,60}$"):
        show(junk, 1, content_type)


def test_a_file_without_frames_or_without_pictures(folder, data):
    with pytest.raises(BadMedia, match="no frames in it"):
        show(data[: data.index(b"moof") - 4], 10)
    with pytest.raises(BadMedia, match="no video in it"):
        show(media.sound(folder / "sound.mp4").read_bytes(), 10)


@pytest.mark.parametrize("content_type", [MP4, TS])
def test_a_truncated_segment_gives_the_frames_it_has(folder, data, content_type):
    if content_type == TS:
        data = media.clip(folder / "ten.ts", frames=10, gop=20).read_bytes()
    whole = pictures(show(data, 10, content_type))
    counts = [sum(pictures(shown)) for shown in truncations(data, content_type)]

    assert whole == [True] * 10
    assert counts == sorted(counts)
    assert set(counts) >= {1, 5, 9}


def truncations(data, content_type):
    for end in range(0, len(data), 40):
        try:
            shown = show(data[:end], 10, content_type)
        except BadMedia:
            shown = []
        assert len(shown) in (0, 10)
        yield shown


def test_noise_anywhere_in_a_segment_never_does_worse_than_fail(data):
    for start in range(0, len(data), 25):
        try:
            shown = show(spoiled(data, start, 30), 10)
        except BadMedia:
            continue
        assert len(shown) == 10


@pytest.mark.parametrize("table", [b"stsz", b"trun"])
def test_a_few_bytes_that_claim_millions_of_frames_are_refused(data, table):
    with pytest.raises(BadMedia, match="claims to have more than 1,000,000 samples"):
        show(boxes.claiming(data, table, 2_000_000), 10)
    if table == b"trun":
        assert len(show(boxes.claiming(data, table, 10), 10)) == 10


@pytest.mark.parametrize(
    ("bframes", "pyramid"), [(0, "none"), (1, "none"), (3, "none"), (3, "normal")]
)
def test_how_far_frames_are_reordered_is_known_before_any_is_decoded(folder, bframes, pyramid):
    options = {"x264-params": f"bframes={bframes}:b-pyramid={pyramid}:b-adapt=0"}
    path = media.clip(folder / "b.mp4", frames=25, gop=25, bframes=bframes, options=options)
    (cut,) = cuts(path, 2.0)
    with av.open(io.BytesIO(cut.data)) as probed:
        depth = probed.streams.video[0].codec_context.reorder_depth

    with Demuxed(memoryview(cut.data), MP4) as (stream, _):
        assert stream.codec_context.reorder_depth == depth
    assert all(pictures(show(cut.data, 25)))


def test_what_compressed_headers_claim_is_not_looked_at(data):
    with pytest.raises(BadMedia, match="claims to have more than"):
        show(boxes.compressed(data), 10)


def test_a_film_whose_media_are_in_another_file_has_none(folder, monkeypatch):
    film = media.clip(folder / "film.mov", frames=10, gop=5)
    monkeypatch.chdir(folder)  # where FFmpeg, were it told to, would look for it
    assert all(pictures(show(film.read_bytes(), 10, "video/quicktime")))

    with pytest.raises(BadMedia, match="no frames in it"):
        show(boxes.elsewhere(film.read_bytes(), film), 10, "video/quicktime")


def test_a_picture_over_the_limit_is_refused_before_it_is_decoded(data, monkeypatch):
    monkeypatch.setattr(demuxer, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(BadMedia, match="a picture of 64x48 is over the limit"):
        show(data, 10)


def test_a_frame_that_turns_out_over_the_limit_fails(folder, monkeypatch):
    """The file says 64x48, and the JPEG of its one frame says 60000x60000."""
    cut = cuts(media.clip(folder / "m.mp4", codec="mjpeg", pixels="yuvj420p", frames=1))[0]
    bomb = bytearray(cut.data)
    struct.pack_into(">HH", bomb, bomb.index(b"\xff\xc0") + 5, 60000, 60000)

    assert pictures(show(bytes(bomb), 1)) == [False]
    assert pictures(show(cut.data, 1)) == [True]
    monkeypatch.setitem(demuxer.LIMITS, "max_pixels", str(64 * 48 - 1))
    assert pictures(show(cut.data, 1)) == [False]


@pytest.mark.parametrize("size", [(2, 2), (7680, 4320)])
def test_the_smallest_and_the_largest_pictures(folder, size):
    cut = cuts(media.black(folder / f"{size[0]}.mp4", size))[0]
    (one,) = show(cut.data, 1)

    assert (one.frame.width, one.frame.height) == size


def test_a_picture_of_one_pixel(folder):
    clip = media.clip(folder / "1.mp4", size=(1, 1), pixels="yuv444p", frames=3)

    assert pictures(show(cuts(clip)[0].data, 3)) == [True] * 3


def test_more_frames_than_a_segment_may_hold(folder):
    path = media.clip(folder / "many.mp4", size=(16, 16), frames=MAX_FRAMES + 1, gop=5000)
    with pytest.raises(BadMedia, match=f"more than {MAX_FRAMES} frames"):
        show(path.read_bytes(), 10)


@pytest.mark.parametrize(
    ("framecount", "heldback", "expected"),
    [
        (12, 0, [True] * 10 + [False] * 2),
        (10, 2, [False] * 2 + [True] * 8),
        (1, 2, [False]),
        (0, 0, []),
        (3, 16, [False] * 3),
    ],
    ids=["too many", "held back by nobody", "only what is lost", "none", "all is lost"],
)
def test_counts_that_are_not_true_are_filled_with_failures(data, framecount, heldback, expected):
    assert pictures(show(data, framecount, heldback=heldback)) == expected


def test_a_broken_segment_costs_its_neighbours_at_most_what_it_held_back(endless):
    """Cut short, with B-frames: the next one lacks the frames held back, the one after none."""
    gop, failed = Gop(0), []
    for number, cut in enumerate(endless):
        whole = cut.data if number != 1 else cut.data[: len(cut.data) * 3 // 4]
        shown = gop.show(memoryview(whole), MP4, cut.heldback, cut.framecount, cut.gopend)
        assert len(shown) == cut.framecount
        failed.append(pictures(shown).count(False))

    assert endless[2].heldback == 2
    assert failed[0] == 0
    assert 0 < failed[1] < endless[1].framecount
    assert failed[2] <= 2
    assert failed[3:] == [0] * len(failed[3:])


def without_slice(packet, number):
    """The packet as it is when what was lost on the way had one of its slices."""
    before, *units = bytes(packet).split(b"\0\0\1")
    slices = [n for n, unit in enumerate(units) if 1 <= unit[0] & 0x1F <= 5]
    units = [unit for n, unit in enumerate(units) if n != slices[number]]
    torn = av.Packet(b"\0\0\1".join([before, *units]))
    torn.pts, torn.dts, torn.duration = packet.pts, packet.dts, packet.duration
    torn.time_base, torn.is_keyframe, torn.stream = (
        packet.time_base,
        packet.is_keyframe,
        packet.stream,
    )
    return torn


def test_lost_slices_fail_their_frames_once_and_the_next_key_frame_is_whole(folder):
    options = {"x264-params": "slices=4", "preset": "veryfast"}
    path = media.clip(folder / "slices.ts", size=(128, 96), frames=75, gop=25, options=options)
    feed = FileFeed(str(path), loop=False)
    cutter, found = Cutter(feed.stream, 0.4), []
    for number, packet in enumerate(feed.packets()):
        torn = number in (7, 8, 30, 50)
        found += cutter.feed(without_slice(packet, 2) if torn else packet)
    found += cutter.end()

    failed, gop = [], None
    for cut in found:
        gop = gop or Gop(cut.sequence)
        data = memoryview(cut.data)
        shown = gop.show(data, cut.datacontenttype, cut.heldback, cut.framecount, cut.gopend)
        failed += [one.frame is None for one in shown]
        gop = None if cut.gopend else gop
    assert len(failed) == 75
    assert [number for number, one in enumerate(failed) if one] == [7, 8, 30, 50]


@pytest.mark.parametrize(("name", "bframes"), [("i.ts", 0), ("i.ts", 3), ("i.mp4", 0)])
def test_interlaced_video_has_a_frame_a_packet(folder, name, bframes):
    options = {"x264-params": f"tff=1:bframes={bframes}"}
    path = media.clip(folder / f"{bframes}{name}", size=(96, 64), bframes=bframes, options=options)
    found, gop, count = cuts(path), None, 0
    for cut in found:
        gop = gop or Gop(cut.sequence)
        data = memoryview(cut.data)
        shown = gop.show(data, cut.datacontenttype, cut.heldback, cut.framecount, cut.gopend)
        assert all(one.frame.interlaced_frame for one in shown)
        count += len(shown)
        gop = None if cut.gopend else gop
    assert count == 50


def alive(kind):
    gc.collect()
    return sum(isinstance(one, kind) for one in gc.get_objects())


def test_skipping_a_long_gop_keeps_few_frames_and_no_container(endless):
    frames, containers = alive(av.VideoFrame), alive(av.container.Container)
    gop = Gop(0)
    for cut in endless[:-1]:
        gop.skip(memoryview(cut.data), MP4)

    assert alive(av.VideoFrame) - frames <= MAX_HELDBACK
    assert alive(av.container.Container) == containers


def test_watching_gives_every_frame_in_order_and_keeps_none(endless):
    gop, seen = Gop(0), []
    for cut in endless:
        seen += gop.watch(memoryview(cut.data), MP4)
    times = [frame.pts for frame in seen]

    assert times == sorted(set(times))
    assert 60 - MAX_HELDBACK <= len(times) <= 60


def test_frames_that_nobody_asked_for_take_no_memory(endless):
    cut = endless[0]
    frames = alive(av.VideoFrame)
    shown = Gop(cut.gopstart).show(memoryview(cut.data), MP4, 0, 1, False)
    assert len(shown) == 1
    assert alive(av.VideoFrame) - frames <= 1 + MAX_HELDBACK


def test_a_segment_whose_pictures_would_fill_the_memory_is_refused(endless, monkeypatch):
    monkeypatch.setattr("cnap.decoder.MAX_BYTES", 1000)
    cut = endless[0]
    with pytest.raises(BadMedia, match="cut shorter segments"):
        Gop(cut.gopstart).show(memoryview(cut.data), MP4, 0, cut.framecount, False)
