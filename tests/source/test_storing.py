"""What a store that was away costs a stream: what can't be decoded without it, and not more."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from cnap.cameras import Camera
from cnap.errors import BadMedia, Unavailable
from cnap.events.identity import SegmentId
from cnap.source.cut.cutter import Cut
from cnap.source.sending.piece import Piece
from cnap.source.sending.storing import Storing


class Totals:
    def __init__(self):
        self.dropped = 0

    def drop(self, reason, frames):
        self.dropped += frames


class Reasons:
    def __init__(self):
        self.dropped = Counter()

    def drop(self, reason, frames):
        self.dropped[reason] += frames


def cut(number, gopstart, decodefrom, gopend=False):
    return Cut(
        b"x", Fraction(number), Fraction(1), gopstart, gopend, 0, 1, number, "video/mp4",
        decodefrom, True, 1,
    )  # fmt: skip


KEYS = [cut(n, n & ~3, n & ~3, n % 4 == 3) for n in range(16)]
"""A key frame every four segments."""
REFRESHED = [cut(n, 0, max(0, n - 3)) for n in range(16)]
"""None after the first, but recovery points: pictures are right three segments later."""


@pytest.mark.parametrize(
    ("cuts", "sent", "stored"),
    [
        (KEYS, [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15], None),
        (REFRESHED, [0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 15], [n for n in range(16) if n != 5]),
    ],
)
async def test_one_segment_that_is_lost_costs_those_that_need_it(
    folder_store, monkeypatch, cuts, sent, stored
):
    totals, seen, put = Totals(), [], folder_store.put

    def broken(key, *data):
        if key.endswith("0000000005.mp4"):
            raise Unavailable("away")
        put(key, *data)

    monkeypatch.setattr(folder_store, "put", broken)
    monkeypatch.setattr("cnap.source.sending.storing.FIRST_WAIT", 0.01)
    camera = Camera("gate", "x", models=("m",), fresh=1)
    with ThreadPoolExecutor(1) as pool:
        storing = Storing(camera, folder_store, pool, 99, seen.append, lambda: (), lambda: None)
        for one in cuts:
            since = asyncio.get_running_loop().time() + (0 if one.sequence == 5 else 3600)
            storing.put(Piece(SegmentId("gate", 1, one.sequence), one, totals, 0, True, since))
        while not storing.idle:
            await asyncio.sleep(0.02)
    there = [int(one.key[-14:-4]) for one in folder_store.objects("")]

    assert [piece.id.sequence for piece in seen if piece.wanted] == sent
    assert totals.dropped == 16 - len(sent)
    assert not any(piece.cut.data for piece in seen)  # which may wait for long
    assert sorted(there) == (stored or sent)


@pytest.mark.parametrize("error", [BadMedia("no mp4 of it"), RuntimeError("a bug")])
async def test_a_segment_that_can_not_be_stored_at_all_is_unfit_with_those_that_need_it(
    folder_store, monkeypatch, error
):
    totals, seen, put = Reasons(), [], folder_store.put

    def broken(key, *data):
        if key.endswith("0000000005.mp4"):
            raise error
        put(key, *data)

    monkeypatch.setattr(folder_store, "put", broken)
    camera = Camera("gate", "x", models=("m",), fresh=3600)
    with ThreadPoolExecutor(1) as pool:
        storing = Storing(camera, folder_store, pool, 99, seen.append, lambda: (), lambda: None)
        for one in KEYS:
            since = asyncio.get_running_loop().time()
            storing.put(Piece(SegmentId("gate", 1, one.sequence), one, totals, 0, True, since))
        while not storing.idle:
            await asyncio.sleep(0.01)

    assert totals.dropped == {"unfit": 3}
    assert [piece.id.sequence for piece in seen] == [0, 1, 2, 3, 4, *range(8, 16)]


@pytest.mark.parametrize("behind", ["oldest", "newest"])
@pytest.mark.parametrize("away", [True, False])
async def test_the_store_is_blamed_only_when_it_is_away(folder_store, monkeypatch, away, behind):
    totals, held, tried, put = Reasons(), threading.Event(), threading.Event(), folder_store.put
    seen = []

    def slow(key, *data):
        if away and not held.is_set():
            tried.set()
            raise Unavailable("away")
        tried.set()
        held.wait(60)
        put(key, *data)

    monkeypatch.setattr(folder_store, "put", slow)
    monkeypatch.setattr("cnap.source.sending.storing.FIRST_WAIT", 0.01)
    camera = Camera("gate", "x", models=("m",), fresh=60, behind=behind)
    with ThreadPoolExecutor(1) as pool:
        storing = Storing(camera, folder_store, pool, 2, seen.append, lambda: (), lambda: None)
        for one in KEYS:
            now = asyncio.get_running_loop().time()
            storing.put(Piece(SegmentId("gate", 1, one.sequence), one, totals, 0, True, now))
            while not (storing.trouble if away else tried.is_set()):
                await asyncio.sleep(0.01)
        held.set()
        while not storing.idle:
            await asyncio.sleep(0.01)

    assert set(totals.dropped) == {"store unavailable" if away else "behind"}
    assert totals.dropped.total() + len(seen) == len(KEYS)


async def test_what_a_thread_still_writes_at_the_end_is_deleted_too(folder_store, monkeypatch):
    totals, writing, held, put = Reasons(), threading.Event(), threading.Event(), folder_store.put

    def slow(key, *data):
        writing.set()
        held.wait(60)
        put(key, *data)

    monkeypatch.setattr(folder_store, "put", slow)
    camera = Camera("gate", "x", models=("m",))
    with ThreadPoolExecutor(2) as pool:
        storing = Storing(camera, folder_store, pool, 9, lambda _: None, lambda: (), lambda: None)
        since = asyncio.get_running_loop().time()
        first, second, late = (
            Piece(SegmentId("gate", 1, n), KEYS[n], totals, 0, True, since) for n in (0, 4, 5)
        )
        storing.put(first)
        storing.put(second)
        while not writing.is_set():
            await asyncio.sleep(0.01)
        clearing = asyncio.ensure_future(storing.clear())
        await asyncio.sleep(0.1)
        storing.put(late)
        held.set()
        await clearing
        await asyncio.sleep(0.1)

    assert list(folder_store.objects("")) == []
    assert totals.dropped == {"stopped": 3}
