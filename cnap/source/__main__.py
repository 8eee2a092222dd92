"""The source: reads every camera of the ConfigMap and follows its changes. `K_SINK` is the Broker.

`python -m cnap.source`
"""

import asyncio
import contextlib
import logging
import os
import signal

import aiohttp

from cnap import cameras
from cnap.cameras import Camera, CameraError
from cnap.errors import Unavailable
from cnap.kubernetes import Kubernetes
from cnap.source.sink import Sink
from cnap.source.stream import Stream
from cnap.stores import Store, open_store

log = logging.getLogger("cnap.source")


class Streams:
    """The streams that run, kept in step with the list of cameras."""

    def __init__(self, store: Store, sink: Sink) -> None:
        self._store, self._sink = store, sink
        self._running: dict[str, Stream] = {}

    async def follow(self, wanted: list[Camera]) -> None:
        """Ends, starts and restarts only what changed."""
        by_name = {camera.name: camera for camera in wanted}
        changed = [
            stream for name, stream in self._running.items() if by_name.get(name) != stream.camera
        ]
        await asyncio.gather(*(self._end(stream, by_name) for stream in changed))
        for name, camera in by_name.items():
            if name not in self._running:
                self._running[name] = Stream(camera, self._store, self._sink)
                self._running[name].start()

    async def stop(self) -> None:
        await asyncio.gather(
            *(
                s.stop("ended", "the source was stopped", patience=0.4)
                for s in self._running.values()
            )
        )

    async def _end(self, stream: Stream, by_name: dict[str, Camera]) -> None:
        del self._running[stream.camera.name]
        successor = by_name.get(stream.camera.name)
        if successor is None:
            await stream.stop("ended", "the camera was removed")
        elif successor.paused:
            await stream.stop("paused", "")
        else:
            await stream.stop("connecting", "the camera was changed")


async def run() -> None:
    """Follows the ConfigMap until SIGTERM."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        streams = Streams(open_store(), Sink(session, os.environ["K_SINK"]))
        following = asyncio.create_task(_follow(Kubernetes(session), streams))
        await ended.wait()
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        await streams.stop()


async def _follow(kubernetes: Kubernetes, streams: Streams) -> None:
    while True:
        try:
            async for data in kubernetes.watch_config_map(cameras.CONFIG_MAP):
                try:
                    await streams.follow(cameras.parse(data.get(cameras.KEY, "")))
                except CameraError as error:
                    log.error("%s; the cameras stay as they were", error)
        except (aiohttp.ClientError, TimeoutError, Unavailable, ValueError) as error:
            log.warning("the list of cameras can't be watched: %s", error)
        await asyncio.sleep(1)


def main() -> None:
    logging.basicConfig(level=os.environ.get("CNAP_LOG", "INFO"), format="%(message)s")
    asyncio.run(run())


if __name__ == "__main__":
    main()
