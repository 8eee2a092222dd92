"""The newest results of all streams, read from Redis as they come, and what they say of speed."""

import json
import statistics
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from cnap.errors import Unavailable

RECENT = 10.0
"""Seconds over which rate and latency are taken, and that a page gets when it connects."""
MOST = 2000
BATCH = 100


@dataclass(frozen=True)
class Result:
    """One entry of a stream's results: the result's data with `about` beside it."""

    id: str
    """Redis' own: milliseconds and a number; it grows."""
    stream: str
    body: dict[str, Any]

    @property
    def moment(self) -> float:
        """When it was published, in Unix seconds by Redis' clock."""
        return int(self.id.split("-")[0]) / 1000


def place(id: str) -> tuple[int, int]:
    """A Redis stream id in the order of time."""
    moment, _, number = id.partition("-")
    return int(moment), int(number or 0)


class Results:
    """Reads every stream's entries once, and keeps those of the last few seconds."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis
        self._last: dict[str, str] = {}
        self.recent: deque[Result] = deque(maxlen=MOST)

    async def read(self, streams: Iterable[str], wait: float = 0) -> list[Result]:
        """What came since the last call, at most `wait` seconds later. Raises Unavailable."""
        horizon = f"{int((time.time() - RECENT) * 1000)}-0"
        self._last = {
            name: max(self._last.get(name, "0-0"), horizon, key=place) for name in streams
        }
        if not self._last:
            return []
        keys = {f"cnap:results:{name}": last for name, last in self._last.items()}
        block = int(wait * 1000) or None
        try:
            answer = await self._redis.xread(keys, count=BATCH, block=block)
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis can't be used: {str(error)[:200]}") from None
        pairs = answer.items() if isinstance(answer, dict) else answer
        fresh = [
            result
            for key, entries in pairs
            for result in self._parsed(key.removeprefix("cnap:results:"), entries)
        ]
        fresh.sort(key=lambda result: place(result.id))
        self.recent.extend(fresh)
        self._forget()
        return fresh

    def speed(self, stream: str, model: str | None = None) -> tuple[float, float | None]:
        """Frames inferred a second, and the median latency in seconds, of late."""
        self._forget()
        mine = [
            result
            for result in self.recent
            if result.stream == stream and model in (None, result.body["model"])
        ]
        if not mine:
            return 0.0, None
        frames = sum(len(result.body["frames"]) for result in mine)
        # The first one's frames were captured in the second or so before it.
        rate = frames / (time.time() - mine[0].moment + 1)
        latencies = [r.body["latency"] for r in mine if r.body.get("latency") is not None]
        return round(rate, 1), round(statistics.median(latencies), 3) if latencies else None

    def _parsed(self, stream: str, entries: list[Any]) -> Iterable[Result]:
        for id, fields in entries:
            self._last[stream] = id
            try:
                body = json.loads(fields["data"]) | json.loads(fields["about"])
            except (KeyError, ValueError, TypeError):
                continue  # not written by publish
            yield Result(id, stream, body)

    def _forget(self) -> None:
        horizon = time.time() - RECENT
        while self.recent and self.recent[0].moment < horizon:
            self.recent.popleft()
