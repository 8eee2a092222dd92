"""The films and pictures that a person means by naming files and folders."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnap.archive.pieces import PICTURES, Input
from cnap.errors import CnapError

FILMS = """
.264 .265 .3g2 .3gp .asf .av1 .avi .divx .dv .f4v .flv .h264 .h265 .hevc .ivf .m1v .m2t .m2ts .m2v
.m4v .mjpeg .mjpg .mkv .mov .mp4 .mpe .mpeg .mpg .mts .mxf .nut .obu .ogm .ogv .qt .rm .rmvb .ts
.vob .webm .wmv .y4m
"""
OTHER_PICTURES = ".avif .bmp .gif .heic .heif .jp2 .jxl .pgm .ppm .tif .tiff .webp"
MEDIA = frozenset(PICTURES) | frozenset((FILMS + OTHER_PICTURES).split())
"""Names that end so say of a file in a folder that it is meant: what can't be read is a failure."""


@dataclass(frozen=True)
class Found:
    files: list[Input]
    skipped: list[str]
    """Files of the folders that are neither film nor picture, by their names."""


def inputs(paths: Sequence[Path]) -> Found:
    """The files named, and those in the folders named and in the folders in them, in natural
    order: frame2 before frame10. Raises CnapError for what is not there.

    In folders, hidden files are left out, and links to other folders are not followed.
    """
    files: list[Path] = []
    skipped: list[str] = []
    for path in paths:
        if not path.is_dir():
            files.append(_named(path))
            continue
        within = list(map(Path, sorted(_within(str(path)), key=_natural)))
        media = [file for file in within if file.suffix.lower() in MEDIA]
        if not media:
            raise CnapError(f"{_text(str(path))} has no film and no picture in it")
        files += media
        skipped += [file.name for file in within if file.suffix.lower() not in MEDIA]
    several = Counter(file.name for file in dict.fromkeys(files))
    return Found(
        [Input(f, _text(f.name if several[f.name] == 1 else str(f)), _size(f)) for f in files],
        [_text(name) for name in skipped],
    )


def _named(path: Path) -> Path:
    if path.is_file():
        return path
    if path.exists():
        raise CnapError(f"{_text(str(path))} is neither a file nor a folder")
    broken = path.is_symlink()
    raise CnapError(f"{_text(str(path))} is {'a link to nothing' if broken else 'not there'}")


def _within(folder: str) -> Iterator[str]:
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield entry.path
        except OSError as error:
            raise CnapError(f"{_text(place)} can't be read: {error.strerror}") from None


def _natural(path: str) -> tuple[list[list[str | int]], str]:
    """A key by which numbers in names are in the order of their values."""
    names = path.casefold().split("/")
    # Every other part of a split is a number, so that like is compared with like.
    parts = (re.split("([0-9]+)", name) for name in names)
    return [[int(p) if n % 2 else p for n, p in enumerate(split)] for split in parts], path


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _text(name: str) -> str:
    """A file's name as text that every reader of JSON takes, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")
