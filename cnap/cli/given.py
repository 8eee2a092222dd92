"""The cameras that a person has given to `cnap up`: a cameras.yaml, or streams one by one."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from cnap import cameras
from cnap.camerafile import CameraFile
from cnap.cameras import Camera
from cnap.cameras.urls import is_path, mistake
from cnap.cli.fetching import fetch_clip, fetch_models
from cnap.errors import BadEvent, CnapError
from cnap.events.attributes import stream_name
from cnap.source.feeds import CameraFailed, open_feed
from cnap.source.references import References

Models = tuple[tuple[str, ...], str | None, Path | None]
"""--model, --family and --labels."""


def streams(
    given: Iterable[str], framerate: float | None, models: Models
) -> tuple[list[Camera], tuple[str, ...], str]:
    """The cameras of --stream, or the demo, with what fetch_models gives. A file that can't be
    opened is said at once: CameraFailed."""
    found = [_camera(stream, framerate) for stream in given]
    if len({camera.name for camera in found}) < len(found):
        raise click.BadParameter("two streams have one name; each needs a name of its own")
    names, own = fetch_models(*models)
    if not found:
        found = [Camera("demo", str(fetch_clip()), framerate=framerate)]
    return [replace(camera, models=names) for camera in found], names, own


def file(path: Path, models: Models) -> tuple[CameraFile, tuple[str, ...], str]:
    """The cameras.yaml, with the models that it and --model name. Raises CameraError.

    Cameras that don't say which models look at them get those of --model or, where nobody names
    any, the best that can be had. A model that can't be had keeps no other camera waiting.
    """
    found = CameraFile(path, lambda words: click.echo(f"cnap: {words}", err=True))
    known = cameras.parse(found.text, models=())
    unsaid = cameras.parse(found.text, models=("any",)) != known or not known
    named = list(dict.fromkeys(model for camera in known for model in camera.models))
    names, own = (), ""
    if models[0] or (unsaid and not named):
        names, own = fetch_models(*models)
        found.usual = names
    for model in named:
        if model not in names:
            try:
                names += fetch_models((model,))[0]
            except CnapError as error:
                click.echo(f"cnap: {error}; cameras wait for it", err=True)
    found.served.update(names, named)
    return found, names, own


def secrets(folder: Path | None) -> None:
    """`${NAME}` in urls is a file of this folder from now on."""
    if folder:
        os.environ["CNAP_CAMERA_SECRETS"] = str(folder.absolute())


def _camera(stream: str, framerate: float | None) -> Camera:
    name, separator, file = stream.partition("=")
    if not separator:
        raise click.BadParameter(f"{stream!r} must be NAME=FILE, as in gate=gate.mp4")
    try:
        stream_name(name)
    except BadEvent as error:
        raise click.BadParameter(str(error)) from None
    if words := mistake(file):
        raise click.BadParameter(f"{stream.partition('=')[0]}: {words}")
    if is_path(file) and not file.startswith("${"):
        file = str(Path(file).expanduser().absolute())
    camera = Camera(name, file, framerate=framerate)
    if is_path(file) or file.startswith("file:"):
        _open(camera)
    return camera


def _open(camera: Camera) -> None:
    """A typo is said at once; what may come and go, as cameras of a network do, has its state."""
    references = References()
    try:
        open_feed(replace(camera, url=references.resolve(camera.url), loop=False)).close()
    except CameraFailed as error:
        raise CameraFailed(references.hide(str(error))) from None
