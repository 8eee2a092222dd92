"""What was measured, with all that it depends on: as JSON for later, and as a table for now."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cnap.bench.figure import Figure
from cnap.errors import CnapError

FORMAT = 1


@dataclass(frozen=True)
class Report:
    """`figures` are by measure; `missing` says why a measure has none."""

    made: str
    machine: dict[str, Any]
    versions: dict[str, str]
    settings: dict[str, Any]
    figures: dict[str, list[Figure]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Raises CnapError where it can't be written."""
        told = {"cnap bench": FORMAT} | asdict(self)
        for figures in told["figures"].values():
            for one in figures:
                values = one["values"]
                figure = Figure(one["name"], one["unit"], one["better"], values)
                one |= {n: getattr(figure, n) for n in ("median", "min", "max")} if values else {}
        try:
            path.write_text(json.dumps(told, indent=2) + "\n")
        except OSError as error:
            raise CnapError(f"{path} can't be written: {error.strerror}") from None

    @classmethod
    def read(cls, path: Path) -> "Report":
        """Raises CnapError for a file that is no report, or of another format."""
        try:
            told = json.loads(path.read_text())
            made_by = told.pop("cnap bench")
            if made_by != FORMAT:
                raise CnapError(f"{path} is a report of another format ({made_by}, not {FORMAT})")
            known = [one.name for one in fields(Figure)]
            told["figures"] = {
                measure: [Figure(**{name: one[name] for name in known}) for one in figures]
                for measure, figures in told["figures"].items()
            }
            return cls(**told)
        except OSError as error:
            raise CnapError(f"{path} can't be read: {error.strerror}") from None
        except (ValueError, LookupError, TypeError, AttributeError):
            raise CnapError(f"{path} is no report of `cnap bench run --json`") from None

    def lines(self) -> Iterator[str]:
        """In words and tables."""
        yield said(self.machine, ("cpu", "cores", "memory", "load"))
        yield said(self.versions)
        yield said(self.settings)
        for measure, figures in self.figures.items():
            yield ""
            yield measure
            yield from aligned([_row(figure) for figure in figures])
        for measure, why in self.missing.items():
            yield ""
            yield f"{measure}: {why}"


def said(facts: dict[str, Any], names: tuple[str, ...] = ()) -> str:
    """`name value, name value`, of those that have one."""
    values = {name: facts[name] for name in names or facts if facts.get(name) is not None}
    return ", ".join(f"{name} {written(value)}" for name, value in values.items())


def written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """With three digits that count, and no fewer than a whole number has."""
    if not value:
        return "0"
    digits = max(0, 2 - _magnitude(abs(value)))
    return f"{value:.{digits}f}"


def spread(figure: Figure) -> str:
    """Of several values; nothing of one."""
    if len(figure.values) < 2:
        return ""
    return f"{number(figure.min)} - {number(figure.max)}"


def aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """The first and the last column to the left, the others to the right."""
    if not rows:
        return
    last = len(rows[0]) - 1
    widths = [max(len(row[column]) for row in rows) for column in range(last + 1)]
    for row in rows:
        cells = (
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield ("  " + "  ".join(cells)).rstrip()


def _row(figure: Figure) -> tuple[str, ...]:
    middle = number(figure.median) if figure.values else "-"
    note = f"{figure.unit}  ({figure.note})" if figure.note else figure.unit
    return figure.name, middle, spread(figure), note


def _magnitude(value: float) -> int:
    """Of 0.012 it is -2, of 7 it is 0, of 250 it is 2."""
    return int(f"{value:e}".partition("e")[2])
