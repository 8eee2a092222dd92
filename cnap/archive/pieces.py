"""Video files and pictures, cut into segments: an archive as one stream."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from cnap.errors import BadMedia, CnapError
from cnap.folders import PICTURES
from cnap.source.cut.cutter import Cut, Cutter
from cnap.source.feeds import FileFeed
from cnap.stills import claimed_size

log = logging.getLogger("cnap.send")

PICTURE_TIME = Fraction(1, 25)
SHORT = 0.02
"""Share of its length by which a film may be shorter than it says."""
MAX_PICTURE = 256 << 20
"""Bytes: more than the largest picture that is decoded has without any compression."""


@dataclass(frozen=True)
class Input:
    """A file to be sent."""

    path: Path
    name: str
    """What results call it: the file's name, or its path where several files have that name."""
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Piece:
    """A segment of a file."""

    file: Input
    cut: Cut
    size: tuple[int, int]
    share: float
    """How much of the file, 0 to 1, has been read with it."""

    def light(self) -> "Piece":
        """The same without its bytes."""
        return replace(self, cut=replace(self.cut, media=b""))


@dataclass(frozen=True)
class End:
    """The end of a file; `reason` says why it could not be read up to there."""

    file: Input
    reason: str = ""

    def __str__(self) -> str:
        name = self.file.name
        return self.reason if name in self.reason else f"{name}: {self.reason}"


def pieces(files: Iterable[Input], seconds: float = 1.0) -> Iterator[Piece | End]:
    """The segments of the files, of `seconds` at least, one sequence over all of them, and each
    file's end. A file that can't be read leaves the others alone."""
    sequence, start = 0, Fraction(0)
    for file in files:
        reason = ""
        try:
            for piece in _read(file, sequence, start, seconds):
                yield piece
                sequence = piece.cut.sequence + 1
                start = max(start, piece.cut.start + piece.cut.duration)
        except CnapError as error:
            reason = str(error).replace(str(file.path), file.name)
        except OSError as error:
            reason = f"{file.name} can't be read: {error.strerror or error}"
        except Exception as error:
            log.debug("%s", file.path, exc_info=True)
            reason = f"unexpected error: {error!r}"
        yield End(file, reason)


def _read(file: Input, sequence: int, start: Fraction, seconds: float) -> Iterator[Piece]:
    if not file.path.is_file():  # a pipe would be waited for, for ever
        raise BadMedia(f"{file.name} is not there, or is no file")
    if file.path.suffix.lower() in PICTURES:
        return _picture(file, sequence, start)
    return _video(file, sequence, start, seconds)


def _picture(file: Input, sequence: int, start: Fraction) -> Iterator[Piece]:
    with file.path.open("rb") as opened:
        data = opened.read(MAX_PICTURE + 1)
    if len(data) > MAX_PICTURE:
        raise BadMedia(f"a picture of more than {MAX_PICTURE >> 20} MiB is not read")
    size = claimed_size(memoryview(data))
    if 0 in size:
        raise BadMedia(f"a picture of {size[0]}x{size[1]} has nothing in it")
    kind = PICTURES[file.path.suffix.lower()]
    cut = Cut(data, start, PICTURE_TIME, sequence, True, 0, 1, sequence, kind)
    yield Piece(file, cut, size, 1.0)


def _video(file: Input, sequence: int, start: Fraction, seconds: float) -> Iterator[Piece]:
    camera = FileFeed(str(file.path), loop=False)
    try:
        size, length = camera.size, camera.duration
        cutter = Cutter(camera.stream, seconds, sequence, start)
        read = packets = 0
        far = 0.0

        def piece(cut: Cut) -> Piece:
            nonlocal read, far
            read += len(cut.data)
            far = float(cut.start + cut.duration - start)
            share = far / length if length else read / max(1, file.size)
            return Piece(file, cut, size, min(1.0, share))

        broken = None
        try:
            for packet in camera.packets():
                packets += 1
                yield from map(piece, cutter.feed(packet))
        except CnapError as error:
            broken = error
        yield from map(piece, cutter.end())
        if broken:
            raise broken
        _check_whole(camera, packets, far)
    finally:
        camera.close()


def _check_whole(camera: FileFeed, packets: int, far: float) -> None:
    """Raises BadMedia where fewer frames and seconds are there than the file says: FFmpeg takes
    the end of one that was cut short for a usual end."""
    stream = camera.stream
    length = 0.0
    if stream.duration:
        length = float(stream.duration * stream.time_base)
    elif len(stream.container.streams) == 1:
        length = camera.duration
    fewer = not stream.frames or packets < stream.frames
    if fewer and length - far > max(0.5, length * SHORT):
        raise BadMedia(f"it is cut short: {far:.1f} of its {length:.1f} seconds are there")
