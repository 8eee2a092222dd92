"""`cnap bench`: how fast the pipeline is on this machine, beside other programs there."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnap.bench.measures import MEASURES

if TYPE_CHECKING:
    from cnap.bench.workload import Workload

QUICK = {"seconds": 5.0, "repeats": 1}


@click.group(epilog="Example:  cnap bench run --only throughput --json before.json")
def bench() -> None:
    """Measure the pipeline, and compare what was measured."""


@bench.command(epilog="Example:  cnap bench run --clip gate.mp4 --model yolox-nano --json a.json")
@click.option("--only", metavar="NAME,...", help=f"Of: {', '.join(MEASURES)}.")
@click.option(
    "--clip",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The film; without it, a usual one.",
)
@click.option("--model", "models", multiple=True, metavar="NAME", help="A model of the catalog.")
@click.option("--streams", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option(
    "--segment",
    type=click.FloatRange(0, 10),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Video in a segment.",
)
@click.option("--size", metavar="WxH", help="The film in another size, as in 1280x720.")
@click.option(
    "--framerate",
    type=click.FloatRange(0, 1000),
    default=0.0,
    help="Frames a second that live streams ask for; all without it.",
)
@click.option("--seconds", type=click.FloatRange(1, 3600), help="Of each repeat.  [default: 20]")
@click.option("--repeats", type=click.IntRange(1, 100), help="[default: 5]")
@click.option("--seed", type=int, default=1, show_default=True, help="Who begins the first turn.")
@click.option("--quick", is_flag=True, help="5 seconds, once: to see that it works.")
@click.option(
    "--baselines/--no-baselines", default=True, help="Other programs, in turn.  [default: with]"
)
@click.option("--json", "into", type=click.Path(path_type=Path), help="Where to write the report.")
@click.option("--cluster", is_flag=True, help="The pipeline that kubectl reaches; not throughput.")
@click.option("--namespace", "-n", default="cnap", show_default=True, help="With --cluster.")
def run(
    only: str | None,
    clip: Path | None,
    models: tuple[str, ...],
    size: str | None,
    into: Path | None,
    quick: bool,
    baselines: bool,
    cluster: bool,
    namespace: str,
    **numbers: float | None,
) -> None:
    """Measure a pipeline that this command starts for itself, and print a table.

    Each figure is the median of the repeats, with the least and the most. All of it takes half an
    hour; --quick some minutes. What else runs on the machine shows in the figures.
    """
    signal.signal(signal.SIGTERM, lambda number, _: _leave(128 + number))
    names = tuple(only.split(",")) if only else MEASURES
    if unknown := [name for name in names if name not in MEASURES]:
        raise click.BadParameter(f"--only: {unknown[0]!r} is none of {', '.join(MEASURES)}")
    usual = QUICK if quick else {}
    given = usual | {name: value for name, value in numbers.items() if value is not None}
    where = namespace if cluster else None
    _measure(names, _workload(clip, models, size, given), baselines, into, where)


@bench.command(epilog="Example:  cnap bench compare before.json after.json")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also what was measured with other settings.")
def compare(a: Path, b: Path, force: bool) -> None:
    """Two reports side by side: medians, their spread, and whether B is better than A."""
    from cnap.bench.compare import compared
    from cnap.bench.report import Report

    for line in compared(Report.read(a), Report.read(b), force):
        click.echo(line)


def _workload(
    clip: Path | None, models: tuple[str, ...], size: str | None, given: dict[str, float]
) -> Workload:
    """What the options say; a model is fetched where it is not here yet."""
    from cnap.bench.workload import Workload, default_clip, default_models
    from cnap.cli.fetching import fetch_models

    chosen = fetch_models(models)[0] if models else default_models()
    film, framesize = clip or default_clip(), _size(size)
    if framesize:
        from cnap.bench.clips import resized

        film = resized(film, framesize)
    return Workload(film, chosen, framesize=framesize, **given)


def _size(words: str | None) -> tuple[int, int] | None:
    if words is None:
        return None
    match = re.fullmatch("([0-9]{2,4})x([0-9]{2,4})", words)
    if not match or any(int(side) % 2 for side in match.groups()):
        raise click.BadParameter(f"--size: write even numbers as in 1280x720, not {words!r}")
    return int(match[1]), int(match[2])


def _measure(
    names: Sequence[str],
    workload: Workload,
    baselines: bool,
    into: Path | None,
    namespace: str | None,
) -> None:
    """With a namespace it is the cluster's pipeline there."""
    from cnap.bench.deployed import DeployedPipeline
    from cnap.bench.run import run as measured
    from cnap.bench.target import LocalPipeline

    target = partial(DeployedPipeline, namespace=namespace) if namespace else LocalPipeline
    report = measured(workload, names, baselines, lambda words: click.echo(words, err=True), target)
    for line in report.lines():
        click.echo(line)
    if into:
        report.write(into)
    if report.missing:
        raise SystemExit(1)


def _leave(number: int) -> None:
    raise SystemExit(number)
