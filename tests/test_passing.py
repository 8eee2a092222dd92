"""One `cnap send`: what ends it, and what does not."""

import asyncio

import pytest

from cnap.cli.passing import Passing


class OwnPipeline:
    """Its Redis ends while it stops, as that of a real one does, and before all else has ended."""

    broken = None

    def __init__(self):
        self.stopped = False
        self._ends = asyncio.Event()

    async def start(self):
        self.broken = asyncio.create_task(self._end())

    async def _end(self):
        await self._ends.wait()
        return "the Redis ended"

    def break_down(self):
        self._ends.set()

    async def stop(self):
        self.break_down()
        await asyncio.sleep(0.05)
        self.stopped = True


@pytest.fixture
def passing(monkeypatch):
    def make(send):
        monkeypatch.setattr(Passing, "_send", send)
        monkeypatch.setattr("cnap.cli.passing.LOOK_EVERY", 0.01)
        return Passing("film", ["yolox-nano"], [], "max", False, print)

    return make


async def test_a_pipeline_of_our_own_that_stops_when_all_is_sent_is_no_error(passing):
    async def send(*_):
        await asyncio.sleep(0.05)

    pipeline, sent = OwnPipeline(), passing(send)

    assert await sent.run(None, pipeline) == 0
    assert sent.error is None
    assert pipeline.stopped


async def test_one_that_breaks_down_meanwhile_is(passing):
    left = []

    async def send(*_):
        pipeline.break_down()
        try:
            await asyncio.sleep(60)
        finally:
            left.append("nothing")

    pipeline, sent = OwnPipeline(), passing(send)

    assert await sent.run(None, pipeline) == 0
    assert str(sent.error) == "the Redis ended"
    assert left == ["nothing"]
    assert pipeline.stopped
