"""One camera as a stream: whatever the Broker and the store do, every captured frame is told."""

import asyncio
import itertools
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from cnap.cameras import Camera
from cnap.errors import Unavailable
from cnap.events import segment as segment_event
from cnap.source import backoff, reader, telling
from cnap.source import stream as stream_module
from cnap.source.around import Around
from cnap.source.feeds import CameraFailed, FileFeed
from cnap.source.sending import pace
from cnap.source.sending import sink as sink_module
from cnap.source.stream import Stream
from cnap.stores.directory import DirectoryStore
from tests import media
from tests.broker import broker, until

FRAMES, GOP = 60, 12


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """0.6 seconds in five GOPs."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return media.clip(path, frames=FRAMES, rate=100, gop=GOP)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(sink_module, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(backoff, "FIRST", 0.05)
    monkeypatch.setattr(telling, "ANSWERED", 0.2)


def camera(path: Path, **facts) -> Camera:
    return Camera("gate", str(path), **({"models": ("a",), "segment": 0.1, "loop": False} | facts))


async def ended(stream, fake, state="ended"):
    await until(lambda: fake.states() and fake.last.state == state)
    await stream.stop("ended", "over")
    return fake.last


async def test_every_frame_is_sent_once_and_told(clip, folder_store):
    async with broker() as (fake, sink):
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        told = await ended(stream, fake)
        sent = sorted(fake.segments(), key=lambda one: one.id)

    assert sum(one.framecount for one in sent) == FRAMES
    assert [one.id.sequence for one in sent] == list(range(len(sent)))
    assert len({one.id.epoch for one in sent}) == 1
    assert [one.wake for one in sent] == [True] + [False] * (len(sent) - 1)
    running = [sum(one.framecount for one in sent[: n + 1]) for n in range(len(sent))]
    assert [one.capturedframes for one in sent] == running
    assert all(one.expirytime > one.senttime >= one.time for one in sent)
    assert (told.captured, told.outstanding, told.dropped) == (FRAMES, 0, {})
    assert (told.state, told.reason, told.framerate) == ("ended", "over", 100)
    assert list(folder_store.objects("")) == []


async def test_what_was_outstanding_when_the_film_ended_is_told_when_it_no_longer_is(
    clip, folder_store
):
    over = asyncio.Event()

    async def answer(event):
        await over.wait()
        return 202

    async with broker() as (fake, sink):
        fake.answer = answer
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "ended")
        outstanding = fake.last.outstanding
        over.set()
        await until(lambda: fake.last.outstanding == 0)
        await stream.stop("ended", "over")

    assert outstanding > 0


async def test_what_a_broker_that_is_away_never_took_is_given_up_and_told_when_it_is_back(
    clip, folder_store
):
    away = True

    async def answer(event):
        return 500 if away else 202

    async with broker() as (fake, sink):
        fake.answer = fake.state_answer = answer
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.segments() and fake.last.state == "ended")
        stopping = asyncio.create_task(stream.stop("ended", "over", patience=0.1))
        await until(lambda: list(folder_store.objects("")) == [])
        assert not stopping.done()
        away = False
        await stopping
        told = fake.last

    assert (told.state, told.captured, told.outstanding) == ("ended", FRAMES, 0)


async def test_a_slow_pipeline_gets_fewer_frames_and_then_fewer_segments(
    clip, folder_store, monkeypatch
):
    monkeypatch.setattr(pace, "SLOW", 0.1)
    monkeypatch.setattr(pace, "BLOCKED", 0.3)
    monkeypatch.setattr(stream_module, "MOST_WAITING", 0.2)
    async with broker() as (fake, sink):
        fake.answer = lambda event: asyncio.sleep(3600)
        stream = Stream(camera(clip, loop=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "degraded")
        await until(lambda: "behind" in fake.last.dropped)
        await stream.stop("ended", "over", patience=0.2)
        told, sent = fake.last, fake.segments()

    assert told.captured == sum(one.framecount for one in sent) + sum(told.dropped.values())
    assert told.outstanding == 0
    rates = [one.thinnedrate for one in sorted(sent, key=lambda one: one.id)]
    assert rates[0] is None
    thinned = [rate for rate in rates if rate]
    assert thinned and thinned == sorted(thinned, reverse=True) and thinned[0] < 100
    slow = next(one for one in fake.states() if one.state == "degraded")
    assert re.match(r"the pipeline is slower than the camera: [0-9.]+ of 100 frames/s", slow.reason)


@pytest.mark.parametrize("statuses", [[503], [500, 404, 429], [503] * 5])
async def test_a_broker_that_is_away_for_a_while_costs_nothing(clip, folder_store, statuses):
    tried = Counter()

    async def answer(event):
        tried[event["id"]] += 1
        return [*statuses, 202][min(tried[event["id"]], len(statuses) + 1) - 1]

    async with broker() as (fake, sink):
        fake.answer = answer
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "ended")
        await until(lambda: len(tried) and set(tried.values()) == {len(statuses) + 1})
        await stream.stop("ended", "over")
        told, sent = fake.last, {one.id: one.framecount for one in fake.segments()}

    dropped = sum(told.dropped.values())
    assert told.captured == FRAMES == sum(sent.values()) + dropped
    assert told.outstanding == 0


async def test_a_broker_that_refuses_is_told_as_such(clip, folder_store):
    async def answer(event):
        return 400

    async with broker() as (fake, sink):
        fake.answer = answer
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        told = await ended(stream, fake)

    assert told.dropped == {"refused": FRAMES}
    assert (told.captured, told.outstanding) == (FRAMES, 0)


class Fickle(DirectoryStore):
    """A store that is away for a while."""

    away = 0

    def put(self, key, *parts):
        if self.away and "-0000000000." not in key:
            self.away -= 1
            raise Unavailable("the store is gone")
        super().put(key, *parts)


async def test_a_store_that_is_away_for_a_moment_costs_nothing(clip, folder_store):
    store = Fickle(folder_store.url)
    store.away = 2
    async with broker() as (fake, sink):
        stream = Stream(camera(clip), Around(store, sink))
        stream.start()
        told = await ended(stream, fake)
        sent = fake.segments()

    assert sum(one.framecount for one in sent) == told.captured == FRAMES
    assert told.dropped == {}
    assert any("the store is gone" in one.reason for one in fake.states())


async def test_a_store_that_is_away_for_longer_costs_whole_gops(clip, folder_store, monkeypatch):
    monkeypatch.setattr(stream_module, "MOST_WAITING", 0.2)
    store = Fickle(folder_store.url)
    store.away = 10_000
    async with broker() as (fake, sink):
        stream = Stream(camera(clip), Around(store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.dropped)
        store.away = 0
        told = await ended(stream, fake)
        sent = fake.segments()

    lost = told.dropped["store unavailable"]
    assert told.captured == FRAMES == sum(one.framecount for one in sent) + lost
    stored = {one.id.sequence for one in sent}
    assert all(set(range(one.gopstart, one.id.sequence)) <= stored for one in sent)
    assert any(one.reason == "the store is gone" for one in fake.states())


async def test_without_a_model_nothing_is_stored_but_for_who_watches(clip, folder_store):
    def stored():
        return list(folder_store.objects("segments/gate/"))

    async with broker() as (fake, sink):
        stream = Stream(camera(clip, models=(), loop=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "live")
        await asyncio.sleep(0.5)
        assert stored() == []
        stream.watch(60)
        await until(lambda: len(stored()) > 3)
        events = len(fake.events)
        stream.watch(0)
        await asyncio.sleep(0.3)
        count = len(stored())
        await asyncio.sleep(0.3)
        assert len(stored()) == count
        first = min(stored(), key=lambda one: one.key).key
        await stream.stop("ended", "over")

    assert len(fake.events) == events + 1
    assert fake.segments() == []
    assert fake.last.captured > 0
    start, _, sequence = first.rpartition("/")[2].partition(".")[0].partition("-")
    assert start == sequence, "who watches begins with a key frame"


async def test_a_looping_file_goes_on_along_one_timeline(clip, folder_store):
    async with broker() as (fake, sink):
        stream = Stream(camera(clip, loop=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: sum(one.framecount for one in fake.segments()) > 1.5 * FRAMES)
        await stream.stop("ended", "over")
        sent = sorted(fake.segments(), key=lambda one: one.id)

    assert len({one.id.epoch for one in sent}) == 1
    for before, after in itertools.pairwise(sent):
        gap = (after.time - before.time).total_seconds()
        assert gap == pytest.approx(before.framecount / 100, abs=1e-5)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/nowhere/film.mp4", "/nowhere/film.mp4 is not there"),
        ("gopher://host/cam", "gopher://"),
        (__file__, "is not a video file"),
    ],
)
async def test_a_camera_that_can_not_be_read_says_why(folder_store, url, reason):
    async with broker() as (fake, sink):
        stream = Stream(camera(url), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state in ("offline", "misconfigured"))
        said = fake.last.reason
        await stream.stop("ended", "the camera was removed")

    assert reason in said
    assert "\n" not in said
    assert fake.last.state == "ended"


async def test_another_reason_to_fail_is_told_too(clip, folder_store, tmp_path):
    wrong = tmp_path / "wrong.mp4"
    async with broker() as (fake, sink):
        stream = Stream(camera(wrong), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and "is not there" in fake.last.reason)
        wrong.write_bytes(b"")
        await until(lambda: "is empty" in fake.last.reason)
        since = {told.since for told in fake.states() if told.state == "offline"}
        await stream.stop("ended", "over")

    assert len(since) == 1


async def test_a_camera_that_comes_back_starts_a_new_epoch(tmp_path, clip, folder_store):
    path = tmp_path / "late.mp4"
    async with broker() as (fake, sink):
        stream = Stream(camera(path), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state in ("offline", "misconfigured"))
        first = fake.last.epoch
        path.write_bytes(clip.read_bytes())
        told = await ended(stream, fake)

    assert told.epoch > first
    assert told.captured == FRAMES


async def test_a_paused_camera_is_not_read(clip, folder_store):
    async with broker() as (fake, sink):
        stream = Stream(camera(clip, paused=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "paused")
        await stream.stop("ended", "over")

    assert fake.segments() == []
    assert fake.last.captured == 0


async def test_a_stream_that_is_paused_while_frames_are_on_their_way_tells_when_they_are_in(
    clip, folder_store
):
    held = asyncio.Event()

    async def answer(event):
        if event["type"] == segment_event.TYPE:
            await held.wait()
        return 202

    async with broker() as (fake, sink):
        fake.answer = answer
        stream = Stream(camera(clip, loop=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: len(fake.segments()) > 2)
        pausing = asyncio.create_task(stream.stop("paused", ""))
        await until(lambda: fake.last.state == "paused")
        assert fake.last.outstanding > 0
        held.set()
        await pausing

    assert (fake.last.state, fake.last.outstanding) == ("paused", 0)
    assert list(folder_store.objects("")) == []


async def test_a_broker_that_is_not_there_yet_is_told_as_such(clip, folder_store, monkeypatch):
    monkeypatch.setattr(pace, "BLOCKED", 0.2)
    async with broker() as (fake, sink):
        fake.answer = lambda event: asyncio.sleep(0, 404)
        stream = Stream(camera(clip, loop=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "degraded")
        told = fake.last
        await stream.stop("ended", "over", patience=0.2)

    assert told.reason == "the Broker answers 404"


async def test_what_a_feed_notes_is_why_the_stream_is_degraded(clip, folder_store, tmp_path):
    (tmp_path / "a.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "b.mp4").write_bytes(b"no film")
    async with broker() as (fake, sink):
        stream = Stream(camera(tmp_path, loop=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "degraded")
        told = fake.last
        await stream.stop("ended", "over", patience=0.2)

    assert told.reason.startswith("left out: b.mp4")


class Ending(FileFeed):
    """A camera that sends a clip, and has ended then."""

    live = True

    def packets(self):
        yield from super().packets()
        raise CameraFailed("the camera has ended its playlist")


async def test_a_camera_that_ended_is_no_film_and_tried_again(clip, folder_store, monkeypatch):
    feeds = iter([Ending])
    monkeypatch.setattr(
        reader, "open_feed", lambda camera, uploads: next(feeds, FileFeed)(camera.url, False)
    )
    async with broker() as (fake, sink):
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and "sends none since" in fake.last.reason)
        told = fake.last
        await stream.stop("ended", "over", patience=0.2)

    assert (told.state, told.captured) == ("offline", FRAMES)


class Breaking(FileFeed):
    """A camera that sends so many frames at first and breaks off, and then all that it has."""

    live = True

    def __init__(self, url, most):
        super().__init__(url, loop=True)
        self._most = most

    def packets(self):
        for number, packet in enumerate(super().packets()):
            if number == self._most:
                raise CameraFailed("the camera broke off")
            time.sleep(0.01 if self._most is None else 0)
            yield packet


@pytest.fixture
def breaking(monkeypatch):
    most = iter([FRAMES])
    monkeypatch.setattr(
        reader, "open_feed", lambda camera, uploads: Breaking(camera.url, next(most, None))
    )
    monkeypatch.setattr(stream_module, "TICK", 0.02)
    monkeypatch.setattr(stream_module, "TOLD_EVERY", 0.05)


def newest(fake, epoch):
    """What was last told of an epoch."""
    states = [one for one in fake.states() if one.epoch == epoch]
    return max(states, key=lambda one: one.revision)


async def answer_later_to_the_first_epoch(fake, held, status):
    """Returns it when there are segments of a second one, and the stream has told all of it."""

    async def answer(event):
        sent = fake.segments()
        if segment_event.SegmentEvent.from_event(event).id.epoch == sent[0].id.epoch:
            await held.wait()
            return status
        return 202

    fake.answer = answer
    await until(lambda: len({one.id.epoch for one in fake.segments()}) == 2)
    first = fake.segments()[0].id.epoch
    await until(lambda: newest(fake, first).outstanding == FRAMES)
    return first


async def test_what_becomes_of_an_epoch_that_is_over_is_told_while_the_next_goes_on(
    clip, folder_store, breaking
):
    held = asyncio.Event()
    async with broker() as (fake, sink):
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        first = await answer_later_to_the_first_epoch(fake, held, 400)
        held.set()
        await until(lambda: newest(fake, first).dropped == {"refused": FRAMES})
        told = newest(fake, first)
        await stream.stop("ended", "over", patience=0.2)

    assert (told.captured, told.outstanding) == (FRAMES, 0)


async def test_what_an_epoch_that_is_over_still_waits_for_is_given_up_at_the_end(
    clip, folder_store, breaking, monkeypatch
):
    async with broker() as (fake, sink):
        stream = Stream(camera(clip), Around(folder_store, sink))
        stream.start()
        first = await answer_later_to_the_first_epoch(fake, asyncio.Event(), 202)
        monkeypatch.setattr(stream_module, "TOLD_EVERY", 3600)
        await stream.stop("ended", "over", patience=0.2)
        told = newest(fake, first)

    assert (told.captured, told.dropped, told.outstanding) == (FRAMES, {}, 0)


async def test_epochs_only_grow_even_where_a_clock_went_back(clip, folder_store, breaking):
    """Else the segments of two epochs would be taken for one another's."""
    later = int(time.time() * 1000) + 3_600_000
    async with broker() as (fake, sink):
        stream = Stream(camera(clip), Around(folder_store, sink), after=later)
        stream.start()
        await until(lambda: len({one.id.epoch for one in fake.segments()}) == 2)
        await stream.stop("ended", "over", patience=0.2)

    first, second = sorted({one.id.epoch for one in fake.segments()})
    assert later < first < second < later + 3_600_000
    assert min(one.epoch for one in fake.states()) > later


async def test_a_state_that_the_broker_never_answered_is_told_again(clip, folder_store):
    asked = Counter()

    async def answer(event):
        asked["states"] += 1
        return await asyncio.sleep(3600 if asked["states"] == 1 else 0, 202)

    async with broker() as (fake, sink):
        fake.state_answer = answer
        stream = Stream(camera(clip, paused=True), Around(folder_store, sink))
        stream.start()
        await until(lambda: len(fake.states()) == 2)
        await stream.stop("ended", "over")

    assert [one.state for one in fake.states()][:2] == ["paused", "paused"]


async def test_without_a_model_nobody_waits_for_an_outcome(clip, folder_store):
    async with broker() as (fake, sink):
        stream = Stream(camera(clip, models=()), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.state == "ended")
        told = fake.last
        await stream.stop("ended", "over")

    assert (told.captured, told.outstanding, told.dropped) == (FRAMES, 0, {})


async def test_a_camera_that_is_gone_for_long_is_tried_on_and_costs_no_event(
    folder_store, monkeypatch
):
    monkeypatch.setattr(backoff, "LONGEST", 0.1)
    monkeypatch.setattr("cnap.source.condition.SAME", 0.05)
    tried = []

    def gone(camera, uploads=None):
        tried.append(camera)
        raise CameraFailed("no route")

    monkeypatch.setattr(reader, "open_feed", gone)
    async with broker() as (fake, sink):
        stream = Stream(camera("rtsp://gate/", models=()), Around(folder_store, sink))
        stream.start()
        await until(lambda: fake.states() and fake.last.retryevery)
        told, tries = fake.last, len(tried)
        events = len(fake.states())
        await until(lambda: len(tried) > tries + 10)
        assert len(fake.states()) == events
        await stream.stop("ended", "the camera was removed")

    assert (told.state, told.reason) == ("offline", "no route")
    assert told.nexttry and 0.07 < told.retryevery <= 0.1
    assert (fake.last.nexttry, fake.last.retryevery) == ("", 0)
