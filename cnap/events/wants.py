"""Which models want a stream's frames: one attribute a model, since a Trigger's plain filter can
match an attribute's value and can't look into a list."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from cnap.errors import BadEvent

MODEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MAX_MODELS = 16


def model_name(value: str) -> str:
    if not MODEL.fullmatch(value):
        raise BadEvent(
            f"{value[:80]!r} can't name a model: use up to 40 of a-z, 0-9 and -, "
            "with no - at either end"
        )
    return value


def attribute(model: str) -> str:
    """`yolox-nano` → `wantsyoloxnano`: attribute names are lower-case letters and digits only."""
    return "wants" + model_name(model).replace("-", "")


def to_attributes(models: Iterable[str]) -> dict[str, str]:
    """The models by name, in order, and one attribute that a Trigger can match for each."""
    names = list(models)
    return {"models": ",".join(names)} | {attribute(name): "true" for name in names}


def from_attributes(attributes: Mapping[str, object]) -> tuple[str, ...]:
    names = str(attributes.get("models", ""))
    return different(name for name in names.split(",") if name)


def different(names: Iterable[str]) -> tuple[str, ...]:
    """Names of several models, each with an attribute of its own; BadEvent where they are not."""
    models = tuple(islice(names, MAX_MODELS + 1))
    if len(models) > MAX_MODELS or len({attribute(name) for name in models}) != len(models):
        raise BadEvent(f"models must be up to {MAX_MODELS} different models")
    return models
