"""`cnap send`: files through the pipeline."""

import asyncio
import json
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path

import aiohttp
import click

from cnap import cameras
from cnap.cli.fetching import fetch_models
from cnap.cli.options import model_options
from cnap.errors import BadEvent, CnapError
from cnap.events.attributes import stream_name
from cnap.pieces import frame_count, inputs
from cnap.pipeline import NAMESPACE, Pipeline
from cnap.running import Running
from cnap.sending import Sending, Summary


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
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a segment and model.")
def send(
    paths: tuple[Path, ...],
    stream: str,
    models: tuple[str, ...],
    family: str | None,
    labels: Path | None,
    pace: str,
    as_json: bool,
) -> None:
    """Push video files, or folders of pictures, through a running pipeline (or one that this
    command starts for itself). Nothing is dropped: every frame has a result or a counted failure.
    """
    try:
        stream_name(stream)
    except BadEvent as error:
        raise click.BadParameter(str(error)) from None
    # Like Ctrl-C: what this command started must end with it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    files = inputs(paths)
    running = Running.find()
    if running and stream in _cameras(running):
        raise CnapError(f"{stream} is a camera of the running pipeline: choose another --stream")
    if running:
        pipeline, chosen = _there(running), models or tuple(running.models)
        if unknown := set(chosen) - set(running.models):
            raise CnapError(
                f"the running pipeline has no {', '.join(sorted(unknown))}; "
                f"it has {', '.join(running.models)}"
            )
    else:
        chosen, own = fetch_models(models, family, labels)
        pipeline = _own(Pipeline([], chosen, catalog=own))
    summary = asyncio.run(_send(files, stream, chosen, pace, as_json, pipeline))
    _tell(summary, as_json)
    if summary.problems or summary.failed:
        raise SystemExit(1)


async def _send(
    files: list[Path],
    stream: str,
    models: tuple[str, ...],
    pace: str,
    as_json: bool,
    pipeline: AbstractAsyncContextManager[Running],
) -> Summary:
    from redis import asyncio as redis

    from cnap.source.sink import Sink
    from cnap.stores import open_store

    async with pipeline as at:
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            redis.Redis.from_url(at.redis, decode_responses=True) as database,
        ):
            store, sink = open_store(at.store), Sink(session, at.broker)
            sending = Sending(stream, models, store, sink, database, pace)
            total = sum(map(frame_count, files)) * len(models)
            hidden = not sys.stderr.isatty()
            with click.progressbar(
                length=total, label=stream, file=sys.stderr, hidden=hidden, show_pos=True
            ) as bar:
                # Closed here, while there is a session to say the last words with.
                async with aclosing(sending.run(files)) as outcomes:
                    async for outcome in outcomes:
                        if as_json:
                            print(json.dumps(outcome, separators=(",", ":")), flush=True)
                        bar.update(sending.summary.frames - bar.pos)
            return sending.summary


def _cameras(running: Running) -> list[str]:
    """The names of the running pipeline's cameras."""
    path = f"api/v1/namespaces/{NAMESPACE}/configmaps/{cameras.CONFIG_MAP}"
    with urllib.request.urlopen(f"{running.kubernetes}/{path}", timeout=5) as answer:  # noqa: S310
        text = json.load(answer)["data"].get(cameras.KEY, "")
    return [camera.name for camera in cameras.parse(text)]


@asynccontextmanager
async def _there(running: Running) -> AsyncIterator[Running]:
    yield running


@asynccontextmanager
async def _own(pipeline: Pipeline) -> AsyncIterator[Running]:
    try:
        yield await pipeline.start()
    finally:
        await pipeline.stop()


def _tell(summary: Summary, as_json: bool) -> None:
    rate = summary.inferred / summary.seconds if summary.seconds else 0.0
    click.echo(
        f"{summary.frames} frames in {summary.segments} segments: {summary.inferred} inferred, "
        f"{summary.dropped} dropped, {summary.failed} failed; {summary.detections} detections; "
        f"{summary.seconds:.1f} s, {rate:.1f} frames/s",
        err=as_json,
    )
    for problem in summary.problems:
        click.echo(f"cnap: {problem}", err=True)
