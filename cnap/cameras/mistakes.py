"""What is wrong in a cameras.yaml, where, and what was meant."""

from collections.abc import Iterable
from dataclasses import dataclass

from cnap.cameras.camera import Camera
from cnap.errors import CnapError

MOST_TOLD = 20


class CameraError(CnapError):
    """Mistakes in cameras.yaml: of each its line, its camera and field, and what was meant."""

    status = 400

    def __init__(
        self, words: str, mistakes: Iterable["Mistake"] = (), sound: Iterable[Camera] = ()
    ) -> None:
        """`sound` are the cameras beside the mistakes, where the text can be understood so far."""
        super().__init__(words)
        self.mistakes, self.sound = tuple(mistakes), tuple(sound)


class NoSuchCamera(CameraError):
    status = 404


class CameraExists(CameraError):
    status = 409


class Uneditable(CameraError):
    """The text can't be changed for somebody: a person must edit it."""

    status = 409


@dataclass(frozen=True)
class Mistake:
    line: int
    """Of the text, from 1 on."""
    column: int
    words: str


def error(mistakes: Iterable[Mistake], file: str, sound: Iterable[Camera] = ()) -> CameraError:
    """All of the mistakes, one a line, in the order of the text."""
    found = sorted(set(mistakes), key=lambda one: (one.line, one.column))
    lines = [f"{file} line {one.line}: {one.words}" for one in found[:MOST_TOLD]]
    if len(found) > MOST_TOLD:
        lines.append(f"{file}: and {len(found) - MOST_TOLD} more mistakes")
    return CameraError("\n".join(lines), found, sound)
