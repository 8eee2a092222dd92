"""A USB camera that is none: a process whose calls to Video4Linux `v4l2.c` answers."""

import json
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import av
import pytest

from tests import media

SOURCE = Path(__file__).with_suffix(".c")
SIZE = (320, 240)
READER = """
import itertools, json, sys, time
from cnap.cameras import Camera
from cnap.source.cut.cutting import Cutting
from cnap.source.feeds import CameraFailed, open_feed
from cnap.source.feeds.machine import device, grabbed
device.FIRST = grabbed.PATIENCE = 1.5
told = {}
try:
    feed = open_feed(Camera("usb", *json.loads(sys.argv[1])))
    codec, cutting = feed.stream.codec_context, Cutting(0.2)
    times, cuts = [], []
    for packet in itertools.islice(feed.packets(), int(sys.argv[2])):
        times.append(float(packet.pts * packet.time_base))
        cuts += cutting.feed(packet)
    feed.close()
    cuts += cutting.end()
    told = {
        "codec": codec.name, "size": [codec.width, codec.height], "packets": len(times),
        "steps": [after - before for before, after in itertools.pairwise(times)],
        "age": time.time() - feed.zero, "frames": sum(cut.framecount for cut in cuts),
        "bytes": sum(len(cut.data) for cut in cuts),
    }
except CameraFailed as error:
    told = {"state": error.state, "reason": str(error)}
print(json.dumps(told))
"""


@cache
def library() -> Path:
    """`v4l2.c`, compiled; skips where nothing compiles it."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here, of which the camera that is none is made")
    made = Path(mkdtemp(prefix="cnap-v4l2-")) / "v4l2.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, SOURCE, "-ldl"], check=True)
    return made


def read(frames: Path, formats: str, count: int, fault: str = "", url: str = "/dev/video7") -> dict:
    """What a camera of these formats gives, or why it can't be read."""
    environment = {
        "LD_PRELOAD": str(library()),
        "FAKE_V4L2": "/dev/video7",
        "FAKE_V4L2_FORMATS": formats,
        "FAKE_V4L2_FRAMES": str(frames),
        "FAKE_V4L2_FAULT": fault,
    }
    done = subprocess.run(
        [sys.executable, "-c", READER, json.dumps([url]), str(count)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


def pictures(folder: Path) -> Path:
    """The folder, with what a camera that codes by itself would give."""
    coder = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = *SIZE, "yuv420p"
    coder.framerate, coder.gop_size = 30, 5
    coder.time_base = Fraction(1, 30)
    coder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    for number in range(10):
        rgb = media.picture(number, SIZE)
        (folder / f"MJPG-{number}").write_bytes(media.jpeg(rgb))
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        (folder / f"H264-{number}").write_bytes(b"".join(map(bytes, coder.encode(frame))))
    return folder
