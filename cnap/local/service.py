"""A Knative Service on one machine: activator, queue-proxy and autoscaler in one."""

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from yarl import URL

from cnap.local.autoscaler import Autoscaler
from cnap.local.process import Guard
from cnap.local.replica import Replica, StartError
from cnap.local.revision import Revision

log = logging.getLogger("cnap.local")

TICK = 1.0  # seconds between two looks of the autoscaler, while there is a replica
GRACE = 10.0  # seconds between SIGTERM and SIGKILL
QUEUE_DEPTH = 10_000
MAX_BACKOFF = 60.0
# Knative has no limit unless the YAML sets one; a machine has an end.
MACHINE_LIMIT = 2 * max(1, os.cpu_count() or 1)


class Unanswered(Exception):
    """No replica answered: the status and text that Knative's data plane answers with."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Service:
    """Gives each request to a replica, starting replicas when needed and ending idle ones."""

    def __init__(self, revision: Revision, session: aiohttp.ClientSession, guard: Guard) -> None:
        self.revision = revision
        self.replicas: list[Replica] = []
        self.failure = ""  # why the last replica ended, until one answers again
        self._session = session
        self._guard = guard
        self._autoscaler = Autoscaler(revision.scale)
        self._queue: deque[asyncio.Future[Replica]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._failures = 0
        self._not_before = 0.0
        self._ticker: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def ready_replicas(self) -> int:
        return sum(replica.ready and not replica.retiring for replica in self.replicas)

    @property
    def wanted_replicas(self) -> int:
        return sum(not replica.retiring for replica in self.replicas)

    def start(self) -> None:
        """Starts what the YAML wants to run before any request."""
        self._scale_to(max(self.revision.scale.minimum, self.revision.scale.initial))

    async def stop(self, grace: float) -> None:
        """Ends all replicas at once."""
        self._stopping = True
        if self._ticker:
            self._ticker.cancel()
        for waiter in self._queue:
            waiter.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(replica.stop(grace) for replica in self.replicas))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One HTTP exchange with a replica; waits for one as long as the request may take.

        Raises Unanswered, with 502, 503 or 504, when no replica answers.
        """
        replica: Replica | None = None
        answered = False
        try:
            async with asyncio.timeout(self.revision.timeout):
                while not answered:
                    replica = None
                    replica = await self._acquire()
                    url = URL(f"http://127.0.0.1:{replica.port}{path}", encoded=True)
                    try:
                        async with self._session.request(
                            method, url, headers=headers, data=body, allow_redirects=False
                        ) as response:
                            answered = True
                            yield response
                    except aiohttp.ClientConnectorError:
                        # Nothing was sent: another replica can have it.
                        self._lose(replica, "does not accept connections")
                    finally:
                        self._release(replica, answered)
        except TimeoutError:
            if answered:
                raise
            raise self._overrun(replica) from None
        except (aiohttp.ClientError, OSError) as error:
            if answered:
                raise
            text = f"{self.revision.name} broke off: {error or type(error).__name__}"
            raise Unanswered(502, text) from None

    def _overrun(self, replica: Replica | None) -> Unanswered:
        if replica is None:
            waiting = f": {self.failure}" if self.failure else ""
            return Unanswered(504, f"activator request timeout{waiting}")
        reason = f"no answer in {self.revision.timeout:g} s"
        self._lose(replica, reason)
        return Unanswered(504, f"request timeout: {reason}")

    # --- giving requests to replicas ---

    async def _acquire(self) -> Replica:
        if not self._queue and (replica := self._pick()):
            replica.take()
            self._record()
            return replica
        if len(self._queue) >= QUEUE_DEPTH:
            raise Unanswered(503, "pending request queue full")
        waiter: asyncio.Future[Replica] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        self._record()
        self._scale()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._release(waiter.result(), answered=False)
            else:
                with contextlib.suppress(ValueError):
                    self._queue.remove(waiter)
                self._record()
            raise

    def _release(self, replica: Replica, answered: bool) -> None:
        replica.release()
        if answered:
            self._failures = 0
            self.failure = ""
        self._dispatch()
        self._record()

    def _pick(self) -> Replica | None:
        limit = self.revision.concurrency
        free = (
            replica
            for replica in self.replicas
            if replica.ready and not replica.retiring and not (limit and replica.inflight >= limit)
        )
        return min(free, key=lambda replica: replica.inflight, default=None)

    def _dispatch(self) -> None:
        while self._queue and (replica := self._pick()):
            waiter = self._queue.popleft()
            if not waiter.done():
                replica.take()
                waiter.set_result(replica)

    def _record(self) -> None:
        inflight = sum(replica.inflight for replica in self.replicas)
        self._autoscaler.record(time.monotonic(), inflight + len(self._queue))

    # --- starting and ending replicas ---

    def _scale(self) -> None:
        self._scale_to(self._autoscaler.desired(time.monotonic(), self.ready_replicas))

    def _scale_to(self, count: int) -> None:
        if self._stopping:
            return
        if not self.revision.scale.maximum:
            count = min(count, MACHINE_LIMIT)
        standing = [replica for replica in self.replicas if not replica.retiring]
        delay = self._not_before - time.monotonic()
        if count > len(standing) and delay > 0:
            asyncio.get_running_loop().call_later(delay, self._scale)
            return
        for _ in range(count - len(standing)):
            self._spawn(self._start_replica())
        idle_first = sorted(standing, key=lambda replica: (replica.inflight, -replica.born))
        for replica in idle_first[: len(standing) - count]:
            replica.retiring = True
            self._spawn(self._retire(replica))
        if self.replicas and self._ticker is None:
            self._ticker = asyncio.create_task(self._tick())

    def _start_replica(self) -> Any:
        name = f"{self.revision.name}-00001-{next(self._numbers)}"
        replica = Replica(name, self.revision.container, self._guard)
        self.replicas.append(replica)
        return self._live(replica)

    async def _live(self, replica: Replica) -> None:
        """A replica's life, up to its end or its retirement."""
        try:
            await replica.start(self._session, self.revision.progress_deadline)
            self._dispatch()
            self._record()
            ending = await replica.run(self._session)
        except StartError as error:
            ending = str(error)
        if not replica.retiring:
            self._lose(replica, ending)

    def _lose(self, replica: Replica, reason: str) -> None:
        """Takes a broken replica out, and puts another in its place, after a while if it
        was not the first."""
        if replica.retiring or self._stopping:
            return
        replica.retiring = True
        self.failure = f"{replica.name}: {reason}"
        log.error("%s ended: %s", replica.name, reason)
        if self._failures:
            self._not_before = time.monotonic() + min(2.0 ** (self._failures - 1), MAX_BACKOFF)
        self._failures += 1
        self._spawn(self._retire(replica))
        self._scale()

    async def _retire(self, replica: Replica) -> None:
        """Lets it finish what it has, then ends it."""
        try:
            async with asyncio.timeout(self.revision.timeout):
                await replica.idle.wait()
        except TimeoutError:
            log.warning("%s has not finished in time: ended", replica.name)
        await replica.stop(GRACE)
        self.replicas.remove(replica)

    async def _tick(self) -> None:
        while self.replicas:
            await asyncio.sleep(TICK)
            self._scale()
        self._ticker = None

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
