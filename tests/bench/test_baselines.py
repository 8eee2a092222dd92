"""The programs beside the pipeline: they find what its engine finds, and tell what they did."""

import json
import subprocess
import sys
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from click.testing import CliRunner

from cnap.bench.baselines import oneprocess, redislist
from cnap.bench.baselines.film import Film
from cnap.bench.baselines.outcome import Until
from cnap.bench.baselines.requests import Requests, Settings
from cnap.errors import BadMedia
from cnap.models import Input, Model, ModelError
from cnap.models.yolox import YoloX
from tests import media
from tests.bench.spotted import FRAMES, found, pictures, real
from tests.spots import SIDE

ONE_THREAD = Settings(threads=1)


def test_a_film_is_shown_again_and_again(film):
    once = [planes for _, planes in media.plain(film)]
    with Film(film) as shown:
        assert (shown.size, shown.length) == ((SIDE, SIDE), None)
        again = [media.planes(frame) for frame in islice(shown.frames(), 2 * FRAMES + 1)]
        assert shown.length == FRAMES
        assert not shown.shown_by(FRAMES - 1)
        assert shown.shown_by(FRAMES)
    assert all(map(np.array_equal, again, [*once, *once, once[0]]))


def test_a_decoder_of_several_threads_shows_every_frame(tmp_path):
    path = media.clip(tmp_path / "b.mp4", frames=30, bframes=2)
    once = [planes for _, planes in media.plain(path)]
    with Film(path, threads=2) as shown:
        again = [media.planes(frame) for frame in islice(shown.frames(), 60)]
    assert all(map(np.array_equal, again, once * 2))


def test_a_film_has_the_size_in_which_it_is_displayed(tmp_path):
    with Film(media.clip(tmp_path / "a.mp4", frames=3, aspect=Fraction(2))) as shown:
        assert shown.size == (128, 48)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (None, "there is no such clip"),
        (b"no film", "can't be read as video"),
        (b"\xff\xd8\xff", "can't be read as video|has no frame"),
    ],
)
def test_what_is_no_film(tmp_path, made, words):
    path = tmp_path / "film.mp4"
    if made is not None:
        path.write_bytes(made)
    with pytest.raises(BadMedia, match=f"film.mp4.*({words})"):
        Film(path)


def test_until_so_many_frames_or_the_whole_clip(film):
    with Film(film) as shown:
        assert len(list(Until(frames=5).of(shown))) == 5
        assert len(list(Until(frames=FRAMES + 5).of(shown))) == FRAMES + 5
    with Film(film) as shown:
        assert len(list(Until(seconds=0).of(shown))) == FRAMES
        assert len(list(Until(seconds=0).of(shown))) == FRAMES


@pytest.mark.parametrize("requests", [0, 1, 2, 7])
def test_one_process_finds_what_the_engine_finds(film, spots, tmp_path, requests):
    frames = pictures(film, (SIDE, SIDE), FRAMES)
    seen = Requests(spots, (SIDE, SIDE), Settings(requests=requests, threads=1)).detect(frames)
    expected = found(spots, tmp_path, frames)
    assert list(seen) == expected
    assert [len(one) for one in expected] == [0, 1, 2] * 7


def test_one_process_tells_what_it_did(film, spots):
    done = oneprocess.run(film, spots, Until(frames=2 * FRAMES + 4), ONE_THREAD)
    assert (done.frames, done.detections) == (2 * FRAMES + 4, FRAMES)
    assert done.seconds > 0
    assert list(done.cpu) == ["program"]


def test_part_of_a_clip(film, spots):
    done = oneprocess.run(film, spots, Until(frames=6), ONE_THREAD)
    assert (done.frames, done.detections) == (6, 6)


@pytest.mark.parametrize("program", ["oneprocess", "redislist"])
def test_a_line_of_json(film, spots, program, monkeypatch):
    """Without CNAP_REDIS, with a Redis of its own."""
    monkeypatch.delenv("CNAP_REDIS", raising=False)
    words = [str(film), "spots", "--seconds", "0", "--threads", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", f"cnap.bench.baselines.{program}", *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["program"], told["frames"], told["detections"]) == (program, FRAMES, FRAMES)
    assert told["cpu"] == pytest.approx(sum(told["processes"].values()), abs=0.01)
    assert told["fps"] == pytest.approx(FRAMES / told["seconds"], rel=0.01)
    assert told["settings"]["threads"] == 1


@pytest.mark.parametrize("main", [oneprocess.main, redislist.main])
def test_a_line_for_a_person(film, spots, main, redis_url, monkeypatch):
    monkeypatch.setenv("CNAP_REDIS", redis_url)
    done = CliRunner().invoke(main, [str(film), "spots", "--frames", "3", "--threads", "1"])
    assert done.exit_code == 0
    assert done.output.startswith("3 frames in ")
    assert done.output.endswith("3 detections in the clip\n")


@pytest.mark.parametrize("main", [oneprocess.main, redislist.main])
def test_mistakes_are_told_plainly(film, spots, main, monkeypatch):
    monkeypatch.setenv("CNAP_REDIS", "unix:///nowhere/redis.sock")
    for words, said in (
        (["nowhere.mp4", "spots"], "nowhere.mp4: there is no such clip"),
        ([str(film), "spotz"], "no model is called 'spotz'; did you mean spots?"),
    ):
        done = CliRunner().invoke(main, words)
        assert (done.exit_code, done.output) == (1, f"Error: {said}\n")


def test_a_model_that_is_none(film, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"not a model")
    broken = Model("m", YoloX(), Input(size=(SIDE, SIDE)), ("blue", "red"), path=path)
    with pytest.raises(ModelError, match="not a model that OpenVINO can read"):
        oneprocess.run(film, broken, Until(frames=1), ONE_THREAD)


@pytest.mark.parametrize("name", ["fastestdet", "yolox-nano"])
@pytest.mark.parametrize("film", ["car-detection.mp4", "udacity_test_video.mp4"])
def test_real_clips(clip, film, name, tmp_path):
    path = clip(film)
    model, size = real(name, path)
    planes = pictures(path, size, 25)
    assert list(Requests(model, size, Settings()).detect(planes)) == found(model, tmp_path, planes)
