"""Two reports side by side."""

from dataclasses import replace

import pytest

from cnap.bench.compare import compared, differences, verdict
from cnap.bench.figure import Figure
from cnap.bench.report import Report
from cnap.errors import CnapError


def higher(*values):
    return Figure("rate", "frames/s", "higher", list(values))


def lower(*values):
    return Figure("cost", "ms", "lower", list(values))


def report(*figures, **settings):
    return Report(
        made="2026-11-23",
        machine={"cpu": "A", "cores": 2, "memory": 23.5, "kernel": "Linux 6", "load": 1.0},
        versions={"cnap": "0.1.0"},
        settings={"content": "abc", "models": ["a"], "segment": 1.0, "repeats": 5} | settings,
        figures={"throughput": list(figures)},
    )


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (higher(10, 11, 12), higher(13, 14, 15), "better"),
        (higher(13, 14, 15), higher(10, 11, 12), "worse"),
        (lower(10, 11, 12), lower(13, 14, 15), "worse"),
        (lower(13, 14, 15), lower(10, 11, 12), "better"),
        (higher(10, 11, 13), higher(12, 14, 15), "within the noise"),
        (higher(10, 11, 12), higher(12, 13, 14), "within the noise"),
        (higher(10, 20), higher(12, 13), "within the noise"),
        (higher(10), higher(20, 21), "measured once: its noise is not known"),
        (Figure("x", "", "", [1, 2]), Figure("x", "", "", [3, 4]), "other"),
    ],
)
def test_better_worse_or_noise(a, b, said):
    assert verdict(a, b) == said


def test_a_row_has_both_medians_their_spread_and_ratio():
    lines = list(compared(report(higher(10, 20, 30)), report(higher(40, 50, 60))))
    (row,) = [line for line in lines if line.startswith("  rate")]
    assert " ".join(row.split()) == "rate 20.0 10.0 - 30.0 50.0 40.0 - 60.0 2.500 better"


def test_what_only_one_has_is_shown_without_a_verdict():
    lines = list(
        compared(report(higher(10, 20)), report(lower(1, 2), replace(higher(), values=[])))
    )
    rows = [line for line in lines if "not measured in both" in line]
    assert [row.split()[0] for row in rows] == ["rate", "cost"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"segment": 0.5}, "segment is 1 in the first and 0.5 in the second"),
        ({"models": ["a", "b"]}, "models is a in the first and a b in the second"),
        ({"content": "def"}, "content is abc in the first and def in the second"),
        ({"framesize": [640, 360]}, "framesize is not said in the first and 640 360 in the second"),
    ],
)
def test_other_settings_are_refused_unless_forced(settings, said):
    a, b = report(higher(1, 2)), report(higher(3, 4), **settings)
    with pytest.raises(CnapError, match=f"can't be compared: {said}"):
        list(compared(a, b))
    lines = list(compared(a, b, force=True))
    assert lines[0] == f"not the same: {said}"
    assert any("better" in line for line in lines)


def test_another_machine_is_refused():
    a = report(higher(1, 2))
    b = replace(a, machine=a.machine | {"cpu": "B", "load": 5.0, "kernel": "Linux 7"})
    assert differences(a, b) == ["cpu is A in the first and B in the second"]


def test_how_often_and_what_else_was_measured_may_differ():
    others = {"repeats": 3, "seed": 2, "measures": ["idle"], "baselines": False}
    assert differences(report(), report(**others)) == []
