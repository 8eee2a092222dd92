"""Cameras and screens of this machine. No camera is at hand: the kernel's part is played by
`tests/cameras/v4l2.c`, FFmpeg's own is real; and so is the X server."""

import itertools
import shutil
import subprocess
import time

import pytest

from cnap.cameras import Camera
from cnap.source.feeds import CameraFailed, Misconfigured, open_feed
from cnap.source.feeds.machine import device as devices
from tests.cameras import v4l2


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    return v4l2.pictures(tmp_path_factory.mktemp("frames"))


@pytest.mark.parametrize(
    ("formats", "codec"),
    [("YUYV,MJPG,H264", "h264"), ("YUYV,MJPG", "mjpeg"), ("YUYV", "h264")],
)
def test_a_camera_is_asked_for_what_costs_least(frames, formats, codec):
    told = v4l2.read(frames, formats, 12)

    assert (told["codec"], told["size"]) == (codec, list(v4l2.SIZE))
    assert told["packets"] == told["frames"] == 12 and told["bytes"] > 1000
    assert told["steps"] == pytest.approx([1 / 30] * 11, abs=0.02)
    assert 0 < told["age"] < 30


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        ("busy", "offline", "/dev/video7 is busy: another program has the camera"),
        ("permission", "misconfigured", "add yourself to the group video"),
        ("unplugged", "offline", "/dev/video7 was unplugged: plug it in again"),
    ],
)
def test_what_a_camera_lacks_is_said_in_words(frames, fault, state, words):
    told = v4l2.read(frames, "YUYV", 30, fault)
    assert told["state"] == state
    assert words in told["reason"]


def test_a_camera_that_hangs_holds_nobody(frames):
    told = v4l2.read(frames, "MJPG", 30, "silent")
    assert told["state"] == "offline"
    assert "no picture for" in told["reason"]


@pytest.mark.parametrize("url", ["/dev/video73", "v4l2:/dev/video73"])
def test_a_camera_that_is_not_there_names_those_that_are(url, monkeypatch):
    monkeypatch.setattr(devices, "_there", lambda: "there is /dev/video0")
    with pytest.raises(Misconfigured, match="/dev/video73 is not there: there is /dev/video0"):
        open_feed(Camera("usb", url))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("v4l2:/dev/null", "/dev/null is no camera"),
        ("v4l2:/etc/passwd", "write it as v4l2:/dev/video0"),
        ("v4l2:/dev/../etc/passwd", "write it as v4l2:/dev/video0"),
        ("v4l2:", "write it as v4l2:/dev/video0"),
        ("screen:nonsense", "nonsense is no X display"),
        ("screen:;ls", "is no X display"),
    ],
)
def test_what_is_no_device_is_a_mistake(url, words):
    with pytest.raises(Misconfigured, match=words):
        open_feed(Camera("usb", url))


def test_a_screen_needs_a_display(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(Misconfigured, match="DISPLAY is not set"):
        open_feed(Camera("desk", "screen:"))


def test_a_display_where_nobody_answers():
    with pytest.raises(CameraFailed, match="no X server answers at :873"):
        open_feed(Camera("desk", "screen::873"))


@pytest.fixture(scope="module")
def display():
    """An X server's name."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("no X server without a screen here: Debian's xvfb")
    command = [server, "-displayfd", "1", "-screen", "0", "641x481x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield f":{process.stdout.readline().decode().strip()}"
    process.terminate()
    process.wait()


def test_a_screen_is_encoded_and_knows_the_time(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    feed = open_feed(Camera("desk", "screen:", framerate=20))
    packets = list(itertools.islice(feed.packets(), 6))

    codec = feed.stream.codec_context
    assert (codec.name, codec.width, codec.height) == ("h264", 640, 480)
    assert (feed.live, feed.framerate) == (True, 20)
    captured = feed.zero + float(packets[-1].pts * packets[-1].time_base)
    assert 0 <= time.time() - captured < 10
    assert [frame.width for frame in codec.decode(packets[0])] == [640]
    feed.close()


def test_a_screen_that_is_read_late_is_shown_as_it_is_then(display):
    feed = open_feed(Camera("desk", f"screen:{display}", framerate=20))
    packets = feed.packets()
    next(packets)
    time.sleep(1)
    began = time.time()
    late = [feed.zero + float(p.pts * p.time_base) for p in itertools.islice(packets, 3)]
    steps = [after - before for before, after in itertools.pairwise(late)]
    assert late[0] > began - 0.2
    assert min(steps) > 0.02
    feed.close()


def test_a_screen_is_no_larger_than_anything_looks_at(display):
    feed = open_feed(Camera("desk", f"screen:{display}", size=(320, 320)))
    assert (feed.stream.width, feed.stream.height) == (320, 240)
    assert feed.framerate == 10
    feed.close()
    assert list(feed.packets()) == []
