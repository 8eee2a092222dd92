"""Clips that the benchmark makes for itself."""

import av
import pytest

from cnap.bench import clips
from cnap.errors import BadMedia
from tests import media


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(clips, "SECONDS", 3)
    monkeypatch.setattr(clips, "SIZE", (160, 96))
    return tmp_path / "cache"


def facts(path):
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        packets = [packet for packet in film.demux(stream) if packet.dts is not None]
        keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
        return len(packets), (stream.width, stream.height), float(stream.average_rate), keys


def test_the_test_picture_is_the_same_each_time_it_is_made(cache):
    made = clips.pattern()
    first = made.read_bytes()
    assert facts(made) == (75, (160, 96), 25.0, [0, 50])
    assert made.is_relative_to(cache)

    made.unlink()
    assert clips.pattern().read_bytes() == first


def test_it_is_made_once():
    made = clips.pattern()
    before = made.stat().st_mtime_ns
    assert clips.pattern() == made
    assert made.stat().st_mtime_ns == before


def test_another_size_has_the_same_frames(tmp_path):
    film = media.clip(tmp_path / "film.mp4", size=(320, 240), frames=40, rate=10, gop=40)
    made = clips.resized(film, (160, 120))
    assert facts(made) == (40, (160, 120), 10.0, [0, 20])


def test_films_of_one_name_are_not_mistaken_for_each_other(tmp_path):
    for name, frames in (("a", 10), ("b", 20)):
        (tmp_path / name).mkdir()
        media.clip(tmp_path / name / "film.mp4", frames=frames)
    first, second = (clips.resized(tmp_path / n / "film.mp4", (160, 120)) for n in "ab")
    assert (facts(first)[0], facts(second)[0]) == (10, 20)


def test_what_is_no_film_is_said(tmp_path):
    (tmp_path / "film.mp4").write_text("this is not a film")
    with pytest.raises(BadMedia, match=r"film\.mp4 can't be made 160x120"):
        clips.resized(tmp_path / "film.mp4", (160, 120))
    assert not list((tmp_path / "cache" / "bench").glob("*.mp4"))


def test_a_cache_that_can_not_be_written_is_no_hindrance(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(clips.tempfile, "gettempdir", lambda: str(tmp_path / "elsewhere"))
    assert clips.pattern().is_relative_to(tmp_path / "elsewhere")
