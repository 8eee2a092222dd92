"""`python -m cnap.bench.sender`: sends a clip again and again, when a line of its input says so.
It is a process of its own, so that what sending costs can be told from what measuring costs."""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
from redis import asyncio as redis

from cnap.archive.pieces import Input
from cnap.archive.sending import Sending
from cnap.archive.summary import Summary
from cnap.errors import CnapError
from cnap.running import Running
from cnap.source.sending.sink import Sink
from cnap.stores import open_store


def passes(clip: Path, seconds: float) -> Iterator[Input]:
    """The clip, whole, until `seconds` have passed; once at least. Each has its number as name."""
    size, until = clip.stat().st_size, time.monotonic() + seconds
    for number in itertools.count():
        yield Input(clip, str(number), size)
        if time.monotonic() >= until:
            return


class Taken:
    """The results of one order: `given` has when each came (monotonic seconds) and of how many
    frames it was; `detections` counts those of the clip's first pass."""

    def __init__(self) -> None:
        self.given: list[tuple[float, int]] = []
        self.detections = 0

    async def give(self, result: dict[str, Any]) -> None:
        self.given.append((time.monotonic(), len(result["frames"])))
        if result["file"] == "0":
            self.detections += sum(len(frame["detections"]) for frame in result["frames"])


async def obey(order: dict[str, Any], at: Running) -> dict[str, Any]:
    """Sends one order's streams side by side; the answer has what came of it."""
    taken, said = Taken(), []
    summaries = [Summary(at.models) for _ in order["streams"]]
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        redis.Redis.from_url(at.redis, decode_responses=True) as database,
    ):
        # A store each, as cameras have: what one does is in a thread of its own.
        await asyncio.gather(
            *(
                Sending(
                    stream,
                    summary,
                    open_store(at.store),
                    Sink(session, at.broker),
                    database,
                    say=said.append,
                    seconds=order["segment"],
                    ahead=order["ahead"],
                ).run(passes(Path(order["clip"]), order["seconds"]), taken.give)
                for stream, summary in zip(order["streams"], summaries, strict=True)
            )
        )
    return {
        "given": taken.given,
        "detections": taken.detections,
        "frames": sum(one.frames for one in summaries),
        "inferred": sum(one.inferred for one in summaries),
        "said": said,
    }


async def main() -> None:
    """Orders and answers are lines of JSON; the first line is the pipeline's note."""
    loop = asyncio.get_running_loop()
    at = Running(**json.loads(await loop.run_in_executor(None, sys.stdin.readline)))
    print(json.dumps({"ready": True}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            answer = await obey(json.loads(line), at)
        except CnapError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
