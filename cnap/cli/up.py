"""`cnap up`: the pipeline on this machine."""

import asyncio
import contextlib
import json
import logging
import signal
import time
from pathlib import Path

import click

from cnap.cli import given
from cnap.cli.options import model_options
from cnap.errors import CnapError
from cnap.pipeline import Pipeline
from cnap.running import Running

PORT = 8800
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(
    epilog="Example:  cnap up --stream gate=gate.mp4 --stream yard=yard.mp4 --model yolox-nano"
)
@click.option(
    "--stream", "streams", multiple=True, metavar="NAME=FILE", help="A video as a camera."
)
@click.option(
    "--cameras",
    "cameras_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The cameras.yaml to follow.",
)
@click.option(
    "--secrets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder whose files are ${NAME} in urls; without it, variables are.",
)
@model_options
@click.option("--framerate", type=click.FloatRange(0.1, 1000), help="Frames a second to look at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port of the page, on loopback.",
)
@click.option("--verbose", "-v", is_flag=True, help="Show what every part of the pipeline says.")
def up(
    streams: tuple[str, ...],
    cameras_file: Path | None,
    secrets: Path | None,
    models: tuple[str, ...],
    family: str | None,
    labels: Path | None,
    framerate: float | None,
    port: int,
    verbose: bool,
) -> None:
    """Run the pipeline on this machine, until Ctrl-C.

    The cameras are those of a cameras.yaml, which may be changed meanwhile: --cameras FILE; or
    streams: --stream NAME=FILE. Without either a demo clip plays as a camera. Without --model the
    best model that can be had here looks at what the file gives no models.
    """
    if cameras_file and (streams or framerate):
        raise click.UsageError(
            f"--cameras says all cameras: write what --stream or --framerate says in {cameras_file}"
        )
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR, format="%(asctime)s %(message)s"
    )
    for number in STOPS:
        signal.signal(number, _stopped_early)
    began = time.monotonic()
    given.secrets(secrets)
    file, known = None, []
    if cameras_file:
        file, names, own = given.file(cameras_file, (models, family, labels))
    else:
        known, names, own = given.streams(streams, framerate, (models, family, labels))
    # No signal while the event loop is made: it is told of those that come then.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    asyncio.run(_run(Pipeline(known, names, port, own, file=file), began))


def _stopped_early(number: int, _: object = None) -> None:
    """What has been fetched so far is removed by whoever fetches it."""
    click.echo("cnap: stopped before the pipeline was up", err=True)
    raise SystemExit(128 + number)


async def _run(pipeline: Pipeline, began: float) -> None:
    from cnap.local import ManifestError, PortError

    loop = asyncio.get_running_loop()
    ending: asyncio.Future[int] = loop.create_future()
    for number in STOPS:
        loop.add_signal_handler(number, _end, ending, number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    looks = pipeline.looks
    start = asyncio.create_task(pipeline.start())
    try:
        await asyncio.wait({start, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not start.done():
            _stopped_early(ending.result())
        running = start.result()
        click.echo(f"The page:  {running.page}/#token={running.token}")
        click.echo("Ctrl-C ends everything.")
        first = asyncio.create_task(_first_result(running, began if looks else None))
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


async def _first_result(running: Running, began: float | None) -> None:
    """Says when the first result is there and, if one was to come from the beginning, how long all
    of it took."""
    from redis import asyncio as redis

    database = redis.Redis.from_url(running.redis, decode_responses=True)
    async with database:
        while True:
            for name in await database.smembers("cnap:streams"):
                for _, entry in await database.xrevrange(f"cnap:results:{name}", count=1):
                    model = json.loads(entry["data"])["model"]
                    after = f" after {time.monotonic() - began:.1f} s" if began else ""
                    click.echo(f"{model} sees {name}: first result{after}.")
                    return
            await asyncio.sleep(0.1 if began else 1.0)  # nothing is to be seen: nothing to do
