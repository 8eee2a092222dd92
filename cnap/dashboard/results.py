"""The newest results of all streams, read from Redis as they come, and what they say of speed."""

import asyncio
import json
import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from cnap.errors import Unavailable

RECENT = 10.0
"""Seconds over which rate and latency are taken, and that a page gets when it connects."""
MOST = 2000
UNSETTLED = 5
"""Milliseconds: ids come from a clock that Redis reads once for several commands."""

Place = tuple[int, int, str]
Entry = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Result:
    """One entry of a stream's results: the result's data with `about` beside it."""

    id: str
    """Redis' own: milliseconds and a number; it grows."""
    stream: str
    body: dict[str, Any]

    @property
    def mark(self) -> str:
        """What tells it from all others, and its place: two streams may use the same id."""
        return f"{self.id}.{self.stream}"

    @property
    def moment(self) -> float:
        """When it was published, in Unix seconds by Redis' clock."""
        return int(self.id.split("-")[0]) / 1000


def place(mark: str) -> Place:
    """Where a result is in the one order that all of them have. Without a stream, as Redis' own
    ids are, it is after those of the same moment."""
    id, _, stream = mark.partition(".")
    moment, _, number = id.partition("-")
    return int(moment), int(number or 0), stream or "~"


class Results:
    """Reads every stream's entries once, and keeps those of the last few seconds."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis
        self._turn = asyncio.Lock()
        self._last: dict[str, str] = {}
        self.recent: deque[Result] = deque(maxlen=MOST)

    async def read(self, streams: Iterable[str], wait: float = 0) -> list[Result]:
        """What came since the last call, at most `wait` seconds later. Raises Unavailable."""
        async with self._turn:
            horizon = f"{int((time.time() - RECENT) * 1000)}-0"
            self._last = {
                name: max(self._last.get(name, "0-0"), horizon, key=place) for name in streams
            }
            if not self._last:
                return []
            fresh = await self._read(int(wait * 1000))
        self.recent.extend(fresh)
        self._forget()
        return fresh

    async def since(self, last: str, stream: str | None = None) -> list[Result]:
        """All that Redis still has after the result marked `last`, of one stream or of all.

        Raises Unavailable.
        """
        with _said_plainly():
            names = [stream] if stream else await self._redis.smembers("cnap:streams")
            found = await self._entries({name: last.partition(".")[0] for name in names})
        results = _in_order(found)
        return [result for result in results if place(result.mark) > place(last)]

    async def _read(self, block: int) -> list[Result]:
        with _said_plainly():
            if block:
                keys = {_key(name): last for name, last in self._last.items()}
                await self._redis.xread(keys, count=1, block=block)
            found = await self._entries({name: f"({last}" for name, last in self._last.items()})
        for name, entries in found.items():
            if entries:
                self._last[name] = entries[-1][0]
        return _in_order(found)

    async def _entries(self, first: dict[str, str]) -> dict[str, list[Entry]]:
        """The entries of each stream from its first on, without those of this very moment, of
        which there may be more to come: who has seen one has seen all that are before it."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.time()
            for name, id in first.items():
                pipe.xrange(_key(name), min=id)
            (seconds, microseconds), *answers = await pipe.execute()
        now = seconds * 1000 + microseconds // 1000
        return {
            name: [entry for entry in entries if not 0 <= now - place(entry[0])[0] < UNSETTLED]
            for name, entries in zip(first, answers, strict=True)
        }

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

    def _forget(self) -> None:
        horizon = time.time() - RECENT
        while self.recent and self.recent[0].moment < horizon:
            self.recent.popleft()


def _key(stream: str) -> str:
    return f"cnap:results:{stream}"


def _in_order(found: dict[str, list[Entry]]) -> list[Result]:
    results = (one for name, entries in found.items() for one in _parsed(name, entries))
    return sorted(results, key=lambda result: place(result.mark))


def _parsed(stream: str, entries: list[Entry]) -> Iterator[Result]:
    for id, fields in entries:
        try:
            body = json.loads(fields["data"]) | json.loads(fields["about"])
        except (KeyError, ValueError, TypeError):
            continue  # not written by publish
        yield Result(id, stream, body)


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis can't be used: {str(error)[:200]}") from None
