"""The container of a segment: MP4 where it can carry the codec, another one where it can't."""

import pytest

from cnap.errors import BadMedia
from cnap.events.segment import SUFFIXES
from tests import media
from tests.segments import cuts


@pytest.mark.parametrize(
    ("name", "how", "container"),
    [
        ("h264.avi", {}, "video/mp4"),
        ("vp9.webm", {"codec": "libvpx-vp9"}, "video/mp4"),
        ("mjpeg.avi", {"codec": "mjpeg", "pixels": "yuvj420p"}, "video/mp4"),
        ("ffv1.mkv", {"codec": "ffv1"}, "video/mp4"),
        ("mpeg2.ts", {"codec": "mpeg2video"}, "video/mp4"),
        ("prores.mov", {"codec": "prores_ks", "pixels": "yuv422p10le"}, "video/quicktime"),
        ("dv.avi", {"codec": "dvvideo", "size": (720, 576)}, "video/quicktime"),
        ("rgb.mov", {"codec": "rawvideo", "pixels": "rgb24"}, "video/quicktime"),
        ("raw.avi", {"codec": "rawvideo"}, "video/x-nut"),
        ("vp8.webm", {"codec": "libvpx"}, "video/x-nut"),
        ("wmv.wmv", {"codec": "wmv2"}, "video/x-nut"),
        ("huffyuv.avi", {"codec": "huffyuv", "pixels": "yuv422p"}, "video/x-nut"),
    ],
)
def test_each_codec_gets_the_first_container_that_carries_it(tmp_path, name, how, container):
    found = cuts(media.clip(tmp_path / name, frames=5, **how))

    assert {cut.datacontenttype for cut in found} == {container}
    assert container in SUFFIXES


def test_a_codec_that_none_carries_is_named_with_a_way_out(tmp_path):
    path = media.clip(tmp_path / "a.apng", codec="apng", pixels="rgb24", frames=5)
    with pytest.raises(BadMedia, match=r"^no container .* carries apng video; what does, is: ffm"):
        cuts(path)
