"""The JSON Schemas of the events' data, and the check of data against them."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from cnap.errors import BadEvent

FOLDER = Path(__file__).parent / "schema"
MAX_BYTES = 4 << 20


def path(event_type: str) -> Path:
    """`io.cnap.inference.result.v1` → `…/io.cnap.inference.result.v1.json`"""
    return FOLDER / f"{event_type}.json"


def prepare(event_type: str) -> None:
    """Compiles a schema before it is needed: that takes longer than to check an event."""
    _validator(event_type)


@cache
def _validator(event_type: str) -> Callable[[object], object]:
    import fastjsonschema

    return fastjsonschema.compile(json.loads(path(event_type).read_text()))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")  # though Python reads and writes it


def validated(event_type: str, data: object) -> dict:
    """The event's JSON as its schema allows it; BadEvent says what is wrong with it."""
    import fastjsonschema

    if isinstance(data, str | bytes):
        if len(data) > MAX_BYTES:
            raise BadEvent(f"the data of {event_type} is over {MAX_BYTES >> 20} MiB")
        try:
            data = json.loads(data, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise BadEvent(f"the data of {event_type} is not JSON") from None
    try:
        return _validator(event_type)(data)
    except fastjsonschema.JsonSchemaValueException as error:
        raise BadEvent(f"the data of {event_type} is not valid: {error.message[:200]}") from None
