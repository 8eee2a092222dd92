"""cameras.schema.json: the one truth about fields, their types, bounds, defaults and choices."""

import json
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("cameras.schema.json")


@cache
def document() -> dict[str, Any]:
    return json.loads(PATH.read_text())


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Of each field of a camera: the schema of its value, in the order in which they are shown."""
    known = document()["definitions"]
    return {name: known[name] for name in known["camera"]["properties"]}


def usual() -> tuple[str, ...]:
    """The fields that may stand under `defaults:`."""
    return tuple(document()["properties"]["defaults"]["properties"])


def most_cameras() -> int:
    return document()["properties"]["cameras"]["maxItems"]
