"""The replicas of a Service: started, given out, lost, replaced, and ended."""

import asyncio
import itertools
import logging
import os
import time
from collections.abc import Callable, Coroutine

import aiohttp

from cnap.local.process import Guard
from cnap.local.replica import Replica, StartError
from cnap.local.revision import Revision

log = logging.getLogger("cnap.local")

GRACE = 10.0  # seconds between SIGTERM and SIGKILL
MAX_BACKOFF = 60.0
HOPELESS = 3  # replicas lost in a row
# Knative has no limit unless the YAML sets one; a machine has an end.
MACHINE_LIMIT = 2 * max(1, os.cpu_count() or 1)


class Pool:
    """Keeps as many replicas as it is told to; `changed` is called when one comes or goes."""

    def __init__(
        self,
        revision: Revision,
        session: aiohttp.ClientSession,
        guard: Guard,
        changed: Callable[[], None],
    ) -> None:
        self.replicas: list[Replica] = []
        self.failure = ""  # why the last replica was lost, until one answers again
        self._revision = revision
        self._session = session
        self._guard = guard
        self._changed = changed
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._not_before = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False

    @property
    def standing(self) -> list[Replica]:
        """The replicas that are meant to stay."""
        return [replica for replica in self.replicas if not replica.retiring]

    @property
    def ready(self) -> int:
        return sum(replica.ready for replica in self.standing)

    @property
    def inflight(self) -> int:
        return sum(replica.inflight for replica in self.replicas)

    @property
    def hopeless(self) -> bool:
        """Whether it has failed again and again, and no replica is there to answer."""
        return self._failures >= HOPELESS and not self.ready

    def pick(self) -> Replica | None:
        """The ready replica with the least to do, if any may take one more request."""
        limit = self._revision.concurrency
        free = (
            replica
            for replica in self.standing
            if replica.ready and not (limit and replica.inflight >= limit)
        )
        return min(free, key=lambda replica: replica.inflight, default=None)

    def scale_to(self, count: int) -> None:
        """Starts replicas, or lets the least busy finish; after failures, not at once."""
        if self._stopping:
            return
        if not self._revision.scale.maximum:
            count = min(count, MACHINE_LIMIT)
        standing = self.standing
        if count > len(standing) and (delay := self._not_before - time.monotonic()) > 0:
            self._look_again_in(delay)
            return
        for _ in range(count - len(standing)):
            name = f"{self._revision.name}-00001-{next(self._numbers)}"
            replica = Replica(name, self._revision.container, self._guard)
            self.replicas.append(replica)
            self._spawn(self._live(replica))
        least_busy = sorted(standing, key=lambda replica: (replica.inflight, -replica.born))
        for replica in least_busy[: max(0, len(standing) - count)]:
            replica.retiring = True
            self._spawn(self._retire(replica))

    def answered(self) -> None:
        """A replica has answered: what failed before is past."""
        self._failures = 0
        self.failure = ""

    def lose(self, replica: Replica, reason: str) -> None:
        """Takes a broken replica out; the next starts at once, and later ones ever later."""
        if replica.retiring or self._stopping:
            return
        replica.retiring = True
        self.failure = f"{replica.name}: {reason}"
        log.error("%s ended: %s", replica.name, reason)
        if self._failures:
            self._not_before = time.monotonic() + min(2.0 ** (self._failures - 1), MAX_BACKOFF)
        self._failures += 1
        self._spawn(self._retire(replica))
        self._changed()

    async def stop(self, grace: float) -> None:
        """Ends all replicas at once."""
        self._stopping = True
        if self._timer:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(replica.stop(grace) for replica in self.replicas))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self, replica: Replica) -> None:
        """A replica's life, up to its end or its retirement."""
        try:
            await replica.start(self._session, self._revision.progress_deadline)
            self._changed()
            ending = await replica.run(self._session)
        except StartError as error:
            ending = str(error)
        self.lose(replica, ending)

    async def _retire(self, replica: Replica) -> None:
        """Lets it finish what it has, then ends it."""
        try:
            async with asyncio.timeout(self._revision.timeout):
                await replica.idle.wait()
        except TimeoutError:
            log.warning("%s has not finished in time: ended", replica.name)
        await replica.stop(GRACE)
        self.replicas.remove(replica)

    def _look_again_in(self, delay: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer.when() < loop.time():
            self._timer = loop.call_later(delay, self._changed)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
