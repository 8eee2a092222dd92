"""Segments that come whole are handed out evenly, late enough and no later."""

import itertools

import pytest

from cnap.source.feeds.hls.evenly import CATCH_UP, Evenly


def test_nothing_is_due_before_it_can_be_there():
    evenly = Evenly(4)
    for n, ready in enumerate([104.0, 108.3, 112.1, 116.9]):
        evenly.came(4.0 * n, ready)
        assert evenly.due(4.0 * n, ready) >= ready


def test_times_are_as_far_apart_as_frames():
    evenly = Evenly(4)
    evenly.came(0, 104)
    evenly.came(4, 108)
    due = [evenly.due(n / 25, 104 + n / 25) for n in range(200)]
    assert [b - a for a, b in itertools.pairwise(due)] == pytest.approx([1 / 25] * 199)


def test_what_waits_longer_than_it_must_is_caught_up_with():
    """The first segment had been there for three seconds."""
    evenly = Evenly(4)
    evenly.came(0, 107)
    for n in range(1, 20):
        evenly.came(4.0 * n, 104 + 4.0 * n)
        due = [evenly.due(4 * n + step / 25, 104 + 4 * n) for step in range(100)]
        gaps = [b - a for a, b in itertools.pairwise(due)]
        assert all((1 - CATCH_UP) / 25 - 1e-6 <= gap <= 1 / 25 + 1e-6 for gap in gaps)
    assert evenly.offset == pytest.approx(104)


def test_a_clock_that_jumped_is_not_waited_for():
    evenly = Evenly(4)
    evenly.came(0, 104)
    evenly.came(3600, 108)
    assert evenly.due(3600, 108) == 108


def test_a_time_that_can_not_be_is_not_waited_for():
    evenly = Evenly(4)
    evenly.came(0, 104)
    assert evenly.due(1, 104) == 105
    assert evenly.due(5000, 105) == 105
