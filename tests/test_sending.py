"""Files through a pipeline: a result or a counted failure for every frame, in order."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from redis import asyncio as redis

from cnap import sending as sending_module
from cnap.accounts import account
from cnap.errors import Unavailable
from cnap.events import outcome, schemas
from cnap.events.segment import SegmentEvent
from cnap.inputs import inputs
from cnap.ledger import Ledger
from cnap.publish import Publisher
from cnap.sending import Sending
from cnap.stores.directory import DirectoryStore
from cnap.summary import Summary
from tests import media, outcomes
from tests.broker import broker


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """50 frames: five segments of three GOPs."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return media.clip(path, frames=50, rate=20, gop=22, bframes=3)


class Pipeline:
    """What happens behind the Broker: each segment's outcome goes to publish, somehow."""

    def __init__(self, publish, outcome_of):
        self.publish, self.outcome_of = publish, outcome_of

    async def answer(self, event):
        about = SegmentEvent.from_event(event)
        for model in about.models:
            for one in self.outcome_of(about, model):
                self.publish.dead_letter(one, "publish" if "inference" in one["type"] else model)
        return 202


def good(about, model):
    yield outcomes.result(outcomes.frames(about), model, stream=about.id.stream)


@asynccontextmanager
async def pipeline(store, database, url, outcome_of=good, models=("a",)):
    """A Sending to a Broker whose other end is `outcome_of`."""
    async with (
        broker() as (fake, sink),
        redis.Redis.from_url(url, decode_responses=True) as reading,
    ):
        fake.answer = Pipeline(Publisher(store, Ledger(database)), outcome_of).answer
        yield fake, Sent(Summary(models), store, sink, reading)


class Sent:
    """A Sending and all that it gives and says."""

    def __init__(self, summary, *ends):
        self.summary, self.results, self.said = summary, [], []
        self.sending = Sending("gate", summary, *ends, say=self.said.append)

    async def run(self, files):
        await self.sending.run(inputs(files).files, self.give)
        return self.results

    async def give(self, result):
        self.results.append(result)


async def test_every_frame_of_several_files_has_a_result_in_order(
    film, tmp_path, folder_store, database, redis_url
):
    picture = tmp_path / "one.png"
    picture.write_bytes(media.png(64, 48))
    async with pipeline(folder_store, database, redis_url) as (fake, sending):
        found = await sending.run([film, picture, film])

    assert [one["file"] for one in found if one["frames"]][5:7] == ["one.png", "film.mp4"]
    assert [one["sequence"] for one in found] == sorted(one["sequence"] for one in found)
    assert sum(len(one["frames"]) for one in found) == 101
    summary = sending.summary
    assert (summary.frames, summary.inferred, summary.failed, summary.dropped) == (101, 101, 0, 0)
    assert (summary.files, summary.unread, summary.bytes) == (
        3,
        0,
        2 * film.stat().st_size + picture.stat().st_size,
    )
    for one in found:
        schemas.validated(outcome.RESULT, {k: v for k, v in one.items() if k != "file"})
    told = account(database, "gate")
    assert (told.captured, told.inferred, told.inflight) == (101, 101, 0)
    assert (fake.last.state, fake.last.captured) == ("ended", 101)
    assert list(folder_store.objects("")) == []
    sent = sorted(fake.segments(), key=lambda one: one.id)
    assert all(one.expirytime is None and one.thinnedrate is None for one in sent)
    assert [one.time for one in sent] == sorted(one.time for one in sent)


async def test_several_models_each_have_their_say(film, folder_store, database, redis_url):
    def late(about, model):
        return good(about, model) if model != "b" else iter(())

    models = ("a", "b")
    async with pipeline(folder_store, database, redis_url, late, models) as (fake, sending):
        publish = Publisher(folder_store, Ledger(database))
        first = fake.answer

        async def answer(event):
            await first(event)
            about = SegmentEvent.from_event(event)
            await asyncio.sleep(0.01 * (5 - about.id.sequence % 5))  # out of order
            publish(outcomes.result(outcomes.frames(about), "b"))
            return 202

        fake.answer = answer
        found = await sending.run([film])

    order = [(one["sequence"], one["model"]) for one in found]
    assert order == sorted(order)
    assert {model for _, model in order} == {"a", "b"}
    assert sending.summary.inferred == 100


def failing(about, model):
    if about.id.sequence % 2:
        yield outcomes.dead(outcomes.frames(replace(about)), "400")
    else:
        yield from good(about, model)


async def test_segments_that_fail_are_counted_and_stop_nobody(
    film, folder_store, database, redis_url
):
    async with pipeline(folder_store, database, redis_url, failing) as (_, sending):
        found = await sending.run([film])

    summary = sending.summary
    assert summary.failed > 0
    assert summary.inferred + summary.failed == summary.frames == 50
    reasons = {one["reason"] for outcome in found for one in outcome["failed"]}
    assert reasons == {"a: 400 the store is gone"}
    assert account(database, "gate").inflight == 0


async def test_frames_that_are_left_out_are_dropped_and_not_failed(
    film, folder_store, database, redis_url
):
    def sampled(about, model):
        yield outcomes.expired(about, (model,))

    async with pipeline(folder_store, database, redis_url, sampled) as (_, sending):
        found = await sending.run([film])

    assert (sending.summary.dropped, sending.summary.failed) == (50, 0)
    assert sum(one["dropped"]["expired"] for one in found) == 50


async def test_a_broker_that_refuses_makes_failures(film, folder_store, database, redis_url):
    async with pipeline(folder_store, database, redis_url) as (fake, sending):
        publish = Publisher(folder_store, Ledger(database))

        async def answer(event):
            return 400

        fake.answer = answer
        found = await sending.run([film])
        for told in fake.states():
            publish(told.to_event(outcomes.TIME))

    assert (sending.summary.failed, sending.summary.frames) == (50, 50)
    assert {one["reason"] for outcome in found for one in outcome["failed"]} == {"refused"}
    told = account(database, "gate")
    assert (told.captured, told.dropped, told.inflight) == (50, 50, 0)
    assert list(folder_store.objects("")) == []


class Away(DirectoryStore):
    def __init__(self, url, times):
        super().__init__(url)
        self.times = times

    def put(self, key, *parts):
        if key.startswith("segments/") and self.times > 0:
            self.times -= 1
            raise Unavailable("the store is gone")
        super().put(key, *parts)


async def test_a_store_that_is_away_is_waited_for(
    film, folder_store, database, redis_url, monkeypatch
):
    store = Away(folder_store.url, times=2)
    async with pipeline(store, database, redis_url) as (_, sending):
        await sending.run([film])
    assert sending.summary.inferred == 50

    monkeypatch.setattr(sending_module, "PATIENCE", 0)
    store = Away(folder_store.url, times=10**9)
    async with pipeline(store, database, redis_url) as (_, sending):
        with pytest.raises(Unavailable, match="the store is gone"):
            await sending.run([film])


async def test_a_file_that_breaks_off_gives_the_frames_before_that(
    film, tmp_path, folder_store, database, redis_url
):
    whole = media.clip(tmp_path / "whole.ts", frames=50, gop=22, bframes=3).read_bytes()
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole[: len(whole) // 2])
    text = tmp_path / "text.mp4"
    text.write_text("this is not a film")
    async with pipeline(folder_store, database, redis_url) as (_, sending):
        await sending.run([cut, text, film])

    assert 50 < sending.summary.inferred < 100
    (said,) = sending.said
    assert said.startswith("text.mp4: ")
    assert (sending.summary.files, sending.summary.unread) == (3, 1)
    assert list(folder_store.objects("")) == []
