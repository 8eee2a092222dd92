"""captured = inferred + dropped + failed + in flight, at every moment and whatever happens."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from cnap.accounts import account, accounts
from cnap.errors import Unavailable
from cnap.events import outcome
from cnap.events.attributes import rfc3339
from cnap.events.state import StreamState
from cnap.ledger import EPOCHS, Ledger
from cnap.publish import Publisher
from cnap.redis import connect
from tests.outcomes import EPOCH, TIME, dead, expired, frames, result, segment, state

MODELS = ("a", "b")
FRAMES = 10
FATES = ["result", "some failed", "expired", "expired later", "dead at transcode", "dead at infer"]
FATES += ["result is dead", "lost"]

segments = some.tuples(
    some.integers(0, EPOCHS + 3),  # epoch
    some.integers(0, 5),  # sequence
    some.tuples(some.sampled_from(FATES), some.sampled_from(FATES)),  # for each model
)
deliveries = some.lists(segments, max_size=30)


class Telling:
    """Delivers what happens to publish, and counts by itself what must come of it."""

    def __init__(self, publish):
        self.publish = publish
        self.decided = {}

    def deliver(self, epoch, sequence, fates):
        at = EPOCH + epoch * 1000
        about = segment(sequence, FRAMES, epoch=at, models=MODELS)
        if "dead at transcode" in fates:
            self.publish.dead_letter(dead(about), "transcode")
            for model in MODELS:
                self.decide(epoch, sequence, model, (0, 0, FRAMES))
        for model, fate in zip(MODELS, fates, strict=True):
            self.one_model(about, model, fate, epoch, sequence)

    def one_model(self, about, model, fate, epoch, sequence):
        group = frames(about, failed=(1,), sampled=2)
        if fate == "result":
            self.publish(result(group, model))
            self.decide(epoch, sequence, model, (FRAMES - 3, 2, 1))
        elif fate == "some failed":
            self.publish(result(group, model, failed=3))
            self.decide(epoch, sequence, model, (FRAMES - 6, 2, 4))
        elif fate == "expired":
            self.publish(expired(about, (model,)))
            self.decide(epoch, sequence, model, (0, FRAMES, 0))
        elif fate == "expired later":
            self.publish(expired(frames(about), (model,)))
            self.decide(epoch, sequence, model, (0, FRAMES, 0))
        elif fate == "dead at infer":
            self.publish.dead_letter(dead(group), model)
            self.decide(epoch, sequence, model, (0, 2, FRAMES - 2))
        elif fate == "result is dead":
            self.publish.dead_letter(dead(result(group, model)), "publish")
            self.decide(epoch, sequence, model, (FRAMES - 3, 2, 1))

    def decide(self, epoch, sequence, model, outcome):
        self.decided.setdefault((epoch, sequence, model), outcome)

    def expected(self, model, newest):
        """inferred, dropped, failed, in flight; of models that some outcome was about."""
        sums = [0, 0, 0, 0]
        by_epoch = Counter()
        for (epoch, _, whose), decided in self.decided.items():
            if whose == model:
                sums[:3] = [old + new for old, new in zip(sums, decided, strict=False)]
                by_epoch[epoch] += FRAMES
        for epoch, counted in by_epoch.items():
            sums[3 if epoch == newest else 2] += self.captured_in(epoch) - counted
        return tuple(sums)

    def captured_in(self, epoch):
        """What is captured is known from any model's outcome in that epoch."""
        known = [(sequence + 1) * FRAMES for at, sequence, _ in self.decided if at == epoch]
        return max(known, default=0)


def identity_holds(database):
    for found in accounts(database):
        for counts in (found, *found.models.values()):
            known = counts.inferred + counts.dropped + counts.failed + counts.inflight
            assert counts.captured == known
        reasons = Counter()
        for reason, count in found.reasons.items():
            reasons[reason.partition(":")[0]] += count
        assert reasons["dropped"] == found.dropped
        assert reasons["failed"] == found.failed


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deliveries, some.randoms(use_true_random=False))
def test_in_any_order_with_duplicates_and_losses(database, folder_store, happening, chance):
    """Fewer epochs than are kept apart: then nothing may be lost by coming late."""
    database.flushall()
    telling = Telling(Publisher(folder_store, Ledger(database)))
    happening = [(epoch % 3, sequence, fates) for epoch, sequence, fates in happening]
    happening += chance.choices(happening, k=len(happening) // 2) if happening else []
    chance.shuffle(happening)
    for epoch, sequence, fates in happening:
        telling.deliver(epoch, sequence, fates)
        identity_holds(database)
        assert all(found.inflight >= 0 for found in accounts(database))

    newest = max((epoch for epoch, _, _ in telling.decided), default=0)
    for model in {model for _, _, model in telling.decided}:
        found = account(database, "gate").models[model]
        counted = (found.inferred, found.dropped, found.failed, found.inflight)
        assert counted == telling.expected(model, newest)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deliveries, some.lists(some.integers(0, 50), max_size=40), some.randoms())
def test_the_identity_holds_through_any_number_of_restarts(
    database, folder_store, happening, told, chance
):
    database.flushall()
    publish = Publisher(folder_store, Ledger(database))
    telling = Telling(publish)
    steps = [lambda one=one: telling.deliver(*one) for one in happening]
    for number, captured in enumerate(told):
        one = state(
            number % 7,
            epoch=EPOCH + number * 1000,
            models=MODELS[: 1 + number % 2],
            captured=captured + 60,
            dropped={"behind": captured // 2},
        )
        steps.append(lambda one=one: publish(one.to_event(TIME)))
    chance.shuffle(steps)
    for step in steps:
        step()
        identity_holds(database)
    assert database.zcard("cnap:epochs:gate") <= EPOCHS


@pytest.mark.parametrize(
    ("now", "outstanding", "failed", "inflight"),
    [("ended", 0, 75, 0), ("ended", 1, 0, 75), ("paused", 0, 0, 75), ("offline", 0, 0, 75)],
)
def test_what_has_no_outcome_when_a_source_waits_for_none_was_interrupted(
    database, now, outstanding, failed, inflight
):
    ledger = Ledger(database)
    ledger.tell(state(captured=100))
    ledger.commit(outcome.parse(result(frames(segment(0)))))
    ledger.tell(state(1, state=now, captured=100, outstanding=outstanding))

    found = account(database, "gate")
    identity_holds(database)
    assert (found.inferred, found.failed, found.inflight) == (25, failed, inflight)
    ledger.commit(outcome.parse(result(frames(segment(1)))))  # the outcome that comes late counts
    found = account(database, "gate")
    identity_holds(database)
    assert (found.inferred, found.failed + found.inflight) == (50, 50)


def test_a_stream_that_nobody_knows_has_an_empty_account(database):
    assert accounts(database) == []
    found = account(database, "nobody")
    assert (found.captured, found.epoch, found.models) == (0, 0, {})


def test_an_account_as_json_says_everything(database):
    publish = Publisher(None, Ledger(database))
    told = state(captured=50, outstanding=25, framerate=12.5, dropped={"behind": 5})
    publish(told.to_event(TIME))
    (found,) = [one.as_json() for one in accounts(database)]

    assert found["name"] == "gate"
    assert (found["captured"], found["dropped"], found["inflight"]) == (50, 5, 45)
    assert (found["outstanding"], found["framerate"], found["epoch"]) == (25, 12.5, EPOCH)
    assert found["models"]["a"]["reasons"] == {"dropped: behind": 5}


def test_a_redis_that_is_away_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="Redis can't be used"):
        accounts(connect(f"unix://{tmp_path}/none.sock"))


def test_the_newest_failures_are_told_in_their_own_words(database, folder_store):
    publisher = Publisher(folder_store, Ledger(database))
    for sequence in range(8):
        publisher.dead_letter(dead(segment(sequence).to_event()), "transcode")

    failures = account(database, "gate").failures
    assert [failure["sequence"] for failure in failures] == [7, 6, 5, 4, 3]
    assert failures[0]["message"] == "transcode: 503 the store is gone"


def test_of_a_camera_tried_at_equal_intervals_the_next_instant_is_known_at_any_time(database):
    first = datetime.now(UTC) - timedelta(seconds=1000)
    told = state(1, state="offline", nexttry=rfc3339(first), retryevery=50.0)
    Ledger(database).tell(StreamState.from_event(told.to_event(first)))

    then = datetime.fromisoformat(account(database, "gate").nexttry)

    assert -1 < (then - datetime.now(UTC)).total_seconds() <= 50
    rounds = (then - first).total_seconds() / 50
    assert rounds == pytest.approx(round(rounds), abs=0.001)
