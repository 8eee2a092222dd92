"""`cnap up`: the pipeline on this machine."""

import asyncio
import contextlib
import json
import logging
import signal
import time
from dataclasses import replace
from pathlib import Path

import click

from cnap.cameras import Camera
from cnap.cli.fetching import fetch_clip, fetch_models
from cnap.cli.options import model_options
from cnap.errors import BadEvent, CnapError
from cnap.events.attributes import stream_name
from cnap.pipeline import Pipeline
from cnap.running import Running
from cnap.source.feeds import CameraFailed, open_feed
from cnap.source.references import References

PORT = 8800
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(
    epilog="Example:  cnap up --stream gate=gate.mp4 --stream yard=yard.mp4 --model yolox-nano"
)
@click.option(
    "--stream", "streams", multiple=True, metavar="NAME=FILE", help="A video as a camera."
)
@model_options
@click.option("--framerate", type=click.FloatRange(0.1, 1000), help="Frames a second to look at.")
@click.option("--port", default=PORT, show_default=True, help="Port of the page, on loopback.")
@click.option("--verbose", "-v", is_flag=True, help="Show what every part of the pipeline says.")
def up(
    streams: tuple[str, ...],
    models: tuple[str, ...],
    family: str | None,
    labels: Path | None,
    framerate: float | None,
    port: int,
    verbose: bool,
) -> None:
    """Run the pipeline on this machine, until Ctrl-C.

    Without --stream a demo clip plays as a camera; without --model the best model that can be had
    here looks at it.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR, format="%(asctime)s %(message)s"
    )
    for number in STOPS:
        signal.signal(number, _stopped_early)
    began = time.monotonic()
    cameras = [_camera(stream, framerate) for stream in streams]
    if len({camera.name for camera in cameras}) < len(cameras):
        raise click.BadParameter("two streams have one name; each needs a name of its own")
    names, own = fetch_models(models, family, labels)
    if not cameras:
        cameras = [Camera("demo", str(fetch_clip()), framerate=framerate)]
    cameras = [replace(camera, models=names) for camera in cameras]
    # No signal while the event loop is made: it is told of those that come then.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    asyncio.run(_run(Pipeline(cameras, names, port, own), began))


def _stopped_early(number: int, _: object = None) -> None:
    """What has been fetched so far is removed by whoever fetches it."""
    click.echo("cnap: stopped before the pipeline was up", err=True)
    raise SystemExit(128 + number)


def _camera(stream: str, framerate: float | None) -> Camera:
    name, separator, file = stream.partition("=")
    if not separator:
        raise click.BadParameter(f"{stream!r} must be NAME=FILE, as in gate=gate.mp4")
    try:
        stream_name(name)
    except BadEvent as error:
        raise click.BadParameter(str(error)) from None
    is_path = "://" not in file and not file.startswith("${")
    url = str(Path(file).expanduser().absolute()) if is_path else file
    references = References()
    try:
        open_feed(Camera(name, references.resolve(url), loop=False)).close()
    except CameraFailed as error:
        raise CameraFailed(references.hide(str(error))) from None
    return Camera(name, url, framerate=framerate)


async def _run(pipeline: Pipeline, began: float) -> None:
    from cnap.local import ManifestError, PortError

    loop = asyncio.get_running_loop()
    ending: asyncio.Future[int] = loop.create_future()
    for number in STOPS:
        loop.add_signal_handler(number, _end, ending, number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    start = asyncio.create_task(pipeline.start())
    try:
        await asyncio.wait({start, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            _stopped_early(ending.result())
        running = start.result()
        click.echo(f"The page:  {running.page}/#token={running.token}")
        click.echo("Ctrl-C ends everything.")
        first = asyncio.create_task(_first_result(running, began))
        watched = {ending, pipeline.broken} if pipeline.broken else {ending}
        await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        if not ending.done():
            raise CnapError(f"{pipeline.broken.result()}; start again")
    except PortError as error:
        raise CnapError(f"{error}; choose another: --port 8801 (make run PORT=8801)") from None
    except ManifestError as error:
        raise CnapError(f"the YAML can't be run here:\n{error}") from None
    finally:
        start.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await start
        await pipeline.stop()


def _end(ending: "asyncio.Future[int]", number: int) -> None:
    if not ending.done():
        ending.set_result(number)


async def _first_result(running: Running, began: float) -> None:
    """Says when the first result is there, and how long all of it took."""
    from redis import asyncio as redis

    database = redis.Redis.from_url(running.redis, decode_responses=True)
    async with database:
        while True:
            for name in await database.smembers("cnap:streams"):
                for _, entry in await database.xrevrange(f"cnap:results:{name}", count=1):
                    model = json.loads(entry["data"])["model"]
                    seconds = time.monotonic() - began
                    click.echo(f"{model} sees {name}: first result after {seconds:.1f} s.")
                    return
            await asyncio.sleep(0.1)
