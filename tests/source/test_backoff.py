"""How long a camera that failed is left alone."""

import itertools

import pytest

from cnap.source.backoff import LASTED, LEAST, LONGEST, Backoff


def test_twice_as_long_each_time_up_to_a_minute_and_never_twice_the_same():
    waits = [[backoff.after(0.0, 0.0) for _ in range(7)] for backoff in (Backoff(), Backoff())]
    for n, wait in enumerate(waits[0]):
        usual = min(2.0**n, LONGEST)
        assert LEAST * usual <= wait <= usual
    assert waits[0] != waits[1]


def test_a_camera_that_sent_video_for_a_while_begins_anew():
    backoff = Backoff()
    for _ in range(10):
        backoff.after(LASTED / 2, 0.0)
    assert backoff.every
    assert backoff.after(LASTED, 0.0) <= 1.0
    assert not backoff.every


def test_in_the_end_tries_are_equally_far_apart_however_long_each_takes():
    backoff, now, tries = Backoff(), 1000.0, []
    for n in range(60):
        now += backoff.after(0.0, now)
        tries.append(now)
        now += n % 13 if n != 40 else 200.0
    assert LEAST * LONGEST <= backoff.every <= LONGEST
    for before, after in itertools.pairwise(tries[7:]):
        rounds = (after - before) / backoff.every
        assert rounds == pytest.approx(round(rounds))
