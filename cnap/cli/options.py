"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path

import click

from cnap.models.catalog import FAMILIES

OPTIONS = (
    click.option(
        "--model",
        "models",
        multiple=True,
        metavar="NAME|FILE",
        help="A model of the catalog (see `cnap models`), or an ONNX or OpenVINO file.",
    ),
    click.option("--family", type=click.Choice(list(FAMILIES)), help="What a model file is."),
    click.option(
        "--labels",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The classes of a model file, one a line; COCO's 80 without it.",
    ),
)


def model_options(command: Callable) -> Callable:
    """Adds --model, --family and --labels."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
