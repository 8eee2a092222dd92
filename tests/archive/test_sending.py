"""Files through a pipeline: a result or a counted failure for every frame, in order."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import pytest
from redis import asyncio as redis

from cnap.accounts import account
from cnap.archive import sending as sending_module
from cnap.archive.inputs import inputs
from cnap.archive.pieces import End, Input, Piece
from cnap.archive.sending import Sending
from cnap.archive.summary import Summary
from cnap.errors import Unavailable
from cnap.events import outcome, schemas
from cnap.events.identity import frames_key
from cnap.events.segment import SegmentEvent
from cnap.ledger import Ledger
from cnap.publish import Publisher
from cnap.source.cut.cutter import Cut
from cnap.stores.directory import DirectoryStore
from tests import media, outcomes
from tests.broker import broker, until
from tests.clock import Clock


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
async def pipeline(store, database, url, outcome_of=good, models=("a",), pace="max", **more):
    """A Sending to a Broker whose other end is `outcome_of`."""
    async with (
        broker() as (fake, sink),
        redis.Redis.from_url(url, decode_responses=True) as reading,
    ):
        fake.answer = Pipeline(Publisher(store, Ledger(database)), outcome_of).answer
        yield fake, Sent(Summary(models), store, sink, reading, pace, **more)


class Sent:
    """A Sending and all that it gives and says."""

    def __init__(self, summary, *ends, **more):
        self.summary, self.results, self.said = summary, [], []
        self.sending = Sending("gate", summary, *ends, say=self.said.append, **more)

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


@pytest.mark.parametrize("ahead", [1, 3])
async def test_as_many_segments_as_asked_for_are_on_their_way_at_a_time(
    ahead, film, folder_store, database, redis_url
):
    """And of the length asked for: of a frame each, where nothing has to wait for a later one."""
    sent, waiting = [], asyncio.Event()
    asked = {"seconds": 0, "ahead": ahead}
    async with pipeline(folder_store, database, redis_url, **asked) as (fake, sending):
        answer = fake.answer

        async def hold(event):
            sent.append(event["id"])
            await waiting.wait()
            return await answer(event)

        fake.answer = hold
        running = asyncio.create_task(sending.run([film]))
        await until(lambda: len(sent) >= ahead)
        await asyncio.sleep(0.1)
        assert len(sent) == ahead
        waiting.set()
        await running
    assert sending.summary.inferred == 50
    assert sending.summary.segments > 10


async def test_what_the_store_took_and_the_wait_before_it_are_told_apart(
    film, folder_store, database, redis_url, monkeypatch
):
    clock = Clock(1_777_777_777.0)
    monkeypatch.setattr(sending_module, "time", clock)

    class Places(asyncio.Semaphore):
        async def acquire(self):
            clock.now += 2
            return await super().acquire()

    async with pipeline(folder_store, database, redis_url) as (fake, sending):
        folder_store.put = clock.taking(0.25, folder_store.put)
        sending.sending._places = Places(4)
        await sending.run([film])

    assert [one.timings for one in fake.segments()] == [{"store": 0.25, "queue": 2}] * 5


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


async def test_an_outcome_that_is_read_twice_counts_once(film, folder_store, database, redis_url):
    def twice(about, model):
        yield from good(about, model)
        for _, entry in database.xrange("cnap:results:gate"):
            database.xadd("cnap:results:gate", entry)

    async with pipeline(folder_store, database, redis_url, twice) as (_, sending):
        found = await sending.run([film])

    assert len({one["sequence"] for one in found}) == len(found) == sending.summary.segments
    assert sending.summary.inferred == sending.summary.frames == 50


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


async def test_what_the_broker_took_and_then_refused_is_counted_once(
    film, folder_store, database, redis_url
):
    async with pipeline(folder_store, database, redis_url) as (fake, sending):
        publish, takes, seen = Publisher(folder_store, Ledger(database)), fake.answer, set()

        async def answer(event):
            again = event["id"] in seen
            seen.add(event["id"])
            return 400 if again else max(503, await takes(event))

        fake.answer = answer
        await sending.run([film])
        for told in fake.states():
            publish(told.to_event(outcomes.TIME))

    told = account(database, "gate")
    assert (told.captured, told.inferred, told.dropped, told.inflight) == (50, 50, 0, 0)


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
    assert said.startswith("text.mp4 is not a video file")
    assert (sending.summary.files, sending.summary.unread) == (3, 1)
    assert list(folder_store.objects("")) == []


class Archive:
    """Pictures that exist only while somebody holds them."""

    def __init__(self, count):
        self.count, self.read, self.alive, self.most = count, 0, 0, 0
        archive = self

        class Data(bytes):
            def __init__(self, *_):
                archive.read += 1
                archive.alive += 1
                archive.most = max(archive.most, archive.alive)

            def __del__(self):
                archive.alive -= 1

        self.data = Data

    def pieces(self, files, _seconds=1.0):
        for n in range(self.count):
            file = Input(Path(f"{n}.png"), f"{n}.png", 1)
            place = Fraction(n, 25)
            cut = Cut(self.data(b"x"), place, Fraction(1, 25), n, True, 0, 1, n)
            yield picture(file, cut)
            yield End(file)


def picture(file, cut):
    """A piece, whatever a cut says of its content."""
    facts = {"datacontenttype": "image/png"}
    known = {field.name for field in fields(Piece)}
    return Piece(
        file=file, cut=cut, size=(4, 4), share=1.0, **(facts if set(facts) & known else {})
    )


async def test_however_much_is_sent_little_of_it_is_held(
    folder_store, database, redis_url, monkeypatch
):
    archive = Archive(300)
    monkeypatch.setattr(sending_module, "pieces", archive.pieces)
    stored = []

    def seen(about, model):
        stored.append(len(list(folder_store.objects(""))))
        yield from good(about, model)

    async with pipeline(folder_store, database, redis_url, seen) as (_, sending):
        await sending.run([])

    assert sending.summary.files == sending.summary.inferred == 300
    assert archive.most <= sending_module.IN_FLIGHT + 2
    assert max(stored) <= 2 * sending_module.IN_FLIGHT
    assert archive.alive == 0


async def test_while_one_segment_is_slow_not_all_others_are_held_for_it(
    folder_store, database, redis_url, monkeypatch
):
    monkeypatch.setattr(sending_module, "HELD", 20)
    archive = Archive(200)
    monkeypatch.setattr(sending_module, "pieces", archive.pieces)
    async with pipeline(folder_store, database, redis_url) as (fake, sending):
        usual, first = fake.answer, asyncio.Event()

        async def answer(event):
            if SegmentEvent.from_event(event).id.sequence == 0:
                await first.wait()
            return await usual(event)

        fake.answer = answer
        work = asyncio.create_task(sending.run([]))
        await until(lambda: len(fake.segments()) >= 10)
        await asyncio.sleep(0.5)
        held, given = archive.read, len(sending.results)
        first.set()
        await work

    assert given == 0
    assert held <= 20 + sending_module.IN_FLIGHT
    assert [one["sequence"] for one in sending.results] == list(range(200))


async def test_a_reader_that_is_slow_slows_the_sender(
    film, folder_store, database, redis_url, monkeypatch
):
    monkeypatch.setattr(sending_module, "HELD", 20)
    archive = Archive(200)
    monkeypatch.setattr(sending_module, "pieces", archive.pieces)
    async with pipeline(folder_store, database, redis_url) as (_, sending):
        reads = asyncio.Event()

        async def give(result):
            await reads.wait()

        work = asyncio.create_task(sending.sending.run([], give))
        await until(lambda: archive.read > 10)
        await asyncio.sleep(0.5)
        assert archive.read <= 20 + sending_module.IN_FLIGHT
        reads.set()
        await work
    assert sending.summary.inferred == 200


async def test_what_is_interrupted_leaves_nothing_and_says_so(
    film, folder_store, database, redis_url
):
    async with pipeline(folder_store, database, redis_url) as (fake, sending):
        usual = fake.answer

        async def answer(event):
            about = SegmentEvent.from_event(event)
            if about.id.sequence < 2:
                return await usual(event)
            folder_store.put(frames_key(about.id), b"frames that nobody looks at any more")
            return await asyncio.sleep(3600, 202)

        fake.answer = answer
        work = asyncio.create_task(sending.run([film, film]))
        await until(lambda: len(sending.results) == 2 and list(folder_store.objects("frames/")))
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    assert (fake.last.state, fake.last.reason) == ("ended", "interrupted")
    assert list(folder_store.objects("")) == []
    assert (sending.summary.files, sending.summary.segments) == (0, 2)
    assert 0 < sending.summary.bytes < film.stat().st_size


async def test_at_a_cameras_pace_segments_stay_for_those_who_watch(
    tmp_path, folder_store, database, redis_url
):
    film = media.clip(tmp_path / "short.mp4", frames=40, rate=50, gop=10)
    stored = []

    def seen(about, model):
        stored.append(len(list(folder_store.objects("segments/"))))
        yield from good(about, model)

    async with pipeline(folder_store, database, redis_url, seen, pace="real") as (fake, sending):
        await sending.run([film])
        sent = [one.id.sequence for one in fake.segments()]

    assert stored == [n + 1 for n in range(len(sent))]
    assert list(folder_store.objects("")) == []


async def test_a_file_that_cannot_be_read_has_its_place_among_the_results(
    film, tmp_path, folder_store, database, redis_url
):
    text = tmp_path / "text.mp4"
    text.write_text("this is not a film")
    models = ("a", "b")
    async with pipeline(folder_store, database, redis_url, good, models) as (_, sending):
        found = await sending.run([text, film, text])

    for result in (*found[:2], *found[-2:]):
        (failed,) = result.pop("failed")
        assert failed["index"] is None
        assert "not a video file" in failed["reason"]
        assert result == {
            "stream": "gate",
            "model": result["model"],
            "sequence": None,
            "width": None,
            "height": None,
            "frames": [],
            "timings": {},
            "file": "text.mp4",
        }
    assert [one["model"] for one in found] == ["a", "b"] * (len(found) // 2)
    assert (sending.summary.files, sending.summary.unread, sending.summary.failed) == (3, 2, 0)
    assert len(sending.said) == 2
