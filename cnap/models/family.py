"""What a model family is: how its input is laid out, and what its outputs mean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from cnap.errors import Unavailable

if TYPE_CHECKING:
    import numpy as np
    import openvino as ov

Size = tuple[int, int]  # width, height in pixels
Shape = tuple[int, ...]
Outputs = Mapping[str, "np.ndarray"]


class ModelError(Unavailable):
    """A model that can't be had or can't be used: which, why, and what to do."""


@dataclass(frozen=True)
class Input:
    """How a picture becomes the network's input: (pixel - mean) / scale, in `colour` order.

    `letterbox` keeps the picture's shape: it is scaled to fit, placed at the top left, and the
    rest is `pad` (a grey level). `stretch` fills the whole input.

    With a `trim`, padding that would make up whole multiples of it is left off: for 16:9 video,
    416x416 becomes 416x256 and costs two thirds. For a network without a built-in size, tried.
    """

    size: Size
    colour: Literal["BGR", "RGB"] = "BGR"
    fit: Literal["letterbox", "stretch"] = "letterbox"
    pad: int = 114
    mean: float = 0.0
    scale: float = 1.0
    trim: int = 0

    def canvas(self, content: Size) -> Size:
        """The size of the network's input for a picture that takes `content` of it."""
        if not self.trim:
            return self.size
        return tuple(
            min(-(-length // self.trim) * self.trim, most)
            for length, most in zip(content, self.size, strict=True)
        )


class Candidates(NamedTuple):
    """What one frame's outputs say, before it is placed in the displayed picture."""

    boxes: np.ndarray  # (n, 4) float, x_min y_min x_max y_max in pixels of the network's input
    scores: np.ndarray  # (n,) float, 0 to 1
    classes: np.ndarray  # (n,) int, index into the labels


class Family(ABC):
    """One kind of detector. A plug-in is one subclass in one file, named in `catalog.FAMILIES`."""

    input: ClassVar[Input]
    """The layout the family's authors use; a catalog entry can give another size."""

    expects: ClassVar[str]
    """The outputs that `matches` accepts, said for a person whose file has others."""

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def matches(self, outputs: Mapping[str, Shape], size: Size, labels: int) -> bool:
        """Whether a network with these outputs, at this input size, is one of this family."""

    @abstractmethod
    def decode(self, outputs: Outputs, size: Size, threshold: float) -> Candidates:
        """Turn one frame's raw outputs into the objects scored at least `threshold`.

        Overlaps are already suppressed. The arrays in `outputs` belong to the engine: they are
        overwritten by a later frame, so the result must not be a view of them.
        """

    def prepare(self, network: ov.Model, size: Size) -> None:  # noqa: B027 (most need nothing)
        """Change the network, in place, into one image input of `size`, before compilation."""

    def named(self, **changes: Any) -> Input:
        """The family's input with some of its fields changed."""
        return Input(**{**self.input.__dict__, **changes})
