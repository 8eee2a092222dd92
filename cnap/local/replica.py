"""One replica of a Service: a process that answers HTTP on a loopback port of its own."""

import asyncio
import contextlib
import logging
import socket
import time

import aiohttp

from cnap.local.containers import Container, Liveness
from cnap.local.process import Guard, Process

log = logging.getLogger("cnap.local")

PROBE_INTERVAL = 0.02  # a cold start waits for this, so it is tight
PROBE_TIMEOUT = 1.0
DEFAULT_READINESS = "/health/readiness"


class StartError(Exception):
    """The replica did not become ready; the message says why, for people."""


class Replica:
    """A process, its port, and what it is doing.

    `inflight` counts the requests it has been given, `reason` says why it is being ended.
    """

    def __init__(self, name: str, container: Container, guard: Guard) -> None:
        self.name = name
        self.port = _free_port()
        self.inflight = 0
        self.ready = False
        self.retiring = False
        self.reason = ""
        self.born = self.answered = time.monotonic()
        self.idle = asyncio.Event()
        self.idle.set()
        self._container = container
        self._guard = guard
        self._process: Process | None = None

    async def start(self, session: aiohttp.ClientSession, deadline: float) -> None:
        """Returns once it is ready. Raises StartError when it ends before, or takes longer
        than `deadline` seconds."""
        env = {**self._container.environment(), "PORT": str(self.port)}
        try:
            self._process = await Process.start(self.name, self._container.argv, env, self._guard)
        except OSError as error:
            raise StartError(f"cannot run {self._container.argv[0]}: {error.strerror}") from None
        path = self._container.readiness or DEFAULT_READINESS
        try:
            async with asyncio.timeout(deadline):
                while not await self._probe(session, path):
                    if self._process.returncode is not None:
                        await self._process.wait()
                        raise StartError(self._process.epitaph())
                    await asyncio.sleep(PROBE_INTERVAL)
        except TimeoutError:
            text = f"not ready {deadline:g} s after its start, {self._process.epitaph()}"
            raise StartError(text) from None
        self.ready = True
        log.info("%s is ready after %.2f s", self.name, time.monotonic() - self.born)

    async def run(self, session: aiohttp.ClientSession) -> str:
        """Returns when the process has ended or its liveness probe gave up: how it ended."""
        assert self._process is not None
        ended = asyncio.create_task(self._process.wait())
        tasks = {ended}
        if self._container.liveness:
            tasks.add(asyncio.create_task(self._watch(session, self._container.liveness)))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        return self._process.epitaph() if ended.done() else "its liveness probe fails"

    async def ending(self) -> str:
        """How it ended, when it has ended by now or does so in a moment; else nothing."""
        if self._process is None:
            return ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await self._process.wait()
        return "" if self._process.returncode is None else self._process.epitaph()

    async def stop(self, grace: float) -> None:
        self.ready = False
        if self._process is not None:
            await self._process.stop(grace)

    def take(self) -> None:
        self.inflight += 1
        self.idle.clear()

    def release(self) -> None:
        self.inflight -= 1
        if not self.inflight:
            self.idle.set()

    async def _probe(self, session: aiohttp.ClientSession, path: str) -> bool:
        try:
            async with (
                asyncio.timeout(PROBE_TIMEOUT),
                session.get(f"http://127.0.0.1:{self.port}{path}") as response,
            ):
                # Without a probe in the YAML Knative asks only whether the port accepts.
                missing = response.status == 404 and not self._container.readiness
                return response.status < 400 or missing
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _watch(self, session: aiohttp.ClientSession, probe: Liveness) -> None:
        """Returns when the probe has failed as often in a row as it may."""
        failures = 0
        while failures < probe.failures:
            await asyncio.sleep(probe.period)
            try:
                async with (
                    asyncio.timeout(probe.timeout),
                    session.get(f"http://127.0.0.1:{self.port}{probe.path}") as response,
                ):
                    failures = 0 if response.status < 400 else failures + 1
            except (aiohttp.ClientError, TimeoutError, OSError):
                failures += 1


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
