"""`cnap status`: what runs and how it does."""

import json

import click

from cnap.cli.client import api


@click.command(epilog="Example:  cnap status --json | jq '.streams[] | {name, inflight}'")
@click.option("--json", "as_json", is_flag=True, help="The API's JSON.")
def status(as_json: bool) -> None:
    """Show streams, functions with their replicas, and what became of every frame."""
    answer = api("api/status")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    _table(
        ["stream", "state", "captured", "inferred", "dropped", "failed", "in flight", ""],
        [
            [s["name"], s["state"]]
            + [str(s[n]) for n in ("captured", "inferred", "dropped", "failed", "inflight")]
            + [s.get("reason", "")]
            for s in answer["streams"]
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


def _table(header: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
    for row in [header, *rows]:
        cells = (
            cell.rjust(width) if cell.isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        click.echo("  ".join(cells).rstrip())
