"""`cnap status`: what runs and how it does."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from cnap.cli.client import api

COUNTS = ("captured", "inferred", "dropped", "failed", "inflight")


@click.command(epilog="Example:  cnap status --json | jq '.streams[] | {name, inflight}'")
@click.option("--json", "as_json", is_flag=True, help="The API's JSON.")
def status(as_json: bool) -> None:
    """Show streams, functions with their replicas, and what became of every frame."""
    answer = api("api/status")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    now = datetime.now(UTC)
    _table(
        ["stream", "state", "for", "captured", "inferred", "dropped", "failed", "in flight", ""],
        [
            [one["name"], one["state"], _age(one["since"], now)]
            + [str(one[name]) for name in COUNTS]
            + [_why(one, now)]
            for one in answer["streams"]
        ],
    )
    for stream in answer["streams"]:
        for failure in stream.get("failures", [])[:1]:
            click.echo(f"{stream['name']} #{failure['sequence']}: {failure['message']}")
    click.echo()
    _table(
        ["function", "replicas", ""],
        [[f["name"], str(f["replicas"]), f.get("reason") or ""] for f in answer["functions"]],
    )


def _why(stream: Mapping[str, str], now: datetime) -> str:
    """The state's reason, and when the camera is tried again."""
    words = [stream.get("reason", "")]
    if stream.get("nexttry"):
        left = (datetime.fromisoformat(stream["nexttry"]) - now).total_seconds()
        words.append(f"next try in {duration(left)}" if left > 0 else "next try now")
    return "; ".join(filter(None, words))


def _age(instant: str, now: datetime) -> str:
    return duration((now - datetime.fromisoformat(instant)).total_seconds()) if instant else ""


def duration(seconds: float) -> str:
    """7 s, 3 min, 5 h, 2 d"""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _table(header: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    for row in [header, *rows]:
        cells = (
            cell.rjust(width) if cell.isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        click.echo("  ".join(cells).rstrip())
