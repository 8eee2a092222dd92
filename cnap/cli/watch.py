"""`cnap watch`: results as they come."""

import json
from collections import Counter
from urllib.parse import quote

import click

from cnap.cli.client import opened


@click.command(epilog="Example:  cnap watch --stream gate")
@click.option("--stream", metavar="NAME", help="Only this stream.")
@click.option("--json", "as_json", is_flag=True, help="Each result as one line of JSON.")
def watch(stream: str | None, as_json: bool) -> None:
    """Print results as they come, until Ctrl-C."""
    path = "api/events" + (f"?stream={quote(stream)}" if stream else "")
    with opened(path, timeout=3600) as events:
        kind = ""
        for raw in events:
            line = raw.decode().rstrip("\n")
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:") and kind == "result":
                click.echo(line[5:].strip() if as_json else _line(json.loads(line[5:])))


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
