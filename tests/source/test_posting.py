"""Segments on their way to the Broker: how long they took till they were sent, and that the frames
of each are counted once, whatever becomes of it."""

import asyncio
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from cnap.cameras import Camera
from cnap.errors import BadEvent
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent
from cnap.source.condition import Condition
from cnap.source.cut.cutter import Cut
from cnap.source.sending import posting as posting_module
from cnap.source.sending.pace import BLOCKED
from cnap.source.sending.piece import Piece
from cnap.source.sending.posting import Posting
from cnap.source.sending.sink import MaybeTaken, NeverSent
from cnap.source.totals import Totals
from tests.clock import Clock

CAMERA = Camera("gate", "gate.mp4", ("a",))


class Sink:
    """Takes an event when the test lets it, or fails then."""

    def __init__(self, error=None):
        self.taken = asyncio.Semaphore(0)
        self.sent = []
        self.error = error

    async def post(self, event, fresh):
        self.sent.append(SegmentEvent.from_event(event))
        await self.taken.acquire()
        if self.error:
            raise self.error


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(1_777_777_777.0)
    monkeypatch.setattr(posting_module, "time", clock)
    return clock


def piece(sequence, since, totals=None):
    totals = totals or Totals(CAMERA, 1_777_777_777_000, 25.0)
    totals.capture(25)
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


def counted(totals):
    """Frames captured, dropped by reason, and outstanding."""
    told = totals.told(Condition(datetime.now(UTC)))
    return told.captured, told.dropped, told.outstanding


@pytest.fixture
async def waiting(clock):
    """Makes a Posting with one piece on its way, which takes too long, so that others wait."""
    made = []

    async def waiting(behind="thin", most=2):
        sink = Sink()
        camera = Camera("gate", "gate.mp4", ("a",), behind=behind, fresh=20)
        posting = Posting(camera, sink, most, lambda: None)
        totals = Totals(CAMERA, 1_777_777_777_000, 25.0)
        posting.put(piece(0, clock.now, totals))
        await settle()
        clock.now += BLOCKED
        made.append(posting)
        return posting, sink, totals

    yield waiting
    for posting in made:
        await posting.end(0)


async def test_what_gets_too_old_while_it_waits_is_dropped_as_expired(clock, waiting):
    posting, sink, totals = await waiting()
    for sequence in (1, 2):
        posting.put(piece(sequence, clock.now, totals))
    assert counted(totals) == (75, {}, 75)
    clock.now += 20.1
    posting.pump()

    assert counted(totals) == (75, {"expired": 50}, 25)
    sink.taken.release()
    await settle()
    assert counted(totals) == (75, {"expired": 50}, 0)
    assert len(sink.sent) == 1


@pytest.mark.parametrize(
    ("behind", "kept"), [("thin", [0, 3, 4]), ("oldest", [0, 3, 4]), ("newest", [0, 1, 2])]
)
async def test_what_is_too_much_to_wait_is_dropped_as_behind(clock, waiting, behind, kept):
    posting, _, totals = await waiting(behind)
    for sequence in (1, 2, 3, 4):
        posting.put(piece(sequence, clock.now, totals))

    assert [one.id.sequence for one in posting.pieces()] == kept
    assert counted(totals) == (125, {"behind": 50}, 75)


async def test_what_waits_at_the_end_is_dropped_as_stopped(clock, waiting):
    posting, _, totals = await waiting()
    for sequence in (1, 2):
        posting.put(piece(sequence, clock.now, totals))
    await posting.end(0)

    assert counted(totals) == (75, {"stopped": 50}, 25)


@pytest.mark.parametrize(
    ("error", "dropped"),
    [
        (None, {}),
        (BadEvent("no"), {"refused": 25}),
        (NeverSent("away"), {"expired": 25}),
        (MaybeTaken("no"), {}),  # else they might be counted twice
    ],
)
async def test_what_was_sent_is_counted_by_the_broker_s_answer(clock, error, dropped):
    sink = Sink(error)
    posting = Posting(CAMERA, sink, 4, lambda: None)
    one = piece(0, clock.now)
    posting.put(one)
    await settle()
    assert counted(one.totals) == (25, {}, 25)
    sink.taken.release()
    await settle()

    assert counted(one.totals) == (25, dropped, 0)
    assert posting.pieces() == []


def test_however_often_a_piece_is_dropped_its_frames_are_counted_once():
    wanted, shown = piece(0, 0.0), piece(1, 0.0)
    shown.wanted = False
    wanted.drop("behind")
    wanted.drop("stopped")
    shown.drop("behind")

    assert counted(wanted.totals) == (25, {"behind": 25}, 0)
    assert counted(shown.totals) == (25, {}, 25)
