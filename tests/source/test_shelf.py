"""Segments stay while somebody may need them, and not longer."""

from fractions import Fraction

import pytest

from cnap.events.identity import SegmentId
from cnap.source.cut.cutter import Cut
from cnap.source.sending import shelf as shelf_module
from cnap.source.sending.shelf import VIEWED, Shelf


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved on."""

    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(shelf_module, "time", clock)
    return clock


@pytest.fixture
def put(folder_store):
    """Puts the segments of an epoch, each two of them a GOP."""
    shelf = Shelf(folder_store)

    def put(epoch: int, *sequences: int) -> Shelf:
        for n in sequences:
            cut = Cut(b"x", Fraction(n), Fraction(1), n & ~1, bool(n & 1), 0, 1, n)
            shelf.put(SegmentId("gate", epoch, n), cut)
        return shelf

    return put


def left(folder_store) -> list[str]:
    keys = (one.key.removesuffix(".mp4").split("/") for one in folder_store.objects(""))
    return [f"{epoch}/{place[-4:]}" for *_, epoch, place in keys]


def test_what_is_viewed_stays(put, folder_store, clock):
    put(1, 0, 1, 2, 3).clear_out(None)
    assert len(left(folder_store)) == 4


@pytest.mark.parametrize(
    ("outstanding", "kept"),
    [(None, ["1/0004"]), (3, ["1/0002", "1/0003", "1/0004"]), (4, ["1/0004"])],
)
def test_later_it_is_the_gop_that_goes_on_and_what_is_not_decoded_yet(
    put, folder_store, clock, outstanding, kept
):
    shelf = put(1, 0, 1, 2, 3, 4)
    clock.now += VIEWED + 1
    shelf.clear_out(outstanding)
    assert left(folder_store) == kept


def test_an_earlier_epoch_goes_when_nobody_views_it(put, folder_store, clock):
    put(1, 98, 99)
    clock.now += VIEWED + 1
    put(2, 0, 1).clear_out(0)
    assert left(folder_store) == ["2/0000", "2/0001"]


def test_in_the_end_nothing_stays(put, folder_store):
    put(1, 0, 1, 2).clear()
    assert left(folder_store) == []


def test_what_nobody_views_goes_with_its_gop(folder_store):
    shelf = Shelf(folder_store, viewed=0)
    for n in range(6):
        shelf.put(
            SegmentId("gate", 1, n), Cut(b"x", Fraction(n), Fraction(1), n & ~1, n & 1, 0, 1, n)
        )
        shelf.clear_out(None)
        assert len(left(folder_store)) <= 2
    shelf.clear_out(3)
    assert left(folder_store) == ["1/0004", "1/0005"]


def test_of_what_was_only_shown_nothing_stays(folder_store, clock):
    shelf = Shelf(folder_store, shown=True)
    for n in range(5):
        cut = Cut(b"x", Fraction(n), Fraction(1), n & ~1, bool(n & 1), 0, 1, n)
        shelf.put(SegmentId("gate", 1, n), cut)
        clock.now += VIEWED / 2
    shelf.clear_out(None)
    assert left(folder_store) == ["1/0004"]

    clock.now += VIEWED / 2
    shelf.clear_out(None)
    assert left(folder_store) == []
