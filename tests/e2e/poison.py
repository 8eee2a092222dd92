"""Sends one segment that is text: `python - STREAM`, in the source's pod."""

import asyncio
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp

from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent
from cnap.source.sending.sink import Sink
from cnap.stores import open_store


async def main(stream: str) -> None:
    store, now = open_store(), datetime.now(UTC)
    segment = SegmentEvent(
        id=SegmentId(stream, time.time_ns() // 1_000_000, 0),
        time=now,
        datacontenttype="video/mp4",
        dataref="",
        models=("yolox-nano",),
        framecount=25,
        capturedframes=25,
        gopstart=0,
    )
    store.put(segment.key(), b"This is no film.")
    segment = replace(segment, dataref=store.uri(segment.key()))
    async with aiohttp.ClientSession() as session:
        await Sink(session, os.environ["K_SINK"]).post(segment.to_event())


asyncio.run(main(sys.argv[1]))
