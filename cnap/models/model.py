"""A model: its family, files and labels, and the size of frames that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnap.models.assets import Asset, find
from cnap.models.family import Family, Input, Size
from cnap.models.fetch import Progress, fetch


@dataclass(frozen=True)
class Model:
    """One that can be run: from the catalog (`releases`) or a person's own file (`path`)."""

    name: str
    family: Family
    input: Input
    labels: tuple[str, ...]
    threshold: float = 0.3  # the least score worth showing; families differ in what scores mean
    licence: str = "its owner's"
    about: str = ""
    releases: tuple[tuple[Asset, ...], ...] = ()
    path: Path | None = None

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
            ModelError: they can't be had; the message says where they were looked for.
        """
        if self.path is not None:
            return [self.path]
        return [fetch(asset, progress) for asset in self.release]

    @property
    def release(self) -> tuple[Asset, ...]:
        """The files of the release that is on this machine already, else of the first; none of a
        person's own model."""
        here = (files for files in self.releases if all(map(find, files)))
        return next(here, self.releases[0] if self.releases else ())


def even(length: float, most: int) -> int:
    return min(max(2 * round(length / 2), 2), most)
