"""The source: reads every camera of the ConfigMap and follows its changes. `K_SINK` is the Broker.

`python -m cnap.source`. Where CNAP_CAMERAS has the text of a cameras.yaml, it is those cameras, and
neither ConfigMap nor Kubernetes is asked.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Mapping

import aiohttp

from cnap import cameras
from cnap.cameras import Camera, CameraError
from cnap.errors import Unavailable
from cnap.kubernetes import Kubernetes
from cnap.source.around import Around
from cnap.source.receiver import receiving
from cnap.source.references import Hiding, References
from cnap.source.sending.sink import Sink
from cnap.source.streams import Streams
from cnap.source.triggers import Served
from cnap.stores import open_store

log = logging.getLogger("cnap.source")

LOOK_AGAIN = 2.0
"""Seconds after which a model that nobody serves is looked for again."""
WATCHED = "watched"
"""The ConfigMap in which the dashboard says until when which cameras are watched."""


async def run(references: References) -> None:
    """Reads the cameras until SIGTERM. Raises CameraError for a mistake in CNAP_CAMERAS."""
    given = os.environ.get("CNAP_CAMERAS")
    fixed = cameras.parse(given) if given else None
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, receiving() as uploads:
        sink = Sink(session, os.environ["K_SINK"])
        streams = Streams(Around(open_store(), sink, references, uploads, listed=fixed is None))
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
        group.create_task(_watch_cameras(kubernetes, changes))
        group.create_task(_watch(kubernetes, WATCHED, streams.watch))
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


async def _watch_cameras(kubernetes: Kubernetes, changes: asyncio.Queue[list[Camera]]) -> None:
    known: list[Camera] = []

    def take(data: Mapping[str, str]) -> None:
        nonlocal known
        known, problem = cameras.followed(data.get(cameras.KEY, cameras.NONE), known)
        if problem:
            log.error("%s; the cameras that these are about stay as they were", problem)
        changes.put_nowait(known)

    await _watch(kubernetes, cameras.CONFIG_MAP, take)


async def _watch(
    kubernetes: Kubernetes, name: str, take: Callable[[Mapping[str, str]], None]
) -> None:
    """Gives a ConfigMap's data, and again whenever it changes."""
    known: Mapping[str, str] | None = None
    while True:
        try:
            async for data in kubernetes.watch_config_map(name):
                if data != known:
                    known = data
                    take(data)
        except (aiohttp.ClientError, TimeoutError, Unavailable, ValueError) as error:
            log.warning("the ConfigMap %s can't be watched: %s", name, error)
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
    logging.shutdown()
    os._exit(0)  # a thread that hangs in a camera or in the store would be waited for


if __name__ == "__main__":
    main()
