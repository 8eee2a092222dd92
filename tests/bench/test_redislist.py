"""Two processes and Redis between them: they find what the engine finds in the same JPEGs."""

import json
import os
import signal

import pytest
from click.testing import CliRunner
from redis import Redis

from cnap.bench.baselines import redislist
from cnap.bench.baselines.inferrer import Inferrer
from cnap.bench.baselines.lists import END, Lists, server
from cnap.bench.baselines.outcome import WARM_UP, Until
from cnap.bench.baselines.requests import Settings
from cnap.errors import Unavailable
from cnap.models import Input, Model
from cnap.models.yolox import YoloX
from cnap.pictures import jpeg
from tests import media
from tests.bench.spotted import FRAMES, count, found, pictures, real
from tests.spots import SIDE

IN_TURN = Settings(hint="LATENCY", requests=1, threads=1)
SEVERAL = Settings(threads=1)


def jpegs(path, size, frames):
    return [jpeg(one, redislist.QUALITY) for one in pictures(path, size, frames)]


@pytest.fixture
def own_redis(database, redis_url, monkeypatch):
    """What CNAP_REDIS names."""
    monkeypatch.setenv("CNAP_REDIS", redis_url)
    return database


@pytest.mark.parametrize("settings", [IN_TURN, SEVERAL])
def test_redis_lists_find_what_the_engine_finds(
    film, spots, tmp_path, own_redis, monkeypatch, settings
):
    """In each JPEG, frame by frame."""
    told = []

    def clear(lists):
        told.extend(map(json.loads, own_redis.lrange(f"{lists.key}:results", 0, -1)))
        cleared(lists)

    cleared = Lists.clear
    monkeypatch.setattr(Lists, "clear", clear)
    done = redislist.run(film, spots, Until(seconds=0), settings)
    expected = found(spots, tmp_path, jpegs(film, (SIDE, SIDE), FRAMES))
    assert [one["frame"] for one in told] == list(range(WARM_UP + FRAMES))
    assert [one["detections"] for one in told[WARM_UP:]] == [
        [json.loads(json.dumps(each.as_json())) for each in one] for one in expected
    ]
    assert (done.frames, done.detections) == (FRAMES, count(expected))
    assert list(done.cpu) == ["decode", "redis", "infer"]
    assert own_redis.keys("*") == []


def test_whole_pictures_through_redis(tmp_path, spots, own_redis):
    """Twice as large as the model's: it is the other process that scales them."""
    path = media.clip(tmp_path / "large.mp4", size=(128, 128), frames=9)
    done = redislist.run(path, spots, Until(seconds=0), IN_TURN, whole=True)
    assert done.detections == count(found(spots, tmp_path, jpegs(path, (128, 128), 9)))


def test_the_list_is_bounded(film, spots, own_redis, monkeypatch):
    monkeypatch.setattr(redislist, "MOST", 3)
    pushed, push = [], Lists.push

    def seen(lists, picture):
        pushed.append(push(lists, picture))
        return pushed[-1]

    monkeypatch.setattr(Lists, "push", seen)
    done = redislist.run(film, spots, Until(frames=2 * FRAMES), IN_TURN)
    assert (done.frames, done.detections) == (2 * FRAMES, FRAMES)
    assert max(pushed) == 3


def test_the_other_process_is_killed(spots, own_redis, redis_url):
    lists = Lists(redis_url, "killed")
    with Inferrer(lists, spots, (SIDE, SIDE), IN_TURN) as inferrer:
        lists.push(END)
        inferrer.done()
        inferrer.check()
        os.kill(inferrer.pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match=r"the inference process ended \(exit code -9\)"):
            inferrer.done()
        with pytest.raises(Unavailable, match="ended"):
            inferrer.check()


def test_a_redis_of_its_own_is_gone_afterwards(monkeypatch):
    monkeypatch.delenv("CNAP_REDIS", raising=False)
    with server() as url:
        pid = Redis.from_url(url).info("server")["process_id"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_no_redis(film, spots, monkeypatch):
    for address, said in (
        ("unix:///nowhere/redis.sock", "Redis can't be used: .*/nowhere/redis.sock"),
        ("nowhere", "CNAP_REDIS is not an address"),
    ):
        monkeypatch.setenv("CNAP_REDIS", address)
        done = CliRunner().invoke(redislist.main, [str(film), "spots", "--frames", "3"])
        assert done.exit_code == 1
        assert done.output.startswith("Error: ")
        assert said.partition(".*")[0] in done.output


def test_a_model_that_the_other_process_cannot_use(film, tmp_path, own_redis):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"not a model")
    broken = Model("m", YoloX(), Input(size=(SIDE, SIDE)), ("blue", "red"), path=path)
    with pytest.raises(Unavailable, match=r"inference process: .*not a model that OpenVINO can"):
        redislist.run(film, broken, Until(frames=1), IN_TURN)
    assert own_redis.keys("*") == []


@pytest.mark.parametrize("name", ["fastestdet", "yolox-nano"])
@pytest.mark.parametrize("film", ["car-detection.mp4", "udacity_test_video.mp4"])
def test_real_clips(clip, film, name, own_redis, tmp_path):
    path = clip(film)
    model, size = real(name, path)
    expected = found(model, tmp_path, jpegs(path, size, 25))
    assert redislist.run(path, model, Until(frames=25), IN_TURN).detections == count(expected)
