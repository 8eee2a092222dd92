"""One `cnap send` on its way: the pipeline it needs, its output, its progress bar, its end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import aiohttp
import click

from cnap.archive.pieces import Input
from cnap.archive.sending import Sending
from cnap.archive.summary import Summary
from cnap.errors import CnapError
from cnap.pipeline import Pipeline
from cnap.running import Running

LOOK_EVERY = 1.0


class Passing:
    """`summary` is there whatever the end was; `error`, if it was an error."""

    def __init__(
        self,
        stream: str,
        models: Sequence[str],
        files: Sequence[Input],
        pace: str,
        as_json: bool,
        say: Callable[[str], None],
        seconds: float = 1.0,
    ) -> None:
        self.summary = Summary(models)
        self.error: CnapError | None = None
        self._stream, self._files, self._pace, self._as_json = stream, files, pace, as_json
        self._say_plainly, self._seconds = say, seconds
        self._writing = ThreadPoolExecutor(1, "output")
        both = as_json and sys.stdout.isatty()
        self._bar = click.progressbar(
            length=max(1, sum(file.size for file in files)),
            label=stream,
            file=sys.stderr,
            hidden=both or not sys.stderr.isatty(),
            item_show_func=lambda _: f"{self.summary.frames} frames",
        )

    async def run(self, running: Running | None, pipeline: Pipeline | None) -> int:
        """Sends all files, through `pipeline` if none is running. Returns the number of the
        signal that ended it, or 0."""
        loop = asyncio.get_running_loop()
        signalled: asyncio.Future[int] = loop.create_future()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(
                number, lambda n=number: signalled.done() or signalled.set_result(n)
            )
        work = asyncio.create_task(self._work(running, pipeline))
        await asyncio.wait({work, signalled}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
        (ended,) = await asyncio.gather(work, return_exceptions=True)
        if isinstance(ended, CnapError):
            self.error = ended
        elif isinstance(ended, Exception):
            raise ended
        self._writing.shutdown(wait=False)
        return signalled.result() if signalled.done() else 0

    async def _work(self, running: Running | None, pipeline: Pipeline | None) -> None:
        async with _own(pipeline) if pipeline else _there(running) as at:
            # Only while we send: a pipeline of our own ends after that, and should.
            gone = asyncio.create_task(_gone(running, pipeline))
            sending = asyncio.create_task(self._send(at))
            try:
                await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not sending.done():
                    raise CnapError(gone.result())
                sending.result()
            finally:
                gone.cancel()
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, at: Running) -> None:
        from redis import asyncio as redis

        from cnap.source.sending.sink import Sink
        from cnap.stores import open_store

        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            redis.Redis.from_url(at.redis, decode_responses=True) as database,
        ):
            store, sink = open_store(at.store), Sink(session, at.broker)
            sending = Sending(
                self._stream,
                self.summary,
                store,
                sink,
                database,
                self._pace,
                self._say,
                self._seconds,
            )
            with self._bar:
                await sending.run(self._files, self._give)
                self._bar.update(self._bar.length - self._bar.pos)

    async def _give(self, result: dict) -> None:
        if self._as_json:
            line = json.dumps(result, separators=(",", ":"))
            await asyncio.get_running_loop().run_in_executor(self._writing, _print, line)
        self._bar.update(self.summary.bytes - self._bar.pos)

    def _say(self, sentence: str) -> None:
        if not self._bar.hidden:
            click.echo("\r\033[K", err=True, nl=False)
        self._say_plainly(sentence)


def _print(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer can't be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CnapError(f"the results can't be written: {error.strerror}") from None


async def _gone(running: Running | None, pipeline: Pipeline | None) -> str:
    """Waits for the end of the pipeline, and says how that was."""
    while running and await asyncio.to_thread(lambda: running.runs):
        await asyncio.sleep(LOOK_EVERY)
    while pipeline and not pipeline.broken:
        await asyncio.sleep(LOOK_EVERY)
    return await pipeline.broken if pipeline else "the running pipeline was ended"


@asynccontextmanager
async def _there(running: Running) -> AsyncIterator[Running]:
    yield running


@asynccontextmanager
async def _own(pipeline: Pipeline) -> AsyncIterator[Running]:
    try:
        yield await pipeline.start()
    finally:
        await pipeline.stop()
