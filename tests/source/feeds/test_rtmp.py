"""RTMP cameras, with ffmpeg as a real one."""

import itertools
import socket

import pytest

from cnap.cameras import Camera
from cnap.source.feeds import CameraFailed, open_feed
from cnap.source.feeds.network import feed as network
from tests import media
from tests.cameras import ffmpeg


@pytest.mark.parametrize("audio", [True, False])
def test_a_real_camera_is_read(tmp_path, audio):
    clip = media.clip(tmp_path / "a.mp4", size=(160, 120), bframes=2, audio=audio)
    with ffmpeg.sending(clip, "rtmp") as url:
        feed = open_feed(Camera("gate", url))
        codec = feed.stream.codec_context
        assert (codec.name, codec.width, codec.height) == ("h264", 160, 120)
        assert feed.framerate == 25
        packets = list(itertools.islice(feed.packets(), 40))
        assert {packet.stream.type for packet in packets} == {"video"}
        assert packets[0].is_keyframe
        times = [packet.dts for packet in packets]
        assert times == sorted(set(times))
        feed.close()


def test_a_camera_that_goes_away_says_so(tmp_path):
    clip = media.clip(tmp_path / "a.mp4", size=(160, 120))
    with ffmpeg.sending(clip, "rtmp") as url:
        feed = open_feed(Camera("gate", url))
        next(feed.packets())
    with pytest.raises(CameraFailed, match="ended the connection"):
        list(feed.packets())
    feed.close()


def test_nobody_is_there():
    with pytest.raises(CameraFailed, match="refuses the connection"):
        open_feed(Camera("gate", "rtmp://user:secret@127.0.0.1:1/live/gate"))


def test_what_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(network, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CameraFailed, match="no answer within"):
            open_feed(Camera("gate", f"rtmp://127.0.0.1:{port}/live/gate"))
