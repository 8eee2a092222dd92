"""The source: reads every camera of the ConfigMap and follows its changes. `K_SINK` is the Broker.

`python -m cnap.source`. Where CNAP_CAMERAS has the text of a cameras.yaml, it is those cameras, and
neither ConfigMap nor Kubernetes is asked.
"""

import asyncio
import contextlib
import dataclasses
import logging
import os
import signal
from collections.abc import Mapping

import aiohttp

from cnap import cameras
from cnap.cameras import Camera, CameraError
from cnap.errors import Unavailable
from cnap.kubernetes import Kubernetes
from cnap.source.references import Hiding, References
from cnap.source.sink import Sink
from cnap.source.stream import Stream
from cnap.source.triggers import Served
from cnap.stores import Store, open_store

log = logging.getLogger("cnap.source")

LOOK_AGAIN = 2.0
"""Seconds after which a model that nobody serves is looked for again."""
NOTHING: Mapping[str, str] = {}


class Streams:
    """The streams that run, kept in step with the list of cameras."""

    def __init__(self, store: Store, sink: Sink, references: References | None = None) -> None:
        self._store, self._sink, self._references = store, sink, references
        self._running: dict[str, Stream] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def follow(self, wanted: list[Camera], missing: Mapping[str, str] = NOTHING) -> None:
        """Ends and starts only what changed; one that ends drains by itself. `missing` are the
        models that nobody serves, with the reason: frames go to the others."""
        by_name = {camera.name: _served(camera, missing) for camera in wanted}
        problems = {
            camera.name: "; ".join(missing[model] for model in camera.models if model in missing)
            for camera in wanted
        }
        for name, stream in list(self._running.items()):
            camera = by_name.get(name)
            if camera is None:
                self._end(self._running.pop(name), "ended", "the camera was removed")
            elif camera == dataclasses.replace(stream.camera, paused=True) != stream.camera:
                self._end(stream, "paused", "")
                stream.camera = camera
            elif camera != stream.camera:
                del self._running[name]
                if not stream.camera.paused:
                    self._end(stream, "connecting", "the camera was changed")
        for name, camera in by_name.items():
            if name not in self._running:
                self._running[name] = Stream(
                    camera, self._store, self._sink, problems[name], self._references
                )
                self._running[name].start()
            self._running[name].problem = problems[name]

    async def stop(self) -> None:
        for task in self._ending:
            task.cancel()
        await asyncio.gather(
            *(s.stop("ended", "the source was stopped", 0.4, 0.4) for s in self._running.values())
        )

    def _end(self, stream: Stream, state: str, reason: str) -> None:
        task = asyncio.create_task(stream.stop(state, reason))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _served(camera: Camera, missing: Mapping[str, str]) -> Camera:
    models = tuple(model for model in camera.models if model not in missing)
    return dataclasses.replace(camera, models=models)


async def run(references: References) -> None:
    """Reads the cameras until SIGTERM. Raises CameraError for a mistake in CNAP_CAMERAS."""
    given = os.environ.get("CNAP_CAMERAS")
    fixed = cameras.parse(given) if given else None
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        streams = Streams(open_store(), Sink(session, os.environ["K_SINK"]), references)
        if fixed is not None:
            streams.follow(fixed)
            await ended.wait()
        else:
            await _follow_until(ended, Kubernetes(session), streams)
        await streams.stop()


async def _follow_until(ended: asyncio.Event, kubernetes: Kubernetes, streams: Streams) -> None:
    following = asyncio.create_task(_follow(kubernetes, streams))
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait({following, waiting}, return_when=asyncio.FIRST_COMPLETED)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following  # raises what should never end it: then the source starts anew


async def _follow(kubernetes: Kubernetes, streams: Streams) -> None:
    changes: asyncio.Queue[list[Camera]] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch(kubernetes, changes))
        group.create_task(_apply(Served(kubernetes), streams, changes))


async def _apply(served: Served, streams: Streams, changes: asyncio.Queue[list[Camera]]) -> None:
    """Follows the cameras and, while a model is missing, what comes to serve it."""
    wanted = await changes.get()
    while True:
        await served.look(wanted)
        streams.follow(wanted, served.missing)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if served.settled else LOOK_AGAIN):
                wanted = await changes.get()


async def _watch(kubernetes: Kubernetes, changes: asyncio.Queue[list[Camera]]) -> None:
    while True:
        try:
            async for data in kubernetes.watch_config_map(cameras.CONFIG_MAP):
                try:
                    changes.put_nowait(cameras.parse(data.get(cameras.KEY, "")))
                except CameraError as error:
                    log.error("%s; the cameras stay as they were", error)
        except (aiohttp.ClientError, TimeoutError, Unavailable, ValueError) as error:
            log.warning("the list of cameras can't be watched: %s", error)
        await asyncio.sleep(1)


def main() -> None:
    references = References()
    handler = logging.StreamHandler()
    handler.setFormatter(Hiding(references, "%(message)s"))
    logging.basicConfig(level=os.environ.get("CNAP_LOG", "INFO"), handlers=[handler])
    try:
        asyncio.run(run(references))
    except CameraError as error:
        raise SystemExit(f"cnap: CNAP_CAMERAS: {error}") from None


if __name__ == "__main__":
    main()
