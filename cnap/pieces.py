"""Video files and pictures, cut into segments: an archive as one stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cnap.errors import BadMedia, CnapError
from cnap.pictures import claimed_size
from cnap.source.camera import FileCamera
from cnap.source.cutter import Cut, Cutter

PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
PICTURE_TIME = Fraction(1, 25)


@dataclass(frozen=True)
class Piece:
    """A segment of a file, not sent yet."""

    file: Path
    cut: Cut
    datacontenttype: str
    size: tuple[int, int]


def inputs(paths: Sequence[Path]) -> list[Path]:
    """The files meant by files and folders, pictures of a folder in order of their names."""
    files = []
    for path in paths:
        if path.is_dir():
            within = sorted(p for p in path.iterdir() if p.is_file() and p.name[0] != ".")
            if not within:
                raise CnapError(f"{path} has no files in it")
            files += within
        elif path.exists():
            files.append(path)
        else:
            raise CnapError(f"{path} is not there")
    return files


def frame_count(file: Path) -> int:
    """About how many frames a file has, by its own header: for a progress bar."""
    if file.suffix.lower() in PICTURES:
        return 1
    try:
        camera = FileCamera(str(file), loop=False)
    except CnapError:
        return 0
    try:
        return camera.stream.frames or round(camera.duration * camera.framerate)
    finally:
        camera.close()


def pieces(files: Sequence[Path], problems: list[str]) -> Iterator[Piece]:
    """The segments of the files, one sequence over all of them. A file that can't be read is
    told among the problems and leaves the others alone."""
    sequence, start = 0, Fraction(0)
    for file in files:
        try:
            read = _picture if file.suffix.lower() in PICTURES else _video
            for piece in read(file, sequence, start):
                yield piece
                sequence = piece.cut.sequence + 1
                start = max(start, piece.cut.start + piece.cut.duration)
        except (CnapError, OSError) as error:
            problems.append(f"{file.name}: {error}")


def _picture(file: Path, sequence: int, start: Fraction) -> Iterator[Piece]:
    data = file.read_bytes()
    size = claimed_size(memoryview(data))
    if 0 in size:
        raise BadMedia(f"a picture of {size[0]}x{size[1]} has nothing in it")
    cut = Cut(data, start, PICTURE_TIME, sequence, True, 0, 1, sequence)
    yield Piece(file, cut, PICTURES[file.suffix.lower()], size)


def _video(file: Path, sequence: int, start: Fraction) -> Iterator[Piece]:
    camera = FileCamera(str(file), loop=False)
    try:
        codec = camera.stream.codec_context
        size = (codec.width, codec.height)
        cutter = Cutter(camera.stream, sequence=sequence, start=start)
        broken = None
        try:
            for packet in camera.packets():
                yield from (Piece(file, cut, "video/mp4", size) for cut in cutter.feed(packet))
        except CnapError as error:
            broken = error
        yield from (Piece(file, cut, "video/mp4", size) for cut in cutter.end())
        if broken:
            raise broken
    finally:
        camera.close()
