"""Two reports side by side: what became better, what worse, and what is only noise."""

from collections.abc import Iterator
from typing import Any

from cnap.bench.figure import Figure
from cnap.bench.machine import SAME
from cnap.bench.report import Report, aligned, number, spread, written
from cnap.errors import CnapError

MAY_DIFFER = ("repeats", "seed", "measures", "baselines")
"""Settings that change how sure a figure is, and not what it means."""
HEADER = ("", "A", "", "B", "", "B / A", "")


def differences(a: Report, b: Report) -> list[str]:
    """Why their figures don't mean the same, one for each thing that differs; empty where they
    do."""
    told = []
    for one, other, names in (
        (a.settings, b.settings, sorted({*a.settings, *b.settings} - {*MAY_DIFFER})),
        (a.machine, b.machine, SAME),
    ):
        told += [
            f"{name} is {_said(one, name)} in the first and {_said(other, name)} in the second"
            for name in names
            if one.get(name) != other.get(name)
        ]
    return told


def compared(a: Report, b: Report, force: bool = False) -> Iterator[str]:
    """Lines of a table. Raises CnapError where they were measured otherwise, unless `force`."""
    different = differences(a, b)
    if different and not force:
        raise CnapError(
            f"these reports can't be compared: {'; '.join(different)} (--force compares them)"
        )
    yield from (f"not the same: {what}" for what in different)
    yield f"A: {_of(a)}"
    yield f"B: {_of(b)}"
    for measure in dict.fromkeys([*a.figures, *b.figures]):
        yield ""
        yield measure
        ours = {figure.name: figure for figure in a.figures.get(measure, ())}
        theirs = {figure.name: figure for figure in b.figures.get(measure, ())}
        names = dict.fromkeys([*ours, *theirs])
        rows = [_row(name, ours.get(name), theirs.get(name)) for name in names]
        yield from aligned([HEADER, *rows])


def verdict(a: Figure, b: Figure) -> str:
    """What B is beside A. Ranges that overlap are taken for noise, and of single values nobody
    knows."""
    if len(a.values) < 2 or len(b.values) < 2:
        return "measured once: its noise is not known"
    if a.min <= b.max and b.min <= a.max:
        return "within the noise"
    if not a.better:
        return "other"
    return "better" if (b.median > a.median) == (a.better == "higher") else "worse"


def _row(name: str, a: Figure | None, b: Figure | None) -> tuple[str, ...]:
    has = a and a.values, b and b.values
    cells = [
        cell
        for figure in (a, b)
        for cell in ((number(figure.median), spread(figure)) if figure and figure.values else "--")
    ]
    if not all(has):
        return (name, *cells, "", "not measured in both")
    ratio = f"{b.median / a.median:.3f}" if a.median else ""
    return (name, *cells, ratio, verdict(a, b))


def _of(report: Report) -> str:
    version = report.versions.get("commit") or report.versions.get("cnap", "?")
    load = report.machine.get("load", "?")
    return f"{report.made}, cnap {version}, load {load} at the start"


def _said(facts: dict[str, Any], name: str) -> str:
    return written(facts[name]) if facts.get(name) is not None else "not said"
