"""The streams that somebody watches, each followed once for all who do."""

import asyncio
from collections.abc import Callable

from cnap.dashboard import metrics
from cnap.dashboard.tail import LEASE, Segment, Tail
from cnap.stores import Store


class Tails:
    """The streams that are watched; `came(stream, segment)` is called with each new segment."""

    def __init__(self, store: Store, came: Callable[[str, Segment], None]) -> None:
        self._store, self._came = store, came
        self._tails: dict[str, Tail] = {}
        self._sweeper: asyncio.Task[None] | None = None

    def of(self, stream: str) -> Tail:
        if stream not in self._tails:
            self._tails[stream] = Tail(stream, self._store, self._came)
            metrics.WATCHED.set(len(self._tails))
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep())
        return self._tails[stream]

    async def stop(self) -> None:
        if self._sweeper:
            self._sweeper.cancel()
        await asyncio.gather(*(tail.stop() for tail in self._tails.values()))
        self._tails.clear()

    async def _sweep(self) -> None:
        while self._tails:
            await asyncio.sleep(LEASE / 3)
            for name in [name for name, tail in self._tails.items() if not tail.wanted]:
                await self._tails.pop(name).stop()
            metrics.WATCHED.set(len(self._tails))
