"""A Knative Service on one machine: activator, queue-proxy and autoscaler in one."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from yarl import URL

from cnap.local.autoscaler import Autoscaler
from cnap.local.pool import Pool
from cnap.local.process import Guard
from cnap.local.replica import Replica
from cnap.local.revision import Revision

TICK = 1.0  # seconds between two looks of the autoscaler, while there is a replica
QUEUE_DEPTH = 10_000


class Unanswered(Exception):
    """No replica answered: the status and text that Knative's data plane answers with."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Service:
    """Gives each request to a replica; those that find none free wait in line for one."""

    def __init__(self, revision: Revision, session: aiohttp.ClientSession, guard: Guard) -> None:
        self.revision = revision
        self.pool = Pool(revision, session, guard, self._rebalance)
        self._session = session
        self._autoscaler = Autoscaler(revision.scale)
        self._queue: deque[asyncio.Future[Replica]] = deque()
        self._ticker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts what the YAML wants to run before any request."""
        if self.revision.scale.initial:
            self._autoscaler.begin(time.monotonic())
        self._scale_to(max(self.revision.scale.minimum, self.revision.scale.initial))

    async def stop(self, grace: float) -> None:
        """Ends all replicas at once, and what waits for one."""
        if self._ticker:
            self._ticker.cancel()
        for waiter in self._queue:
            waiter.cancel()
        await self.pool.stop(grace)

    @contextlib.asynccontextmanager
    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One HTTP exchange with a replica; waits for one as long as the request may take.

        Raises Unanswered, with 502, 503 or 504, when no replica answers.
        """
        replica: Replica | None = None
        answered, since = False, time.monotonic()
        try:
            async with asyncio.timeout(self.revision.timeout):
                while not answered:
                    replica = None
                    replica = await self._acquire()
                    since = time.monotonic()
                    url = URL(f"http://127.0.0.1:{replica.port}{path}", encoded=True)
                    try:
                        async with self._session.request(
                            method, url, headers=headers, data=body, allow_redirects=False
                        ) as response:
                            answered = True
                            yield response
                    except aiohttp.ClientConnectorError as error:
                        if not isinstance(error.os_error, ConnectionRefusedError):
                            raise
                        # Nothing was sent: another replica can have it.
                        ending = await replica.ending()
                        self.pool.lose(replica, ending or "does not accept connections")
                    finally:
                        self._release(replica, answered)
        except asyncio.CancelledError:
            # The sender's patience may end a moment before this Service's.
            if not answered:
                self._replace_if_hung(replica, since)
            raise
        except TimeoutError:
            if answered:
                raise
            self._replace_if_hung(replica, since)
            because = f": {self.pool.failure}" if self.pool.failure else ""
            raise Unanswered(504, f"activator request timeout{because}") from None
        except (aiohttp.ClientError, OSError) as error:
            if replica is None:
                raise
            if ending := await replica.ending():
                self.pool.lose(replica, ending)
            if answered:
                raise
            raise Unanswered(502, f"{replica.name} broke off: {ending or error}") from None

    def _replace_if_hung(self, replica: Replica | None, since: float) -> None:
        """A replica that has had a request for all of the time it may take, and has answered no
        other one meanwhile, hangs."""
        timeout = self.revision.timeout
        if replica is None or replica.answered > since:
            return
        if time.monotonic() - since > 0.99 * timeout:
            self.pool.lose(replica, f"no answer in {timeout:g} s")

    async def _acquire(self) -> Replica:
        if not self._queue and (replica := self.pool.pick()):
            replica.take()
            self._record()
            return replica
        if len(self._queue) >= QUEUE_DEPTH:
            raise Unanswered(503, "pending request queue full")
        waiter: asyncio.Future[Replica] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        self._rebalance()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._release(waiter.result(), answered=False)
            else:
                with contextlib.suppress(ValueError):
                    self._queue.remove(waiter)
                self._record()
            raise

    def _release(self, replica: Replica, answered: bool) -> None:
        replica.release()
        if answered:
            replica.answered = time.monotonic()
            self.pool.answered()
        self._dispatch()
        self._record()

    def _dispatch(self) -> None:
        while self._queue and (replica := self.pool.pick()):
            waiter = self._queue.popleft()
            if not waiter.done():
                replica.take()
                waiter.set_result(replica)

    def _record(self) -> None:
        self._autoscaler.record(time.monotonic(), self.pool.inflight + len(self._queue))

    def _give_up_if_hopeless(self) -> None:
        """Nobody waits for what fails again and again; replicas are tried all the same."""
        while self._queue and self.pool.hopeless:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_exception(Unanswered(503, f"it does not start: {self.pool.failure}"))

    def _rebalance(self) -> None:
        """Something has come, gone or changed."""
        self._dispatch()
        self._record()
        self._give_up_if_hopeless()
        self._scale_to(self._autoscaler.desired(time.monotonic(), self.pool.ready))

    def _scale_to(self, count: int) -> None:
        self.pool.scale_to(count)
        if self.pool.replicas and self._ticker is None:
            self._ticker = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        while self.pool.replicas:
            await asyncio.sleep(TICK)
            self._rebalance()
        self._ticker = None
