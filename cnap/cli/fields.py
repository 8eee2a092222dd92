"""Fields of a camera, as they are written on a command line."""

import contextlib
from pathlib import Path
from typing import Any

import click


def number(text: str) -> float:
    """As people write it: 5, and not 5.0."""
    number = float(text)
    return int(number) if number.is_integer() else number


def whole(url: str) -> str:
    """A file here by its whole path: the pipeline's folder is another one."""
    from cnap.cameras.urls import is_path

    path = Path(url).expanduser()
    return str(path.absolute()) if is_path(url) and path.exists() else url


def change(text: str) -> tuple[str, Any]:
    """The field and its new value, None to take it away, of FIELD=VALUE."""
    from cnap.cameras.schema import rules

    field, separator, value = text.partition("=")
    if not separator:
        raise click.BadParameter(f"{text!r} must be FIELD=VALUE, as in framerate=5")
    kinds = rules().get(field, {}).get("type", "string")
    if "array" in kinds:
        return field, _listed(field, value)
    if value == "":
        return field, None
    if "boolean" in kinds and value in ("true", "false"):
        return field, value == "true"
    if "number" in kinds:
        with contextlib.suppress(ValueError):
            return field, number(value)
    # Whoever knows what was meant tells the mistake, if it is one.
    return field, whole(value) if field == "url" else value


def _listed(field: str, value: str) -> list[str]:
    if value.strip().lower() in ("none", "null"):
        raise click.BadParameter(f"write {field}= for none, or --unset {field} for the usual ones")
    if value.startswith("[") and value.endswith("]"):
        value = value[1:-1]
    return [one.strip() for one in value.split(",")] if value.strip() else []
