"""One epoch's outcomes, read from Redis as publish commits them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from redis import asyncio as redis


@dataclass(frozen=True)
class Committed:
    """One model's outcome of one segment."""

    sequence: int
    model: str
    about: Mapping
    """What publish knows besides: the reasons, where there is no result."""
    result: dict | None


class Outcomes:
    def __init__(self, database: redis.Redis, stream: str, epoch: int) -> None:
        self._redis, self._epoch = database, epoch
        # Entry ids are Redis' own milliseconds; older ones are of other epochs anyway.
        self._places = {f"cnap:results:{stream}": "0", f"cnap:drops:{stream}": "0"}

    async def news(self) -> list[Committed]:
        """What came since the last call, at most a second later; nothing while Redis is away:
        publish waits for it too, and nothing is lost meanwhile."""
        try:
            news = await self._redis.xread(self._places, block=1000, count=100)
        except redis.RedisError:
            await asyncio.sleep(0.5)
            return []
        found = []
        for key, entries in news:
            for place, entry in entries:
                self._places[key] = place
                about = json.loads(entry["about"])
                if about["epoch"] == self._epoch:
                    result = json.loads(entry["data"]) if "data" in entry else None
                    what = result or about
                    found.append(Committed(what["sequence"], what["model"], about, result))
        return found
