"""`cnap status`: what runs and how it does."""

import json
from datetime import UTC, datetime

import click

from cnap.cli.client import api
from cnap.cli.table import age, table, why

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
    table(
        ["stream", "state", "for", "captured", "inferred", "dropped", "failed", "in flight", ""],
        [
            [one["name"], one["state"], age(one["since"], now)]
            + [str(one[name]) for name in COUNTS]
            + [why(one, now)]
            for one in answer["streams"]
        ],
    )
    for stream in answer["streams"]:
        for failure in stream.get("failures", [])[:1]:
            click.echo(f"{stream['name']} #{failure['sequence']}: {failure['message']}")
    click.echo()
    table(
        ["function", "replicas", ""],
        [[f["name"], str(f["replicas"]), f.get("reason") or ""] for f in answer["functions"]],
    )
    if answer.get("problem"):
        click.echo(f"\n{answer['problem']}", err=True)
