"""Segments on their way to the Broker say how long they took till they were sent."""

import asyncio
from fractions import Fraction

import pytest

from cnap.cameras import Camera
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent
from cnap.source.cut.cutter import Cut
from cnap.source.sending import posting as posting_module
from cnap.source.sending.pace import BLOCKED
from cnap.source.sending.piece import Piece
from cnap.source.sending.posting import Posting
from cnap.source.totals import Totals
from tests.clock import Clock

CAMERA = Camera("gate", "gate.mp4", ("a",))


class Sink:
    """Takes an event when the test lets it."""

    def __init__(self):
        self.taken = asyncio.Semaphore(0)
        self.sent = []

    async def post(self, event, fresh):
        self.sent.append(SegmentEvent.from_event(event))
        await self.taken.acquire()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(1_777_777_777.0)
    monkeypatch.setattr(posting_module, "time", clock)
    return clock


def piece(sequence, since):
    totals = Totals(CAMERA, 1_777_777_777_000, 25.0)
    cut = Cut(b"", Fraction(sequence), Fraction(1), sequence, True, 0, 25, sequence)
    place = SegmentId("gate", totals.epoch, sequence)
    return Piece(place, cut, totals, 25, True, since, "file:///nowhere/a")


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_store_s_time_and_the_wait_for_its_turn_are_told_apart(clock):
    sink = Sink()
    posting = Posting(CAMERA, sink, 4, lambda: None)
    first = piece(0, since=clock.now)
    clock.now += 0.25
    posting.put(first)
    await settle()
    clock.now += BLOCKED  # nothing more is sent while that one takes so long
    second = piece(1, since=clock.now)
    clock.now += 0.5
    posting.put(second)
    await settle()
    assert len(sink.sent) == 1
    clock.now += 2
    sink.taken.release()
    await settle()

    assert [one.timings for one in sink.sent] == [
        {"store": 0.25, "queue": 0},
        {"store": 0.5, "queue": 2},
    ]
