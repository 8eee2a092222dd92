"""Films whose container doesn't say when frames are shown: as those whose container does."""

import itertools

import av
import pytest

from cnap.gops import Gops
from cnap.source.feeds import FileFeed
from tests import media
from tests.segments import assert_same, segments, show

X265 = "log-level=none:pools=none:frame-threads=1:keyint=24:min-keyint=24:bframes=4"
KINDS = {
    "no-bframes": {},
    "bframes": {"bframes": 3},
    "short-gops": {"bframes": 3, "gop": 5},
    "endless": {"bframes": 3, "gop": 1000},
    "pyramid": {
        "bframes": 8,
        "options": {"x264-params": "b-pyramid=normal:bframes=8:b-adapt=0:keyint=30:scenecut=0"},
    },
    "open-gop": {
        "bframes": 3,
        "options": {"x264-params": "open-gop=1:bframes=3:b-adapt=0:keyint=12:scenecut=0"},
    },
    "one-frame": {"bframes": 3, "frames": 1},
    "h265": {"codec": "libx265", "options": {"x265-params": f"{X265}:open-gop=0"}},
    "h265-open-gop": {"codec": "libx265", "options": {"x265-params": f"{X265}:open-gop=1"}},
}
CASES = [
    (kind, suffix)
    for kind in KINDS
    for suffix in ("avi", "asf", "hevc" if "h265" in kind else "h264")
    if "h265" not in kind or suffix == "hevc"  # PyAV writes it into no other of them
]


@pytest.mark.parametrize(("kind", "suffix"), CASES)
def test_frames_and_times_are_those_of_the_same_film_with_times(
    tmp_path, folder_store, kind, suffix
):
    path = media.clip(tmp_path / f"film.{suffix}", **KINDS[kind])
    wanted = media.plain(media.clip(tmp_path / "same.mp4", **KINDS[kind]))
    found = segments(path, folder_store, 0.3)

    for replicas in ([Gops(folder_store)], [Gops(folder_store), Gops(folder_store)]):
        shown = [
            show(gops, segment)
            for segment, gops in zip(found, itertools.cycle(replicas), strict=False)
        ]
        assert_same([frame for frames in shown for frame in frames], wanted)


@pytest.mark.parametrize("suffix", ["avi", "h264"])
def test_a_loop_goes_on_where_it_began(tmp_path, suffix):
    path = media.clip(tmp_path / f"film.{suffix}", frames=10, bframes=3, gop=5)
    camera = FileFeed(str(path), loop=True)
    packets = list(itertools.islice(camera.packets(), 35))
    shown = sorted(packet.pts for packet in packets[:30])
    camera.close()

    assert len({after - before for before, after in itertools.pairwise(shown)}) == 1
    assert all(packet.pts >= packet.dts for packet in packets)


def test_the_rate_that_a_bare_stream_is_taken_for_is_said(tmp_path, caplog):
    path = media.clip(tmp_path / "bare.h264", frames=5, rate=10)
    list(FileFeed(str(path), loop=False).packets())

    assert caplog.messages == ["bare.h264 says no times: it is taken for 10 frames/s"]


def test_broken_frames_don_t_move_the_others(tmp_path):
    """Bytes of a P-frame and what follows it are noise: from the next key frame on all is right."""
    path = media.clip(tmp_path / "film.avi", bframes=3, gop=12, frames=48)
    whole = [packet.pts for packet in FileFeed(str(path), loop=False).packets()]
    with av.open(str(path)) as film:
        broken = bytes([packet for packet in film.demux(video=0) if packet.size][15])
    path.write_bytes(path.read_bytes().replace(broken, broken[:6] + bytes(len(broken) - 6)))
    packets = list(FileFeed(str(path), loop=False).packets())

    assert [packet.pts for packet in packets][24:] == whole[24:]
    assert len(packets) == 48
