"""CPU and memory of one source process that reads many RTSP cameras of 1080p at 25 frames a second.

    python bench/streams.py [--streams 1,10,50,100] [--models 1] [--seconds 20] [--size 1920x1080]

The cameras are the tests' fake one, in a process of its own, 4 Mbit/s each. The Broker answers 202
to everything. Without --models nobody wants the streams; with it every segment is put into a folder
and its event is posted.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

ROOT = Path(__file__).parent.parent
SETTLE = 10.0
"""Seconds for all cameras to be open, and then as many till it is measured."""
TICKS = os.sysconf("SC_CLK_TCK")
CLIP = """
import av, sys
path, size = sys.argv[1:]
source = av.open(f"testsrc2=size={size}:rate=25:duration=10", format="lavfi")
with av.open(path, "w") as output:
    stream = output.add_stream("libx264", rate=25)
    stream.width, stream.height = map(int, size.split("x"))
    stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
    stream.codec_context.options = {"preset": "ultrafast", "g": "50", "nal-hrd": "cbr",
                                    "maxrate": "4M", "bufsize": "2M"}
    for frame in source.decode(video=0):
        frame = frame.reformat(format="yuv420p")
        frame.pict_type = 0  # else each is a key frame, as those of raw video are
        output.mux(stream.encode(frame))
    output.mux(stream.encode())
"""


class Broker:
    """Accepts everything, and counts it."""

    def __init__(self) -> None:
        self.live: set[str] = set()
        self.segments = 0

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers["ce-type"] == "io.cnap.video.segment.v1":
            self.segments += 1
        elif json.loads(body)["state"] in ("live", "degraded"):
            self.live.add(request.headers["ce-subject"])
        else:
            self.live.discard(request.headers["ce-subject"])
        return web.Response(status=202)

    @contextlib.contextmanager
    def listening(self) -> Iterator[str]:
        """Its url; it runs in a thread."""
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()

        def do(work: Coroutine[None, None, Any]) -> Any:
            return asyncio.run_coroutine_threadsafe(work, loop).result()

        runner = do(self._start())
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        do(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)

    async def _start(self) -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(self.take), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1000).start()
        return runner


@contextlib.contextmanager
def camera(clip: Path) -> Iterator[str]:
    """The url of a camera that any number may watch."""
    command = [sys.executable, "-m", "tests.cameras.rtsp", str(clip)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        yield process.stdout.readline().decode().strip()
        process.stdin.close()


@contextlib.contextmanager
def source(url: str, sink: str, store: Path, streams: int, models: int) -> Iterator[int]:
    """The process id of a source that reads the camera so many times."""
    wanted = [f"model-{n}" for n in range(models)]
    cameras = [{"name": f"s{n}", "url": url, "models": wanted} for n in range(streams)]
    given = {
        "CNAP_CAMERAS": json.dumps({"cameras": cameras}),  # YAML is JSON, too
        "CNAP_STORE": f"file://{store}",
        "K_SINK": sink,
        "CNAP_LOG": "ERROR",
    }
    command = [sys.executable, "-m", "cnap.source"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | given) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def used(process: int) -> tuple[float, float]:
    """Seconds of CPU, in user and in kernel mode: proc_pid_stat(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / TICKS, int(fields[12]) / TICKS


def memory(process: int) -> float:
    """MiB that are resident."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024


def measure(url: str, store: Path, streams: int, models: int, seconds: float) -> str:
    broker = Broker()
    with broker.listening() as sink, source(url, sink, store, streams, models) as process:
        give_up = time.monotonic() + SETTLE + streams
        while len(broker.live) < streams and time.monotonic() < give_up:
            time.sleep(0.2)
        time.sleep(SETTLE)
        before, sent, began = used(process), broker.segments, time.monotonic()
        time.sleep(seconds)
        after, took = used(process), time.monotonic() - began
        user, system = (100 * (b - a) / took for a, b in zip(before, after, strict=True))
        segments = (broker.segments - sent) / took
        return (
            f"{streams:7} {len(broker.live):5} {user:7.1f} {system:7.1f} "
            f"{(user + system) / streams:11.2f} {memory(process):8.0f} {segments:11.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", default="1,10,50,100")
    parser.add_argument("--models", type=int, default=0, help="that want every stream")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--size", default="1920x1080")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        clip, store = Path(folder) / "clip.mp4", Path(folder) / "store"
        store.mkdir()
        subprocess.run([sys.executable, "-c", CLIP, clip, given.size], check=True)
        print("streams  live  user %  kernel %  % a stream  MiB  segments/s")
        with camera(clip) as url:
            for streams in map(int, given.streams.split(",")):
                row = measure(url, store, streams, given.models, given.seconds)
                print(row, flush=True)


if __name__ == "__main__":
    main()
