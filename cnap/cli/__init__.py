"""The `cnap` command."""

import importlib
import os
import signal
import sys

import click

COMMANDS = {
    "up": "Run the pipeline on this machine.",
    "send": "Push video files or pictures through the pipeline.",
    "watch": "Print results as they come.",
    "status": "Show streams, functions and counts.",
    "cameras": "List, add, change and remove cameras.",
    "discover": "Find ONVIF cameras in the local network.",
    "models": "List the models.",
    "bench": "Measure the pipeline, and compare what was measured.",
    "doctor": "Check this machine, or a cluster.",
}


class _Lazy(click.Group):
    """Imports a command's module when it is called: `cnap --help` waits for nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"cnap.cli.{name}"), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cnap", message="%(prog)s %(version)s")
def cli() -> None:
    """Live video through AI models, as serverless functions on Knative."""


def main() -> None:
    """Errors become one line that says what to do; a closed pipe is no error, nor is Ctrl-C."""
    signal.signal(signal.SIGINT, lambda number, _: sys.exit(128 + number))
    from cnap.errors import CnapError

    try:
        cli()
    except CnapError as error:
        click.echo(f"cnap: {error}", err=True)
        raise SystemExit(1) from None
    except BrokenPipeError:
        os._exit(0)
