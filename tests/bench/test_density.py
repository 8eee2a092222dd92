"""The search of density and the judging of windows."""

import pytest

from cnap.bench.measures.density import MOST, judged, kept, search
from cnap.bench.results import Seen


@pytest.mark.parametrize("capacity", [0, 1, 2, 3, 5, 7, 8, 13, 63, 64, 100])
@pytest.mark.parametrize("start", [1, 3, 6, 100])
def test_the_search_finds_what_holds(capacity: int, start: int):
    asked = []

    def holds(count: int) -> bool:
        asked.append(count)
        return count <= capacity

    assert search(holds, start, 100) == capacity
    assert len(asked) == len(set(asked))
    assert all(1 <= count <= 100 for count in asked)


def test_the_search_goes_upward_first_then_halves():
    asked = []
    search(lambda count: asked.append(count) or count <= 11, 1, MOST)
    assert asked == [1, 2, 4, 8, 16, 12, 10, 11]


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ([], None),
        ([0.95], None),
        ([0.94], None),
        ([0.95, 1.0], True),
        ([1.0, 0.94], False),
        ([0.94, 1.0], None),
        ([0.94, 0.95, 0.95], True),
        ([0.94, 0.95, 0.9], False),
        ([0.94, 0.94], False),
    ],
)
def test_two_windows_in_a_row_hold(shares: list[float], verdict: bool | None):
    assert judged(shares) is verdict


def test_a_window_keeps_frames_that_it_captured_and_that_had_a_result_in_time():
    def seen(captured: float, latency: float) -> Seen:
        return Seen("gate", "yunet", captured, captured + latency, {})

    inside = [seen(10.0, 0.5), seen(14.5, 2.0), seen(19.9, 1.0)]
    others = [seen(9.9, 0.5), seen(20.0, 0.5), seen(15.0, 2.5)]
    assert kept(inside + others, 10.0, 20.0, fresh=2.0, wanted=4) == 0.75
    assert kept(inside, 10.0, 20.0, fresh=2.0, wanted=2.9) == 1.0
    assert kept([], 10.0, 20.0, fresh=2.0, wanted=4) == 0.0
