"""`cnap watch`: results as they come."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from http.client import HTTPException
from urllib.parse import quote

import click

from cnap.cli.client import found, opened
from cnap.errors import CnapError

AGAIN = 0.2
"""Seconds after which a pipeline that ended the connection is asked again."""


@click.command(epilog="Example:  cnap watch --stream gate")
@click.option("--stream", metavar="NAME", help="Only this stream.")
@click.option("--json", "as_json", is_flag=True, help="Each result as one line of JSON.")
def watch(stream: str | None, as_json: bool) -> None:
    """Print results as they come, until Ctrl-C."""
    awaited = stream
    for kind, data in _news(stream):
        if kind == "result":
            click.echo(data if as_json else _line(json.loads(data)))
        elif kind == "status" and awaited:
            _say_if_absent(awaited, [one["name"] for one in json.loads(data)["streams"]])
            awaited = None


def _say_if_absent(stream: str, names: list[str]) -> None:
    if stream not in names:
        there = f"there are: {', '.join(names)}" if names else "there are none"
        click.echo(f"cnap: no stream is called {stream} yet ({there}); waiting for it", err=True)


def _news(stream: str | None) -> Iterator[tuple[str, str]]:
    """The pipeline's events for as long as it runs. Raises CnapError at its end."""
    path = "api/events" + (f"?stream={quote(stream)}" if stream else "")
    last, connected = "", False
    while True:
        # The server ends each connection after a while, and goes on where it was left.
        try:
            with opened(path, timeout=60, last_event=last) as events:
                connected = True
                for number, kind, data in _events(events):
                    last = number or last
                    yield kind, data
        except (OSError, HTTPException, CnapError):
            if not connected:
                raise
        if not found():
            raise CnapError("the pipeline has ended")
        time.sleep(AGAIN)


def _events(lines: Iterable[bytes]) -> Iterator[tuple[str, str, str]]:
    """Server-sent events as (id, type, data).

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    number, kind, data = "", "", ""
    for raw in lines:
        field, _, value = raw.decode().rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            number = value
        elif field == "event":
            kind = value
        elif field == "data":
            data += value
        elif not field and not value and data:
            yield number, kind, data
            kind = data = ""


def _line(result: dict) -> str:
    frames = result["frames"]
    when = frames[0]["time"][11:23] if frames else ""
    counts = Counter(d["label"] for frame in frames for d in frame["detections"])
    seen = ", ".join(f"{label} {count / len(frames):.1f}" for label, count in counts.most_common(5))
    latency = result.get("latency")
    return (
        f"{when} {result['stream']} {result['model']} #{result['sequence']}: {len(frames)} frames"
        f"{f', {latency:.2f} s' if latency is not None else ''}: {seen or 'nothing'}"
    )
