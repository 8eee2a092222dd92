"""A stream whose pictures can't be decoded is not live, whatever its source sees."""

from dataclasses import replace
from datetime import datetime

import pytest

from cnap import decoding
from cnap.accounts import account
from cnap.dashboard.scrape import Scrape
from cnap.events import outcome
from cnap.ledger import Ledger
from tests.outcomes import frames, result, segment, state

BEGUN = 1_795_000_005.0


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = BEGUN

    monkeypatch.setattr(decoding.time, "time", lambda: Clock.now)
    return Clock


def tell(database, sequence, failed):
    Ledger(database).commit(outcome.parse(result(frames(segment(sequence)), failed=failed)))


def told(database):
    found = account(database, "gate")
    return found.state, found.reason


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        ([0, 0, 0], ""),
        ([1, 1, 0], ""),
        ([17, 16, 17], "about 7 of 10 pictures can't be decoded: packets are lost"),
        ([4, 3, 0], "about 1 of 10 pictures can't be decoded"),
        ([25, 25], "no picture can be decoded"),
    ],
)
def test_what_could_not_be_decoded_is_told(database, clock, failed, words):
    Ledger(database).tell(state(1))
    for sequence, count in enumerate(failed):
        tell(database, sequence, count)

    found = account(database, "gate")
    assert (found.state, bool(found.reason)) == (("degraded", True) if words else ("live", False))
    assert words in found.reason
    metrics = [m for m in Scrape(database)().collect() if m.name == "cnap_stream_state"]
    (now,) = [one.labels["state"] for one in metrics[0].samples if one.value]
    assert now == found.state
    if words:
        assert datetime.fromisoformat(found.since).timestamp() == BEGUN


def test_it_is_over_when_pictures_come_again_or_none_at_all(database, clock):
    Ledger(database).tell(state(1))
    tell(database, 0, 25)
    clock.now += 2 * decoding.WINDOW
    assert told(database) == ("live", "")

    tell(database, 1, 25)
    clock.now += decoding.WINDOW
    assert told(database)[0] == "degraded"
    tell(database, 2, 0)
    assert "about 5 of 10" in told(database)[1]
    clock.now += decoding.WINDOW
    tell(database, 3, 0)
    assert told(database) == ("live", "")


def test_other_states_are_the_sources_and_its_reasons_stay(database, clock):
    tell(database, 0, 25)
    Ledger(database).tell(state(1, state="offline", reason="no route"))
    assert told(database) == ("offline", "no route")
    Ledger(database).tell(state(2, state="degraded", reason="the store is gone"))
    assert told(database)[1].startswith("the store is gone; no picture can be decoded")


def test_other_failures_are_no_fault_of_the_camera(database, clock):
    Ledger(database).tell(state(1))
    one = outcome.parse(result(frames(segment(0))))
    Ledger(database).commit(replace(one, inferred=0, failed={"unavailable": 25}))
    assert told(database) == ("live", "")
