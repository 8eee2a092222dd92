"""A whole pipeline for each test, with the real functions in processes of their own."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from redis import asyncio as redis

from cnap.accounts import Account, account
from cnap.archive.inputs import inputs
from cnap.archive.sending import Sending
from cnap.archive.summary import Summary
from cnap.cameras import Camera
from cnap.pipeline import Pipeline
from cnap.redis import connect
from cnap.running import Running
from cnap.source.sending.sink import Sink
from cnap.stores import open_store
from tests.real import MODEL


@asynccontextmanager
async def running(
    cameras: list[Camera] = (), models: tuple[str, ...] = (MODEL,), port=None, catalog=""
):
    pipeline = Pipeline(list(cameras), models, port, catalog)
    try:
        yield await pipeline.start()
    finally:
        await pipeline.stop()


async def send(
    at: Running, files: list[Path], stream: str = "film", models: tuple[str, ...] = (MODEL,)
) -> tuple[list[dict], Summary]:
    """What `cnap send` does: every result, in order, and the summary."""
    async with (
        aiohttp.ClientSession() as session,
        redis.Redis.from_url(at.redis, decode_responses=True) as database,
    ):
        found, summary, store = [], Summary(models), open_store(at.store)

        async def give(result: dict) -> None:
            found.append(result)

        sending = Sending(stream, summary, store, Sink(session, at.broker), database)
        await sending.run(inputs(files).files, give)
        return found, summary


def account_of(at: Running, stream: str) -> Account:
    """The stream's account; its identity is checked whenever it is looked at."""
    found = account(connect(at.redis), stream)
    for counts in (found, *found.models.values()):
        assert counts.captured == (
            counts.inferred + counts.dropped + counts.failed + counts.inflight
        )
        assert counts.inflight >= 0
    return found


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits for a condition that must come true sooner or later."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.1)


def processes_of(at: Running, what: str) -> Iterator[int]:
    """Process ids of a function's replicas, or of a module's processes."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "environ").read_bytes().split(b"\0")
            arguments = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        ours = f"CNAP_STORE={at.store}".encode() in words
        if ours and (f"CNAP_FUNCTION={what}".encode() in words or what.encode() in arguments):
            yield int(place.name)


def kill(pids: Iterator[int]) -> int:
    count = 0
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        count += 1
    return count
