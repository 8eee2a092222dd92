"""`cnap send`: files through the pipeline."""

import asyncio
import json
import logging
import os
import signal
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import click

from cnap import cameras
from cnap.archive.inputs import inputs
from cnap.cli.fetching import fetch_models
from cnap.cli.options import model_options
from cnap.cli.passing import Passing
from cnap.errors import BadEvent, CnapError
from cnap.events.attributes import stream_name
from cnap.pipeline import NAMESPACE, Pipeline
from cnap.running import Running

NAMED = 5
"""Files that are named, of those that are only skipped or not finished."""


@click.command(epilog="Example:  cnap send archive/*.mp4 --stream archive --json > results.jsonl")
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE|DIR...", type=click.Path(path_type=Path)
)
@click.option("--stream", required=True, metavar="NAME", help="The stream to send them as.")
@model_options
@click.option(
    "--pace",
    type=click.Choice(["real", "max"]),
    default="max",
    show_default=True,
    help="As a camera would, or as fast as the pipeline goes.",
)
@click.option(
    "--segment",
    type=click.FloatRange(0, 10),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How much video an event is about, at least; 0 for a frame each.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One line of JSON a segment and model, in order; and one a model, with a sequence of "
    "null, for a file that can't be read to its end.",
)
def send(
    paths: tuple[Path, ...],
    stream: str,
    models: tuple[str, ...],
    family: str | None,
    labels: Path | None,
    pace: str,
    segment: float,
    as_json: bool,
) -> None:
    """Push video files, or folders of them or of pictures, through a running pipeline (or one that
    this command starts for itself). Nothing is dropped: every frame has a result or a counted
    failure, and if there was a failure the exit status is 1.
    """
    try:
        stream_name(stream)
    except BadEvent as error:
        raise click.BadParameter(str(error)) from None
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(message)s")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _nothing_sent)
    found = inputs(paths)
    if found.skipped:
        what = (
            "1 file that is" if len(found.skipped) == 1 else f"{len(found.skipped)} files that are"
        )
        _say(f"skipped {what} no film and no picture: {_some(found.skipped)}")
    running = next((one for one in Running.all() if not one.sends), None)
    if running:
        chosen, pipeline = _wanted(running, stream, models, family or labels), None
    else:
        chosen, own = fetch_models(models, family, labels)
        pipeline = Pipeline([], chosen, catalog=own, sends=stream)
    passing = Passing(stream, chosen, found.files, pace, as_json, _say, segment)
    number = asyncio.run(passing.run(running, pipeline))
    summary = passing.summary
    for line in summary.lines(len(found.files)):
        click.echo(line, err=as_json)
    if rest := [file.name for file in found.files[summary.files :]]:
        _say(f"not finished: {_some(rest)}")
    if number:
        # At once: a reader of our output that has stopped to read would hold up a usual end.
        sys.stderr.flush()
        os._exit(128 + number)
    if passing.error:
        raise passing.error
    if summary.unread or summary.failed:
        raise SystemExit(1)


def _nothing_sent(number: int, _: object) -> None:
    _say("interrupted; nothing was sent")
    raise SystemExit(128 + number)


def _say(sentence: str) -> None:
    # A file's name may hold anything, also what a terminal takes for a command.
    plain = "".join(letter if letter.isprintable() else "?" for letter in sentence)
    click.echo(f"cnap: {plain}", err=True)


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _wanted(
    running: Running, stream: str, models: Sequence[str], of_files: object
) -> tuple[str, ...]:
    """The models to send for, where a pipeline runs; CnapError where it can't do that."""
    if stream in _cameras(running):
        raise CnapError(f"{stream} is a camera of the running pipeline: choose another --stream")
    unknown = [name for name in dict.fromkeys(models) if name not in running.models]
    if unknown or of_files:
        without = f" and without {', '.join(unknown)}" if unknown else ""
        raise CnapError(
            f"a pipeline runs already, with {', '.join(running.models)}{without}; leave --model, "
            "--family and --labels out, or end that one first (this command then starts its own)"
        )
    return tuple(dict.fromkeys(models)) or tuple(running.models)


def _cameras(running: Running) -> list[str]:
    """The names of the running pipeline's cameras."""
    path = f"api/v1/namespaces/{NAMESPACE}/configmaps/{cameras.CONFIG_MAP}"
    try:
        with urllib.request.urlopen(f"{running.kubernetes}/{path}", timeout=5) as answer:  # noqa: S310
            text = json.load(answer)["data"].get(cameras.KEY, "")
    except OSError as error:
        raise CnapError(f"the running pipeline does not answer: {error}") from None
    return [camera.name for camera in cameras.parse(text)]
