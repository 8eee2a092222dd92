"""Tables for a terminal, and what stands in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import click


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints it; numbers stand to the right."""
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    for row in [header, *rows]:
        cells = (
            cell.rjust(width) if cell.isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def why(stream: Mapping[str, str], now: datetime) -> str:
    """The state's reason, and when the camera is tried again."""
    words = [stream.get("reason", "")]
    if stream.get("nexttry"):
        left = (datetime.fromisoformat(stream["nexttry"]) - now).total_seconds()
        words.append(f"next try in {duration(left)}" if left > 0 else "next try now")
    return "; ".join(filter(None, words))


def age(instant: str, now: datetime) -> str:
    """For how long something is so, since an instant; empty where that is not known."""
    return duration((now - datetime.fromisoformat(instant)).total_seconds()) if instant else ""


def duration(seconds: float) -> str:
    """7 s, 3 min, 5 h, 2 d"""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
