"""Real peers made of the ffmpeg program: it listens for one viewer and sends a clip, as it is."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import ended_after, free_ports

FORMATS = {"rtmp": "flv", "http": "mpegts"}


@contextmanager
def sending(
    path: Path, scheme: str, *options: str, form: str = "", rest: str = ""
) -> Iterator[str]:
    """The url at which one viewer gets the clip, round and round at its own pace. `rest` follows
    the port; skips where there is no ffmpeg."""
    (port,) = free_ports(1)
    url = f"{scheme}://127.0.0.1:{port}{rest or '/live/camera'}"
    words = ["-re", "-stream_loop", "-1", "-i", str(path), "-c", "copy", *options, "-listen", "1"]
    with running(*words, "-f", form or FORMATS[scheme], url) as process:
        listening(port, process)
        yield url


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen]:
    """ffmpeg with these words; skips where there is none."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("no ffmpeg here: `./install.sh peers` as root installs it")
    process = subprocess.Popen(
        [program, "-loglevel", "error", "-nostdin", *words], stderr=subprocess.DEVNULL
    )
    with ended_after(process):
        yield process


def listening(port: int, process: subprocess.Popen) -> None:
    """Waits till the port is open. To connect would be to be the one viewer."""
    state, wanted = "0A", f":{port:04X}"
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == state:
                return
        time.sleep(0.02)
    raise TimeoutError(f"ffmpeg does not listen on port {port}")
