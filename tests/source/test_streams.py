"""The source follows its list of cameras: only what changed is ended, started or restarted."""

import gc
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from cnap.cameras import Camera
from cnap.errors import CnapError
from cnap.source import reader
from cnap.source.around import Around
from cnap.source.feeds import FileFeed
from cnap.source.feeds.pushed.upload import Upload
from cnap.source.reader import Reader
from cnap.source.streams import Streams
from cnap.source.uploads import Uploads
from tests import media
from tests.broker import broker, until


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return media.clip(tmp_path_factory.mktemp("clips") / "clip.mp4", frames=30, rate=100, gop=10)


def camera(name, clip, **facts):
    return Camera(name, str(clip), **({"models": ("a",), "segment": 0.1} | facts))


def sent(fake, name):
    return [one for one in fake.segments() if one.id.stream == name]


def told(fake, name):
    """As it happened: a stream that ended says its last words while the next one speaks."""
    states = [one for one in fake.states() if one.stream == name]
    return [one.state for one in sorted(states, key=lambda one: (one.epoch, one.revision))]


async def test_cameras_come_change_pause_and_go(clip, folder_store):
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        one, two = camera("one", clip), camera("two", clip)
        streams.follow([one, two])
        await until(lambda: sent(fake, "one") and sent(fake, "two"))
        epoch = sent(fake, "one")[0].id.epoch

        streams.follow([one, camera("two", clip, paused=True)])
        await until(lambda: "paused" in told(fake, "two"))
        before = len(sent(fake, "two"))
        await until(lambda: len(sent(fake, "one")) > 10)
        assert len(sent(fake, "two")) == before
        assert {segment.id.epoch for segment in sent(fake, "one")} == {epoch}

        streams.follow([camera("one", clip, models=("b",)), two])
        await until(lambda: sent(fake, "one")[-1].models == ("b",))
        assert sent(fake, "one")[-1].id.epoch > epoch
        await until(lambda: len(sent(fake, "two")) > before)

        streams.follow([two])
        await until(lambda: told(fake, "one")[-1] == "ended")
        await streams.stop()

    assert told(fake, "two")[-1] == "ended"
    assert list(folder_store.objects("")) == []


class Live(FileFeed):
    """A camera, which sends the clip again and again. A film would wait for the clock."""

    live = True

    def packets(self):
        for packet in super().packets():
            time.sleep(0.01)
            yield packet


async def test_a_camera_that_is_changed_has_later_epochs_even_where_a_clock_went_back(
    clip, folder_store, monkeypatch
):
    monkeypatch.setattr(reader, "open_feed", lambda camera, uploads: Live(camera.url, True))
    later = int(time.time() * 1000) + 3_600_000
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        streams._epochs["gate"] = later
        for model in ("a", "b", "c"):
            streams.follow([camera("gate", clip, models=(model,))])
            await until(lambda m=model: any(one.models == (m,) for one in sent(fake, "gate")))
        await streams.stop()

    epochs = [{one.id.epoch for one in sent(fake, "gate") if one.models == (m,)} for m in "abc"]
    (first,), (second,), (third,) = epochs
    assert later < first < second < third < later + 1000


async def test_a_model_that_nobody_serves_is_told_and_the_others_get_their_frames(
    clip, folder_store
):
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        gate = camera("gate", clip, models=("a", "b"))
        streams.follow([gate], {"b": "no Trigger takes frames for b"})
        await until(lambda: "misconfigured" in told(fake, "gate"))
        state = next(one for one in fake.states() if one.state == "misconfigured")
        assert (state.reason, state.models) == ("no Trigger takes frames for b", ("a",))
        await until(lambda: sent(fake, "gate"))
        epoch = sent(fake, "gate")[0].id.epoch
        assert {one.models for one in sent(fake, "gate")} == {("a",)}

        streams.follow([gate])
        await until(lambda: sent(fake, "gate")[-1].models == ("a", "b"))
        assert sent(fake, "gate")[-1].id.epoch > epoch
        await until(lambda: told(fake, "gate")[-1] == "live")
        await streams.stop()


async def test_a_camera_none_of_whose_models_is_served_sends_nothing(clip, folder_store):
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([camera("gate", clip)], {"a": "no Trigger takes frames for a"})
        await until(lambda: "misconfigured" in told(fake, "gate"))
        await streams.stop()
        assert sent(fake, "gate") == []
        assert list(folder_store.objects("")) == []


async def test_a_problem_that_comes_or_goes_does_not_interrupt(clip, folder_store):
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([camera("gate", clip)])
        await until(lambda: sent(fake, "gate"))
        streams.follow([camera("gate", clip, models=("a", "b"))], {"b": "nobody"})
        await until(lambda: told(fake, "gate")[-1] == "misconfigured")
        streams.follow([camera("gate", clip)])
        await until(lambda: told(fake, "gate")[-1] == "live")
        assert len({one.id.epoch for one in sent(fake, "gate")}) == 1
        await streams.stop()


async def test_a_camera_that_pushes_waits_without_an_end_and_ends_at_once(folder_store, tmp_path):
    film = media.clip(tmp_path / "piece.mp4", frames=25).read_bytes()
    uploads = Uploads()
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink, uploads=uploads))
        door = Camera("door", "push:", ("a",))
        streams.follow([door])
        await until(lambda: "waiting for uploads" in [one.reason for one in fake.states()])
        assert told(fake, "door")[-1] == "connecting"

        inbox = uploads.inbox("door")
        inbox.put(Upload(film, "video/mp4"))
        await until(lambda: sum(one.framecount for one in sent(fake, "door")) == 25)
        await until(lambda: "live" in told(fake, "door"))
        await until(lambda: told(fake, "door")[-1] == "stalled")
        assert fake.last.reason == "waiting for uploads"

        streams.follow([replace(door, paused=True)])
        await until(lambda: told(fake, "door")[-1] == "paused")
        await until(lambda: inbox.closed)
        streams.follow([door])
        await until(lambda: not inbox_of(uploads, "door").closed)
        streams.follow([])
        await until(lambda: told(fake, "door")[-1] == "ended")
        assert not [one for one in threading.enumerate() if one.name == "door"]
        await streams.stop()


def inbox_of(uploads, name):
    """The inbox; a closed one where there is none."""
    try:
        return uploads.inbox(name)
    except CnapError:
        return SimpleNamespace(closed=True)


async def test_what_is_not_watched_any_more_is_not_stored_any_more(folder_store, monkeypatch):
    watched = []
    monkeypatch.setattr(
        "cnap.source.stream.Stream.watch", lambda stream, seconds: watched.append(seconds)
    )
    async with broker() as (_, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([Camera("gate", "push:")])
        streams.watch({"gate": "2100-01-01T00:00:00Z"})
        streams.watch({"yard": "2100-01-01T00:00:00Z"})
        await streams.stop()

    assert watched[0] > 60
    assert watched[1:] == [0]


async def test_nothing_of_a_camera_that_was_removed_stays_in_memory(clip, folder_store):
    def readers():
        gc.collect()
        return [one for one in gc.get_objects() if isinstance(one, Reader)]

    before = set(map(id, readers()))
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([camera("fleeting", clip)])
        await until(lambda: sent(fake, "fleeting"))
        assert not before >= set(map(id, readers()))
        streams.follow([])
        await until(lambda: told(fake, "fleeting")[-1] == "ended")
        await until(lambda: streams.follow([]) or before >= set(map(id, readers())))


async def test_one_that_can_not_end_keeps_no_other_from_its_last_words(clip, folder_store, caplog):
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([camera("one", clip), camera("two", clip)])
        await until(lambda: sent(fake, "one") and sent(fake, "two"))
        streams._running["one"]._posting.end = None
        await streams.stop()

    assert told(fake, "two")[-1] == "ended"
    assert "one: unexpected error" in caplog.text
