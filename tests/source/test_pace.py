"""What a source asks for while the pipeline is slower than the camera."""

import pytest

from cnap.events.attributes import rate as read_rate
from cnap.source.pace import COMFORTABLE, LEAST_RATE, MOST_OUTSTANDING, Pace


def test_all_frames_while_there_is_room():
    pace = Pace(25.0)

    assert [pace.rate(n) for n in range(COMFORTABLE + 1)] == [None] * (COMFORTABLE + 1)


def test_fewer_frames_before_fewer_segments():
    pace = Pace(25.0)
    rates = [pace.rate(n) for n in range(COMFORTABLE + 1, MOST_OUTSTANDING)]

    assert 25 > rates[0] > rates[-1] > 0
    assert pace.rate(MOST_OUTSTANDING) == 0


def test_all_frames_again_after_a_while():
    pace = Pace(25.0)
    for _ in range(50):
        pace.rate(MOST_OUTSTANDING)
    rates = [pace.rate(0) for _ in range(50)]

    assert rates[0] == pytest.approx(LEAST_RATE, rel=0.4)
    asked = [rate for rate in rates if rate]
    assert asked == sorted(asked)
    assert rates[-1] is None


@pytest.mark.parametrize("framerate", [0.0, 0.5, 1.0, 12.5, 29.97002997, 240.0, 90000.0])
def test_a_rate_is_one_that_an_event_may_say(framerate):
    pace = Pace(framerate)
    for outstanding in [4] * 40 + [0] * 40:
        asked = pace.rate(outstanding)
        if asked is not None:
            assert read_rate({"thinnedrate": str(asked)}, "thinnedrate") == asked
            assert asked >= LEAST_RATE


@pytest.mark.parametrize(
    ("capacity", "framerate"), [(3, 30.0), (5, 25.0), (12, 25.0), (20, 25.0), (30, 25.0)]
)
def test_it_settles_near_what_the_pipeline_can_do(capacity, framerate):
    """A pipeline that does `capacity` frames a second, and a segment each second for ten minutes:
    after the first one no segment is left out, and most of the capacity is used."""
    pace, queue, used, dropped = Pace(framerate), [], 0.0, []
    for second in range(600):
        asked = pace.rate(len(queue))
        if asked == 0:
            dropped.append(second)
        else:
            queue.append(asked or framerate)
        left = capacity
        while queue and left > 0:
            done = min(queue[0], left)
            left, used, queue[0] = left - done, used + done, queue[0] - done
            if queue[0] <= 0:
                queue.pop(0)

    assert all(second < 60 for second in dropped)
    assert used / 600 > 0.6 * min(capacity, framerate)
