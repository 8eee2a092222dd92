"""A real RTSP server as a camera: GStreamer's, in a process of its own."""

import functools
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ended_after

PYTHON = "/usr/bin/python3"
"""Debian's GObject is for Debian's Python."""
SERVER = Path(__file__).with_name("gst_server.py")
PICTURES = "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1"
CODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=12 ! rtph264pay",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=12 ! rtph265pay",
    "mjpeg": "jpegenc ! rtpjpegpay",
}
SOUND = "audiotestsrc is-live=true ! alawenc ! rtppcmapay"


def pipeline(codec: str = "h264", audio: bool = False, pictures: str = PICTURES) -> str:
    """A live camera; `pictures` is what comes before the coder."""
    video = f"{pictures} ! {CODERS[codec]} name=pay0"
    return f"( {video}{f' {SOUND} name=pay1' if audio else ''} )"


@contextmanager
def server(pipelines: dict[str, str] | str, **wanted: Any) -> Iterator[str]:
    """The url (without its path) of a server with pipelines by path, or one at /live. `wanted` is
    login, user, password, transport, certificate. Skips where there is no such server."""
    if reason := lacking():
        pytest.skip(reason)
    paths = {"/live": pipelines} if isinstance(pipelines, str) else pipelines
    words = [PYTHON, str(SERVER), json.dumps({"pipelines": paths} | wanted)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with ended_after(process), process.stdout:
        port = process.stdout.readline().strip()
        scheme = "rtsps" if wanted.get("certificate") else "rtsp"
        yield f"{scheme}://127.0.0.1:{port}"


@functools.cache
def lacking() -> str:
    """Why there is no GStreamer RTSP server here; empty where there is one."""
    program = (
        "import gi; gi.require_version('GstRtspServer', '1.0')\n"
        "from gi.repository import Gst, GstRtspServer; Gst.init(None)\n"
        "wanted = 'x264enc', 'x265enc', 'jpegenc', 'rtph264pay'\n"
        "assert all(Gst.ElementFactory.find(name) for name in wanted)"
    )
    if not Path(PYTHON).exists():
        return f"no {PYTHON} here, and so no GStreamer RTSP server"
    if subprocess.run([PYTHON, "-c", program], capture_output=True).returncode:
        return "no GStreamer RTSP server here: `./install.sh peers` as root installs it"
    return ""
