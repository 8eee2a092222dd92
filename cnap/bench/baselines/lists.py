"""The Redis lists between two processes, and the Redis that has them."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis import Redis

from cnap.detections import Detection
from cnap.embedded import EmbeddedRedis
from cnap.errors import CnapError
from cnap.local.process import Guard
from cnap.redis import TIMEOUT, said_plainly
from cnap.scratch import scratch

END = b""
"""In the place of a picture: no more come for now."""


class Lists:
    """Pictures one way and results the other. Methods raise Unavailable where Redis fails."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self._pictures, self._results = f"{key}:pictures", f"{key}:results"
        try:
            self._redis = Redis.from_url(
                url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
            )
        except ValueError as error:
            raise CnapError(f"CNAP_REDIS is not an address of a Redis: {error}") from None

    def push(self, picture: bytes) -> int:
        """How many wait then."""
        with said_plainly():
            return int(self._redis.lpush(self._pictures, picture))

    def waiting(self) -> int:
        with said_plainly():
            return int(self._redis.llen(self._pictures))

    def pop(self) -> bytes:
        """The picture that waits longest; it is waited for."""
        with said_plainly():
            while not (popped := self._redis.brpop([self._pictures], 1)):
                pass
            return bytes(popped[1])

    def tell(self, number: int, found: Sequence[Detection]) -> None:
        told = {"frame": number, "detections": [one.as_json() for one in found]}
        with said_plainly():
            self._redis.rpush(self._results, json.dumps(told))

    def counts(self) -> list[int]:
        """How many detections each picture has that was popped, in their order."""
        with said_plainly():
            told = self._redis.lrange(self._results, 0, -1)
        return [len(json.loads(one)["detections"]) for one in told]

    def cpu(self) -> float:
        """Seconds of a core that Redis has used, for whomever."""
        with said_plainly():
            used = self._redis.info("cpu")
        return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])

    def clear(self) -> None:
        with said_plainly():
            self._redis.delete(self._pictures, self._results)


@contextmanager
def server() -> Iterator[str]:
    """The address of CNAP_REDIS, else of a Valkey of our own, which is gone afterwards."""
    if given := os.environ.get("CNAP_REDIS"):
        yield given
        return
    with scratch() as folder, asyncio.Runner() as runner:
        guard = Guard()
        redis = EmbeddedRedis(folder, guard)
        runner.run(_start(guard, redis))
        try:
            yield redis.url
        finally:
            runner.run(guard.stop())
            runner.run(redis.ended())


async def _start(guard: Guard, redis: EmbeddedRedis) -> None:
    await guard.start()
    await redis.start()
