"""A camera that hangs, floods or is not to be looked at now disturbs no other, nor any change."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from cnap.cameras import Camera
from cnap.cameras.schedule import DAYS, Schedule
from cnap.source import reader, reading
from cnap.source.around import Around
from cnap.source.reader import FLOOD
from cnap.source.streams import Streams
from tests import media
from tests.broker import broker, until
from tests.cameras.rtsp import FakeCamera


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return media.clip(path, frames=50, rate=25, gop=10)


class Hanging:
    """A camera's connection that never answers, as no feed should be; and is never done."""

    def __init__(self):
        self.let_go = threading.Event()
        self.opened = 0

    def open(self, camera, uploads=None):
        if camera.url != "hangs":
            return open_feed(camera, uploads)
        self.opened += 1
        self.let_go.wait(60)
        raise OSError("let go")


open_feed = reader.open_feed


@pytest.fixture
def hanging(monkeypatch):
    hanging = Hanging()
    monkeypatch.setattr(reader, "open_feed", hanging.open)
    yield hanging
    hanging.let_go.set()


def last(fake, name):
    states = [one for one in fake.states() if one.stream == name]
    return max(states, key=lambda one: (one.epoch, one.revision), default=None)


def is_in(fake, name, state):
    return (found := last(fake, name)) and found.state == state


async def test_a_change_of_a_camera_whose_reader_hangs_takes_effect_at_once(
    hanging, clip, folder_store
):
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        other = Camera("other", str(clip), ("a",))
        streams.follow([Camera("gate", "hangs", ("a",)), other])
        await until(lambda: hanging.opened and is_in(fake, "other", "live"))
        epoch = last(fake, "other").epoch

        streams.follow([Camera("gate", str(clip), ("a",)), other])
        await until(lambda: is_in(fake, "gate", "live"))
        assert not hanging.let_go.is_set()
        assert last(fake, "other").epoch == epoch
        await streams.stop()


async def test_a_camera_is_not_opened_again_and_again_while_its_readers_hang(
    hanging, clip, folder_store
):
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        for rate in range(1, 8):
            streams.follow([Camera("gate", "hangs", ("a",), framerate=float(rate))])
            await until(lambda n=rate: hanging.opened >= min(n, reading.MOST_HANGING))
        await until(lambda: is_in(fake, "gate", "offline"))
        assert hanging.opened == reading.MOST_HANGING
        assert "earlier connections to the camera hang" in last(fake, "gate").reason

        hanging.let_go.set()
        streams.follow([Camera("gate", str(clip), ("a",))])
        await until(lambda: is_in(fake, "gate", "live"))
        await streams.stop()


async def test_a_reader_that_gives_no_sign_for_a_minute_is_left_behind(
    hanging, clip, folder_store, monkeypatch
):
    monkeypatch.setattr(reading, "HANGS", 0.1)
    async with broker() as (_, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([Camera("gate", "hangs", ("a",))])
        await until(lambda: hanging.opened > 1)
        await streams.stop()


async def test_who_floods_is_held_and_others_stay_live(clip, folder_store, monkeypatch):
    with FakeCamera(clip) as good, FakeCamera(clip, flood=True) as bad:
        async with broker() as (fake, sink):
            streams = Streams(Around(folder_store, sink))
            streams.follow([Camera("good", good.url, ("a",)), Camera("bad", bad.url, ("a",))])
            await until(lambda: is_in(fake, "bad", "degraded"))
            await until(lambda: FLOOD in last(fake, "bad").dropped)
            assert "packets/s" in last(fake, "bad").reason
            await until(lambda: is_in(fake, "good", "live"))
            sent = len([one for one in fake.segments() if one.id.stream == "good"])
            await until(
                lambda: len([one for one in fake.segments() if one.id.stream == "good"]) > sent + 2
            )
            assert is_in(fake, "good", "live")
            await streams.stop()


async def test_outside_its_schedule_a_camera_is_not_opened(hanging, folder_store):
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    schedule = Schedule((DAYS[tomorrow.weekday()],), "UTC")
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([Camera("gate", "hangs", ("a",), schedule=schedule)])
        await until(lambda: is_in(fake, "gate", "paused"))
        told = last(fake, "gate")
        await streams.stop()

    assert told.reason.startswith("outside its schedule, next at ")
    assert datetime.fromisoformat(told.nexttry).date() == tomorrow.date()
    assert hanging.opened == 0


async def test_a_paused_camera_goes_on_with_a_new_epoch(clip, folder_store):
    camera = Camera("gate", str(clip), ("a",))
    paused = Camera("gate", str(clip), ("a",), paused=True)
    async with broker() as (fake, sink):
        streams = Streams(Around(folder_store, sink))
        streams.follow([camera])
        await until(lambda: is_in(fake, "gate", "live"))
        epoch = last(fake, "gate").epoch
        streams.follow([paused])
        await until(lambda: is_in(fake, "gate", "paused"))
        streams.follow([camera])
        await until(lambda: is_in(fake, "gate", "live") and last(fake, "gate").epoch > epoch)
        await asyncio.sleep(0)
        await streams.stop()
