"""Results of live streams as publish commits them. Reading them wakes no function."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis import Redis

from cnap.redis import said_plainly

FILLING = "segment"
"""The stage before all others: a frame waits for those after it in its segment."""

Entry = tuple[str, str, dict[str, Any]]
"""A stream, Redis' own id (milliseconds and a number), and the result."""


@dataclass(frozen=True)
class Seen:
    """A frame that a model has looked at; Unix seconds."""

    stream: str
    model: str
    captured: float
    committed: float
    """By Redis' clock, which on one machine is its own."""
    stages: Mapping[str, float]
    """Seconds by stage. Those of the result are of its newest frame, so an earlier one's begin with
    what lies between the two."""

    @property
    def latency(self) -> float:
        return self.committed - self.captured


def frames(stream: str, id: str, data: Mapping[str, Any]) -> list[Seen]:
    """Those of one result."""
    committed = int(id.partition("-")[0]) / 1000
    times = [datetime.fromisoformat(one["time"]).timestamp() for one in data["frames"]]
    newest = max(times, default=0.0)
    told = data.get("timings") or {}
    return [
        Seen(stream, data["model"], one, committed, {FILLING: newest - one} | told) for one in times
    ]


class FromRedis:
    """Called, it gives what is new. Redis keeps the last thousand of a stream: called too seldom,
    it misses some."""

    def __init__(self, redis: Redis, streams: Iterable[str]) -> None:
        self._redis = redis
        self._last = {f"cnap:results:{stream}": "0-0" for stream in streams}

    def __call__(self) -> list[Entry]:
        """Raises Unavailable."""
        with said_plainly():
            answers = self._redis.xread(dict(self._last))
        self._last |= {key: entries[-1][0] for key, entries in answers if entries}
        return [
            (key.removeprefix("cnap:results:"), id, parsed(fields))
            for key, entries in answers
            for id, fields in entries
        ]


def parsed(fields: Mapping[str, str]) -> dict[str, Any]:
    return json.loads(fields["data"]) | json.loads(fields["about"])


class Results:
    """What comes to some streams, each frame once."""

    def __init__(self, streams: Iterable[str], fresh: Callable[[], list[Entry]]) -> None:
        self._streams, self._fresh = set(streams), fresh
        self.seen: list[Seen] = []

    def read(self) -> list[Seen]:
        """What is new."""
        fresh = [one for entry in self._fresh() for one in frames(*entry)]
        self.seen += fresh
        return fresh

    def follow(self, until: float) -> None:
        """Reads up to a moment, in Unix seconds."""
        while (left := until - time.time()) > 0:
            time.sleep(min(0.5, left))
            self.read()

    def all_have(self, models: Sequence[str], since: float = 0.0) -> bool:
        """Whether each stream has a result of each model that was captured at `since` or later."""
        self.read()
        have = {(one.stream, one.model) for one in self.seen if one.captured >= since}
        return len(have) >= len(self._streams) * len(models)


def percentile(values: Iterable[float], share: float) -> float:
    """The least value that at least this share (0 to 1) of all reach: one that was measured."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("there is no percentile of nothing")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
