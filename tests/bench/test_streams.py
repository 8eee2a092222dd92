"""What live streams of a workload have."""

from dataclasses import replace
from pathlib import Path

import pytest

from cnap.bench.measures.streams import frames, length, rate, until
from cnap.bench.workload import Workload
from cnap.errors import BadMedia, CnapError
from tests import media

WORKLOAD = Workload(Path("film.mp4"), ("yunet", "yolox-nano"), seconds=5.0)


@pytest.fixture
def film(tmp_path: Path) -> Workload:
    return replace(WORKLOAD, clip=media.clip(tmp_path / "film.mp4", frames=10, rate=10))


@pytest.mark.parametrize(("wanted", "given"), [(0, 10), (15, 10), (10, 10), (4, 4)])
def test_a_camera_gives_no_more_frames_than_its_film_has(film, wanted: float, given: float):
    assert rate(film, wanted) == given


def test_what_is_no_film_is_told(tmp_path: Path):
    (tmp_path / "film.mp4").write_text("no film")
    with pytest.raises(BadMedia, match=r"film\.mp4 can't be shown as a camera"):
        rate(replace(WORKLOAD, clip=tmp_path / "film.mp4"), 0)


def test_frames_are_those_that_any_window_has():
    assert frames(WORKLOAD, 12.5, count=3) == 62 * 3 * 2
    assert frames(WORKLOAD, 0.1, count=1) == 2


def test_a_camera_has_no_segments_of_a_frame_each():
    assert length(replace(WORKLOAD, segment=0)) == 0.1
    assert length(WORKLOAD) == 1.0


def test_what_does_not_come_true_is_told():
    assert until("it", lambda: True, 0) < 1
    with pytest.raises(CnapError, match=r"not within 0\.1 s: the end of days"):
        until("the end of days", lambda: False, 0.1)
