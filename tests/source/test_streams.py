"""The source follows its list of cameras: only what changed is ended, started or restarted."""

import pytest

from cnap.cameras import Camera
from cnap.source.__main__ import Streams
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
    return [one.state for one in fake.states() if one.stream == name]


async def test_cameras_come_change_pause_and_go(clip, folder_store):
    async with broker() as (fake, sink):
        streams = Streams(folder_store, sink)
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
