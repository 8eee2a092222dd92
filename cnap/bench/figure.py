"""One figure: a value for each repeat, and what of them is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Figure:
    """`better` says which direction is: "higher", "lower", or neither. One without values could
    not be measured, and its note says why."""

    name: str
    unit: str
    better: str
    values: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def min(self) -> float:
        return min(self.values)

    @property
    def max(self) -> float:
        return max(self.values)


def ratio(name: str, of: Figure, to: Figure, note: str = "") -> Figure:
    """Of the pairs: what was measured in the same repeat is divided, repeat by repeat."""
    values = [a / b for a, b in zip(of.values, to.values, strict=False) if b]
    return Figure(name, "x", of.better, values, note)


def joined(repeats: Iterable[Iterable[Figure]]) -> list[Figure]:
    """One figure of each name, with the values of all repeats, in the order they first came in.
    The last note that says something stays."""
    found: dict[str, Figure] = {}
    for figures in repeats:
        for one in figures:
            known = found.get(one.name, Figure(one.name, one.unit, one.better))
            found[one.name] = Figure(
                one.name, one.unit, one.better, known.values + one.values, one.note or known.note
            )
    return list(found.values())
