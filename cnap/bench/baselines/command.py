"""What the baselines' commands have in common."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cnap import models
from cnap.bench.baselines.outcome import Outcome, Until
from cnap.bench.baselines.requests import HINTS, Settings
from cnap.errors import CnapError

Program = Callable[..., Outcome]


def command(about: str, defaults: Settings) -> Callable[[Program], click.Command]:
    """Makes a command of `program(clip, model, until, settings, **more)`. A CnapError is told in
    one line."""

    def of(program: Program) -> click.Command:
        @functools.wraps(program)
        def run(
            clip: Path,
            model: str,
            frames: int | None,
            seconds: float,
            as_json: bool,
            decoders: int,
            hint: str,
            requests: int,
            threads: int,
            **more: Any,
        ) -> None:
            settings = Settings(decoders, hint, requests, threads)
            try:
                loaded = models.model(model)
                done = program(clip, loaded, Until(frames, seconds), settings, **more)
            except CnapError as error:
                raise click.ClickException(str(error)) from None
            click.echo(json.dumps(done.as_json()) if as_json else str(done))

        parameters = (
            click.argument("clip", type=click.Path(path_type=Path)),
            click.argument("model"),
            click.option("--frames", type=click.IntRange(1), help="Exactly so many."),
            click.option(
                "--seconds",
                type=click.FloatRange(0),
                default=Until.seconds,
                show_default=True,
                help="Without --frames: so long at least, and the whole clip once.",
            ),
            click.option("--json", "as_json", is_flag=True, help="As a line of JSON."),
            click.option(
                "--decoders",
                type=click.IntRange(0),
                default=defaults.decoders,
                show_default=True,
                help="Threads of the decoder; 0: FFmpeg's own choice.",
            ),
            click.option(
                "--hint", type=click.Choice(HINTS), default=defaults.hint, show_default=True
            ),
            click.option(
                "--requests",
                type=click.IntRange(0),
                default=defaults.requests,
                show_default=True,
                help="Frames in OpenVINO at a time; 0: two more than it computes at once.",
            ),
            click.option(
                "--threads",
                type=click.IntRange(1),
                default=defaults.threads,
                show_default=True,
                help="Of OpenVINO.",
            ),
        )
        for parameter in reversed(parameters):
            run = parameter(run)
        return click.command(help=about)(run)

    return of
