"""What is uploaded is opened, or refused in words."""

from fractions import Fraction

import pytest

from cnap.errors import BadMedia
from cnap.source.feeds.pushed.upload import Upload
from cnap.source.feeds.times import TIME_BASE
from tests import boxes, media

JPEG = media.jpeg(media.picture(0, (64, 48)))


def video(folder, suffix="mp4", **clip):
    return media.clip(folder / f"clip.{suffix}", **clip).read_bytes()


@pytest.mark.parametrize(
    ("content_type", "suffix", "codec"),
    [
        ("video/mp4", "mp4", "libx264"),
        ("video/mp4", "mp4", "libx265"),
        ("video/quicktime", "mov", "libx264"),
        ("video/webm", "webm", "libvpx"),
        ("video/webm", "webm", "libvpx-vp9"),
        ("video/x-matroska", "mkv", "libx264"),
        ("video/mp2t", "ts", "libx264"),
    ],
)
def test_video_of_every_kind_with_the_times_it_says(tmp_path, content_type, suffix, codec):
    options = {} if codec == "libx264" else {"preset": "ultrafast"} if "265" in codec else {}
    data = video(tmp_path, suffix, codec=codec, frames=50, options=options)

    upload = Upload(data, content_type)

    assert (upload.frames, round(upload.seconds, 3)) == (50, 2.0)
    steps = [b.pts - a.pts for a, b in zip(upload.packets, upload.packets[1:], strict=False)]
    assert set(steps) == {round(Fraction(1, 25) / TIME_BASE)}


def test_sound_is_left_out_and_frames_out_of_order_keep_their_times(tmp_path):
    upload = Upload(video(tmp_path, frames=50, bframes=2, audio=True), "video/mp4")
    upload.move(900_000)

    shown = sorted(packet.pts for packet in upload.packets)
    assert shown == [900_000 + 3600 * n for n in range(50)]
    assert all(packet.dts <= packet.pts for packet in upload.packets)


def test_a_picture_is_one_frame_of_no_duration():
    upload = Upload(JPEG, "image/jpeg")

    assert (upload.frames, upload.seconds, upload.still) == (1, 0.0, True)


@pytest.mark.parametrize(
    ("content_type", "data", "words"),
    [
        ("video/mp4", b"", "no mp4 video"),
        ("video/mp4", b"not a film" * 100, "no mp4 video"),
        ("video/mp4", JPEG, "no mp4 video"),
        ("video/webm", b"", "no matroska video"),
        ("video/mp2t", b"not a film" * 100, "no mpegts video"),
        ("image/jpeg", b"", "no picture"),
        ("image/jpeg", b"not a picture", "no picture"),
        ("image/jpeg", media.png(8, 8), "no picture"),
        ("image/jpeg", media.jpeg(media.picture(0, (64, 48)), claims=(60000, 60000)), "no picture"),
    ],
)
def test_what_is_no_video(content_type, data, words):
    with pytest.raises(BadMedia, match=words):
        Upload(data, content_type)


def test_sound_alone_is_no_video(tmp_path):
    with pytest.raises(BadMedia, match="no video in it"):
        Upload(media.sound(tmp_path / "sound.mp4").read_bytes(), "video/mp4")


def test_too_many_frames(tmp_path):
    data = video(tmp_path, size=(16, 16), frames=2001, rate=500)
    with pytest.raises(BadMedia, match="more than 2000 frames"):
        Upload(data, "video/mp4")


def test_too_long(tmp_path):
    data = video(tmp_path, size=(16, 16), times=[0, 31_000, 31_040])
    with pytest.raises(BadMedia, match="longer than 30 s"):
        Upload(data, "video/mp4")


def test_begins_at_a_key_frame_where_it_must(tmp_path):
    upload = Upload(video(tmp_path, frames=30, gop=10), "video/mp4")
    del upload.packets[:5]
    upload.skip_to_key()

    assert upload.frames == 20
    del upload.packets[0], upload.packets[9:]
    with pytest.raises(BadMedia, match="no key frame"):
        upload.skip_to_key()


def test_claims_of_endless_samples_are_not_believed(tmp_path):
    data = boxes.claiming(video(tmp_path), b"stsz", 50_000_000)
    with pytest.raises(BadMedia, match="claims to have more than 1,000,000 samples"):
        Upload(data, "video/mp4")
