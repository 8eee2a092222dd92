"""Figures of several repeats."""

import pytest

from cnap.bench.figure import Figure, joined, ratio


def test_what_is_told_of_the_values():
    figure = Figure("throughput", "frames/s", "higher", [3.0, 9.0, 5.0])
    assert (figure.median, figure.min, figure.max) == (5.0, 3.0, 9.0)


def test_a_ratio_is_of_pairs():
    """Not of medians: what disturbed both in one repeat cancels out."""
    ours = Figure("rate", "frames/s", "higher", [10.0, 30.0, 8.0])
    theirs = Figure("other", "frames/s", "", [5.0, 10.0, 2.0])
    assert ratio("rate / other", ours, theirs) == Figure("rate / other", "x", "higher", [2, 3, 4])


def test_a_ratio_to_nothing_is_left_out():
    one, other = Figure("a", "s", "lower", [1.0, 2.0]), Figure("b", "s", "lower", [0.0, 1.0])
    assert ratio("a / b", one, other).values == [2.0]


def test_repeats_are_joined_by_name():
    found = joined(
        [
            [Figure("a", "s", "lower", [1.0], "first"), Figure("b", "MB", "lower", [7.0])],
            [Figure("a", "s", "lower", [2.0]), Figure("c", "J", "lower", [], "unknown")],
        ]
    )
    assert found == [
        Figure("a", "s", "lower", [1.0, 2.0], "first"),
        Figure("b", "MB", "lower", [7.0]),
        Figure("c", "J", "lower", [], "unknown"),
    ]


def test_no_values_have_no_median():
    with pytest.raises(ValueError, match="no median"):
        _ = Figure("a", "s", "lower").median
