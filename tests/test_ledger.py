"""The ledger: each outcome once, bounded in memory, exact when things come late or twice."""

import json
from dataclasses import replace

import pytest
from redis import Redis

from cnap.accounts import account
from cnap.errors import Unavailable
from cnap.events import outcome
from cnap.ledger import CHUNK, EPOCHS, FAILURES, RESULTS, Ledger
from cnap.redis import connect
from tests.outcomes import EPOCH, expired, frames, result, segment, state


@pytest.fixture
def ledger(database):
    return Ledger(database)


def one(sequence=0, **facts):
    return outcome.parse(result(frames(segment(sequence, **facts))))


def counts(database: Redis, model="a"):
    """captured, inferred, dropped, failed, in flight; the identity holds whenever this is asked."""
    found = account(database, "gate").models[model]
    assert found.captured == found.inferred + found.dropped + found.failed + found.inflight
    return found.captured, found.inferred, found.dropped, found.failed, found.inflight


def test_an_outcome_counts_once(ledger, database):
    for _ in range(3):
        assert ledger.commit(one())

    assert counts(database) == (25, 25, 0, 0, 0)
    assert database.xlen("cnap:results:gate") == 1


def test_of_two_outcomes_for_one_segment_the_first_counts(ledger, database):
    ledger.commit(outcome.parse(expired(segment(0))))
    ledger.commit(one())

    assert counts(database) == (25, 0, 25, 0, 0)
    assert database.xlen("cnap:results:gate") == 0
    assert database.xlen("cnap:drops:gate") == 1


def test_a_segment_is_finished_when_every_model_has_its_outcome(ledger, database):
    about = frames(segment(models=("a", "b")))

    assert not ledger.commit(outcome.parse(result(about, "a")))
    assert not ledger.commit(outcome.parse(result(about, "a")))
    assert "b" not in account(database, "gate").models
    assert ledger.commit(outcome.parse(result(about, "b")))
    assert counts(database, "a") == counts(database, "b") == (25, 25, 0, 0, 0)


def test_what_is_told_of_the_stream_may_come_in_any_order(ledger, database):
    told = [
        state(0, captured=25),
        state(1, captured=75, dropped={"behind": 25}, state="degraded", reason="slow"),
        state(2, captured=100, dropped={"behind": 25}, outstanding=50),
    ]
    for order in (told, told[::-1], [told[1], told[0], told[2], told[1]]):
        database.flushall()
        for one_told in order:
            ledger.tell(one_told)

        assert counts(database) == (100, 0, 25, 0, 75)
        found = account(database, "gate")
        assert (found.state, found.reason, found.outstanding) == ("live", "", 50)


def test_the_last_words_of_an_old_epoch_still_count(ledger, database):
    ledger.tell(state(5, epoch=EPOCH, captured=25))
    ledger.tell(state(0, epoch=EPOCH + 1, state="connecting"))
    ledger.tell(state(6, epoch=EPOCH, captured=50, dropped={"behind": 20}, state="ended"))

    assert counts(database) == (50, 0, 20, 30, 0)
    assert account(database, "gate").state == "connecting"


def test_outcomes_that_come_before_anything_is_told(ledger, database):
    ledger.commit(one(4))

    assert counts(database) == (125, 25, 0, 0, 100)


def test_outcomes_of_a_new_epoch_that_come_before_it_is_told(ledger, database):
    ledger.tell(state(captured=100))
    ledger.commit(one(4, epoch=EPOCH + 5000))

    assert counts(database) == (225, 25, 0, 0, 200)
    ledger.tell(state(epoch=EPOCH + 5000, captured=125))
    assert counts(database) == (225, 25, 0, 100, 100)


def test_what_an_old_epoch_left_in_flight_was_interrupted(ledger, database):
    ledger.tell(state(captured=100))
    ledger.commit(one(0))
    ledger.tell(state(epoch=EPOCH + 5000, captured=10))

    assert counts(database) == (110, 25, 0, 75, 10)
    assert account(database, "gate").reasons == {"failed: interrupted": 75}
    ledger.commit(one(1))
    assert counts(database) == (110, 50, 0, 50, 10)


@pytest.mark.parametrize("told", [True, False], ids=["told", "outcomes only"])
def test_nothing_grows_with_a_streams_restarts(ledger, database, told):
    def restart(n):
        epoch = EPOCH + n * 1000
        if told:
            ledger.tell(state(epoch=epoch, captured=60, dropped={"behind": 5}, models=("a", "b")))
        ledger.commit(one(0, epoch=epoch, models=("a", "b")))
        ledger.commit(outcome.parse(result(frames(segment(0, epoch=epoch)), "b", failed=1)))

    for n in range(EPOCHS + 1):
        restart(n)
    keys = database.dbsize() - len(list(database.scan_iter("cnap:done:*")))
    for n in range(EPOCHS + 1, 3 * EPOCHS):
        restart(n)

    assert database.dbsize() - len(list(database.scan_iter("cnap:done:*"))) == keys
    runs = 3 * EPOCHS
    if told:
        assert counts(database, "a") == (60 * runs, 25 * runs, 5 * runs, 30 * (runs - 1), 30)
        assert counts(database, "b") == (60 * runs, 24 * runs, 5 * runs, 31 * runs - 30, 30)
    else:
        assert counts(database, "a") == (25 * runs, 25 * runs, 0, 0, 0)
        assert counts(database, "b") == (25 * runs, 24 * runs, 0, runs, 0)


def test_what_comes_for_an_epoch_that_is_long_over_changes_nothing(ledger, database):
    for n in range(EPOCHS + 2):
        ledger.tell(state(epoch=EPOCH + n, captured=25))
    before = counts(database)
    ledger.commit(one(0, epoch=EPOCH))
    ledger.commit(one(0, epoch=EPOCH - 1))
    ledger.tell(state(epoch=EPOCH, captured=1000))

    assert counts(database) == before == (25 * (EPOCHS + 2), 0, 0, 25 * (EPOCHS + 1), 25)


@pytest.mark.parametrize("model", ["source", "captured", "models", "through", "dropped", "failed"])
def test_no_model_is_mistaken_for_something_else(ledger, database, model):
    for n in range(EPOCHS + 2):
        epoch = EPOCH + n
        ledger.tell(state(epoch=epoch, models=(model,), captured=30, dropped={"behind": 5}))
        ledger.commit(outcome.parse(result(frames(segment(epoch=epoch, models=(model,))), model)))

    runs = EPOCHS + 2
    assert list(account(database, "gate").models) == [model]
    assert counts(database, model) == (30 * runs, 25 * runs, 5 * runs, 0, 0)


@pytest.mark.parametrize("sequence", [0, CHUNK - 1, CHUNK, 2**31 - 1])
def test_a_sequence_of_any_size_costs_a_few_kilobytes(ledger, database, sequence):
    ledger.commit(one(sequence, captured=25))
    ledger.commit(one(sequence, captured=25))
    (key,) = database.scan_iter("cnap:done:*")

    assert database.memory_usage(key) < 8192
    assert 0 < database.ttl(key) <= 86400
    assert counts(database) == (25, 25, 0, 0, 0)


def test_no_two_segments_are_taken_for_one(ledger, database):
    sequences = [0, 1, 7, 8, CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK]
    for sequence in sequences:
        assert ledger.commit(one(sequence, frames=1, captured=len(sequences)))

    assert counts(database) == (len(sequences), len(sequences), 0, 0, 0)


def test_results_drops_and_failures_are_kept_in_bounds(ledger, database):
    for n in range(RESULTS + 300):
        ledger.commit(one(2 * n, frames=1))
        ledger.fail(outcome.parse(expired(segment(2 * n + 1, frames=1))), "why")

    assert RESULTS <= database.xlen("cnap:results:gate") <= RESULTS + 200
    assert RESULTS <= database.xlen("cnap:drops:gate") <= RESULTS + 200
    assert database.llen("cnap:failures:gate") == FAILURES
    assert json.loads(database.lindex("cnap:failures:gate", 0))["message"] == "why"


@pytest.mark.parametrize("reason", ["\ud800", "a\0b", "no: {}", "ü" * 200, "1", '"'])
def test_a_reason_may_be_any_text(ledger, database, reason):
    assert ledger.commit(replace(one(), inferred=0, failed={reason: 25}))
    ledger.fail(outcome.parse(expired(segment(1))), reason)

    assert counts(database) == (50, 0, 25, 25, 0)
    assert json.loads(database.lindex("cnap:failures:gate", 0))["message"] == reason


def test_an_outcome_for_many_models_is_one_round_trip(ledger, database, monkeypatch):
    models = tuple("abcdef")
    ledger.commit(outcome.parse(expired(segment(0, models=models))))  # Redis learns the script
    asked = []
    usual = database.execute_command
    monkeypatch.setattr(
        database, "execute_command", lambda *words, **how: asked.append(words) or usual(*words)
    )
    assert ledger.fail(outcome.parse(expired(segment(1, models=models))), "why")

    assert [words[0] for words in asked] == ["EVALSHA"]
    assert all(counts(database, model) == (50, 0, 50, 0, 0) for model in models)


def test_a_redis_that_is_away_is_unavailable(tmp_path):
    ledger = Ledger(connect(f"unix://{tmp_path}/none.sock"))
    for use in (lambda: ledger.commit(one()), lambda: ledger.tell(state())):
        with pytest.raises(Unavailable, match="Redis can't be used"):
            use()
