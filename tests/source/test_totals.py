"""What became of an epoch's frames: captured = settled + dropped + outstanding; and when that is
worth telling."""

from datetime import UTC, datetime

import pytest

from cnap.cameras import Camera
from cnap.source.condition import Condition
from cnap.source.totals import Totals


@pytest.fixture
def totals():
    return Totals(Camera("gate", "x", ("a",)), 1_777_777_777_000, 25.0)


def told(totals):
    """Captured, dropped, outstanding and revision, as an event says them."""
    state = totals.told(Condition(datetime.now(UTC)))
    return state.captured, state.dropped, state.outstanding, state.revision


def test_every_frame_is_somewhere(totals):
    assert (totals.capture(25), totals.capture(15)) == (25, 40)
    assert told(totals) == (40, {}, 40, 1)
    totals.settle(10)
    totals.drop("behind", 5)
    totals.drop("expired", 0)
    totals.drop("behind", 3)
    totals.drop("flood", 2)
    assert told(totals) == (40, {"behind": 8, "flood": 2}, 20, 2)
    totals.give_up()
    totals.give_up()
    assert told(totals) == (40, {"behind": 8, "flood": 2}, 0, 3)
    totals.capture(1)
    assert totals.outstanding == 1


@pytest.mark.parametrize("reading", [True, False])
def test_what_is_not_told_yet_is_news(totals, reading):
    assert totals.news(reading)
    told(totals)
    assert not totals.news(reading)


@pytest.mark.parametrize("reading", [True, False])
def test_what_is_dropped_is_news_at_once_for_no_outcome_brings_it(totals, reading):
    totals.capture(25)
    totals.drop("behind", 5)
    told(totals)
    assert not totals.news(reading)
    totals.drop("behind", 5)
    assert totals.news(reading)
    told(totals)
    totals.drop("flood", 5)
    assert totals.news(reading)
    told(totals)
    assert not totals.news(reading)


def test_what_is_captured_is_news_only_when_no_later_segment_tells_it(totals):
    told(totals)
    totals.capture(25)
    assert (totals.news(reading=True), totals.news(reading=False)) == (False, True)
    told(totals)
    totals.settle(20)  # others are outstanding still, so that more will come
    assert not totals.news(reading=False)
    totals.settle(5)
    assert (totals.news(reading=True), totals.news(reading=False)) == (False, True)
