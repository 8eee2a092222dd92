"""`cnap cameras`: the cameras of a pipeline that runs, and the file that tells of them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from cnap.cli.client import api
from cnap.cli.fields import change, number, whole
from cnap.cli.table import age, table, why
from cnap.errors import CnapError


@click.group(epilog="Example:  cnap cameras add gate rtsp://10.0.0.7/stream1 --model yolox-nano")
def cameras() -> None:
    """List, add, change and remove cameras while the pipeline runs.

    It is the pipeline of `cnap up`; for another one, set CNAP_URL to its page's address and
    CNAP_TOKEN to its token.
    """


@cameras.command("list", epilog="Example:  cnap cameras list --json | jq '.cameras[].name'")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """Show the cameras and how they are."""
    answer = api("api/cameras")
    states = {one["name"]: one for one in api("api/status")["streams"]}
    for camera in answer["cameras"]:
        told = states.get(camera["name"], {})
        camera |= {fact: told.get(fact, "") for fact in ("state", "reason", "since", "nexttry")}
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    now = datetime.now(UTC)
    table(
        ["camera", "state", "for", "models", "url", ""],
        [_row(one, now) for one in answer["cameras"]],
    )
    if answer["problem"]:
        raise CnapError(answer["problem"])


@cameras.command(epilog="Example:  cnap cameras add gate rtsp://10.0.0.7/stream1 --framerate 5")
@click.argument("name")
@click.argument("url")
@click.option("--model", "models", multiple=True, metavar="NAME", help="A model to look at it.")
@click.option("--no-models", is_flag=True, help="None looks at it, whatever is the default.")
@click.option("--framerate", type=number, metavar="NUMBER", help="Frames a second to look at.")
@click.option("--size", metavar="WIDTHxHEIGHT", help="The largest picture.")
@click.option("--transport", type=click.Choice(["tcp", "udp"]), help="How RTSP brings the video.")
@click.option("--segment", type=number, metavar="NUMBER", help="Seconds of video in a segment.")
@click.option(
    "--behind",
    type=click.Choice(["thin", "oldest", "newest"]),
    help="What is left out where the pipeline is slower.",
)
@click.option(
    "--fresh", type=number, metavar="NUMBER", help="Seconds after which a frame is of no use."
)
@click.option("--schedule", metavar="HOURS", help="When it is looked at: mon-fri 07:00-19:00")
@click.option("--once", "loop", flag_value=False, default=None, help="A file ends at its end.")
def add(name: str, url: str, no_models: bool, **fields: Any) -> None:
    """Add a camera: an rtsp://, rtmp:// or http:// url, a file or a folder, testsrc: or push:."""
    if no_models and fields["models"]:
        raise click.UsageError("--no-models and --model exclude each other")
    fields["models"] = list(fields["models"]) or ([] if no_models else None)
    said = {field: value for field, value in fields.items() if value is not None}
    api("api/cameras", "POST", {"name": name, "url": whole(url), **said})
    click.echo(f"{name} is added")
    _warn(said)


@cameras.command(epilog="Example:  cnap cameras remove gate")
@click.argument("name")
def remove(name: str) -> None:
    """Remove a camera."""
    api(_path(name), "DELETE")
    click.echo(f"{name} is removed")


@cameras.command(epilog="Example:  cnap cameras pause gate yard")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def pause(names: tuple[str, ...]) -> None:
    """Pause cameras."""
    _each(names, lambda name: api(_path(name), "PATCH", {"paused": True}), "is paused")


@cameras.command(epilog="Example:  cnap cameras resume gate yard")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def resume(names: tuple[str, ...]) -> None:
    """Go on with cameras that are paused."""
    _each(names, _resumed, "goes on")


@cameras.command("set", epilog="Example:  cnap cameras set gate models=yolox-nano,yunet framerate=")
@click.argument("name")
@click.argument("changes", nargs=-1, metavar="FIELD=VALUE...")
@click.option("--unset", multiple=True, metavar="FIELD", help="Take a field away.")
def set_(name: str, changes: tuple[str, ...], unset: tuple[str, ...]) -> None:
    """Change a camera's fields.

    A field without a value is taken away, so that what is usual counts: framerate=. But models=
    is a list without any: no model looks at the camera. With --unset models the usual ones do.
    """
    said = dict(map(change, changes)) | dict.fromkeys(unset)
    if not said:
        raise click.UsageError("say what to change: FIELD=VALUE or --unset FIELD")
    click.echo(json.dumps(api(_path(name), "PATCH", said)))
    _warn(said)


@cameras.command(epilog="Example:  cnap cameras check cameras.yaml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Warnings are mistakes.")
def check(file: Path, strict: bool) -> None:
    """Say what is wrong in a cameras.yaml, each mistake with its line.

    No camera is opened. A model that neither the catalog here nor the pipeline that runs here has
    is a warning: a cluster may have models of its own.
    """
    from cnap.camerafile import read
    from cnap.cameras import CameraError
    from cnap.cameras.advice import advice
    from cnap.cameras.parsing import Parsing

    try:
        parsing = Parsing(read(file), str(file))
    except CameraError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    warnings = advice(parsing, _unknown())
    for one in warnings:
        click.echo(f"{file} line {one.line}: warning: {one.words}", err=True)
    if warnings and strict:
        raise SystemExit(1)
    count = len(parsing.cameras)
    click.echo(f"{file}: {count} camera{'s' * (count != 1)}, no mistake")


@cameras.command(epilog="Example:  cnap cameras schema > cameras.schema.json")
def schema() -> None:
    """Print the JSON Schema of cameras.yaml, for editors."""
    from cnap.cameras.schema import PATH

    click.echo(PATH.read_text(), nl=False)


def _row(camera: dict[str, Any], now: datetime) -> list[str]:
    models = ", ".join(camera.get("models", []))
    facts = [camera["name"], camera["state"], age(camera["since"], now), models]
    return [*facts, camera["url"], why(camera, now)]


def _each(names: tuple[str, ...], turn: Callable[[str], Any], words: str) -> None:
    """All of them; what went wrong with some is told at the end."""
    failed = []
    for name in names:
        try:
            turn(name)
            click.echo(f"{name} {words}")
        except CnapError as error:
            failed.append(str(error))
    if failed:
        raise CnapError("\n".join(dict.fromkeys(failed)))


def _resumed(name: str) -> None:
    """Without the field, unless it says otherwise than what is usual or `<<` brings."""
    try:
        if not api(_path(name), "PATCH", {"paused": None}).get("paused"):
            return
    except CnapError:
        pass
    api(_path(name), "PATCH", {"paused": False})


def _path(name: str) -> str:
    return f"api/cameras/{quote(name, safe='')}"


def _unknown() -> Callable[[str], str]:
    """What is wrong with a model's name, as far as can be known here."""
    from cnap.models import mistake
    from cnap.running import Running

    running = {model for pipeline in Running.all() for model in pipeline.models}
    return lambda name: "" if name in running else mistake(name)


def _warn(fields: dict[str, Any]) -> None:
    unknown = _unknown()
    for name in fields.get("models") or ():
        if words := unknown(name):
            click.echo(f"cnap: {words}; the camera waits for it", err=True)
