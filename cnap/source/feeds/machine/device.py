"""`/dev/video0` or `v4l2:/dev/video0`, a camera on USB; `screen:`, what an X display shows."""

import errno
import os
import re
from pathlib import Path

import av

from cnap.cameras import Camera
from cnap.pictures import Size
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.machine.grabbed import GrabbedFeed

USUAL_SIZE: Size = (1280, 720)
FORMATS = ("h264", "mjpeg", None)
"""What a camera is asked for, the best first: what it codes itself costs this machine nothing.
None is whatever it gives."""
SCREEN_RATE, MOST_SCREEN_RATE = 10.0, 30.0
FIRST = 4.0
"""Seconds for a camera's first picture. FFmpeg asks without a pause till it comes."""
NEVER_WAIT = "+4"
"""AVFMT_FLAG_NONBLOCK: a camera that hangs would hold its thread for ever."""


def device_feed(camera: Camera) -> GrabbedFeed:
    """A camera of this machine, by Video4Linux. A size or rate that it doesn't have becomes the
    nearest one it has. Raises CameraFailed."""
    path = camera.url.removeprefix("v4l2:")
    if not re.fullmatch(r"/dev/[\w./:+-]+", path) or ".." in path:
        raise Misconfigured(f"{path} is no device: write it as v4l2:/dev/video0")
    options = {
        "video_size": _text(camera.size or USUAL_SIZE),
        "timestamps": "abs",
        "fflags": NEVER_WAIT,
    }
    if camera.framerate:
        options["framerate"] = f"{camera.framerate:g}"
    for wanted in FORMATS:
        asked = options | ({"input_format": wanted} if wanted else {})
        try:
            container = _opened(path, asked)
        except av.ArgumentError:
            continue  # it has no such format
        except (av.FFmpegError, OSError) as error:
            raise _not_opened(path, error) from None
        return GrabbedFeed(container, path, camera.size)
    raise CameraFailed(f"{path} gives no pictures of a kind that FFmpeg knows")


def screen_feed(camera: Camera) -> GrabbedFeed:
    """An X display: DISPLAY's, or that of `screen::1`. Raises CameraFailed."""
    display = camera.url.removeprefix("screen:") or os.environ.get("DISPLAY", "")
    if not display:
        raise Misconfigured(
            "there is no screen here: DISPLAY is not set; set it, or write screen::0"
        )
    if not re.fullmatch(r"[A-Za-z0-9.-]*:[0-9]{1,5}(\.[0-9]{1,2})?", display):
        raise Misconfigured(f"{display} is no X display: write it as screen: or screen::0")
    rate = min(camera.framerate or SCREEN_RATE, MOST_SCREEN_RATE)
    try:
        container = av.open(display, format="x11grab", container_options={"framerate": f"{rate:g}"})
    except ValueError:
        raise Misconfigured("FFmpeg here can't read screens (x11grab)") from None
    except (av.FFmpegError, OSError):
        raise CameraFailed(
            f"no X server answers at {display}, or it lets nobody in: is it running, and is "
            "XAUTHORITY set?"
        ) from None
    return GrabbedFeed(container, f"screen {display}", camera.size, timed=False)


def _opened(path: str, options: dict[str, str]) -> av.container.InputContainer:
    # Not `options`: a decoder would take the size that is asked for to be the one that came.
    return av.open(path, format="v4l2", container_options=options, timeout=(FIRST, None))


def _not_opened(path: str, error: OSError) -> CameraFailed:
    words = {
        errno.ENOENT: f"{path} is not there: {_there()}",
        errno.EACCES: f"{path}: no permission; add yourself to the group video "
        "(sudo usermod -aG video $USER), then log in again",
        errno.EPERM: f"{path}: no permission; a container needs --device {path}",
        errno.EBUSY: f"{path} is busy: another program has the camera (fuser -v {path} says which)",
        errno.ENODEV: f"{path} was unplugged, or gives no pictures: {_there()}",
        errno.ENXIO: f"{path} was unplugged: {_there()}",
        errno.ENOTTY: f"{path} is no camera: {_there()}",
        errno.ETIMEDOUT: f"{path}: no picture for {FIRST:g} s",
    }
    if isinstance(error, av.ExitError):  # how FFmpeg says that it was told to stop waiting
        return CameraFailed(words[errno.ETIMEDOUT])
    text = words.get(error.errno, f"{path} can't be opened: {error.strerror}")
    mistake = error.errno in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTTY)
    return (Misconfigured if mistake else CameraFailed)(text)


def _there() -> str:
    """Which devices there are, for people."""
    found = sorted(str(path) for path in Path("/dev").glob("video*"))
    return f"there is {', '.join(found)}" if found else "this machine has no video device"


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
