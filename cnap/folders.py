"""What a person means by naming a folder: the films and pictures in it, in natural order."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cnap.errors import CnapError

PICTURES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
FILMS = """
.264 .265 .3g2 .3gp .asf .av1 .avi .divx .dv .f4v .flv .h264 .h265 .hevc .ivf .m1v .m2t .m2ts .m2v
.m4v .mjpeg .mjpg .mkv .mov .mp4 .mpe .mpeg .mpg .mts .mxf .nut .obu .ogm .ogv .qt .rm .rmvb .ts
.vob .webm .wmv .y4m
"""
OTHER_PICTURES = ".avif .bmp .gif .heic .heif .jp2 .jxl .pgm .ppm .tif .tiff .webp"
MEDIA = frozenset(PICTURES) | frozenset((FILMS + OTHER_PICTURES).split())
"""Names that end so say of a file in a folder that it is meant: what can't be read is a failure."""


@dataclass(frozen=True)
class Folder:
    """A folder's files, and those of the folders in it, in natural order: frame2 before frame10.

    Hidden files are left out, and links to other folders are not followed.
    """

    media: list[Path]
    strays: list[Path]
    """Files that are neither film nor picture, by their names."""


def listed(folder: Path) -> Folder:
    """Raises CnapError where there is no film and no picture, or the folder can't be read."""
    within = list(map(Path, sorted(_within(str(folder)), key=_natural)))
    media = [file for file in within if file.suffix.lower() in MEDIA]
    if not media:
        raise CnapError(f"{text(str(folder))} has no film and no picture in it")
    return Folder(media, [file for file in within if file.suffix.lower() not in MEDIA])


def text(name: str) -> str:
    """A file's name as text that every reader of JSON takes, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")


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
            raise CnapError(f"{text(place)} can't be read: {error.strerror}") from None


def _natural(path: str) -> tuple[list[list[str | int]], str]:
    """A key by which numbers in names are in the order of their values."""
    names = path.casefold().split("/")
    # Every other part of a split is a number, so that like is compared with like.
    parts = (re.split("([0-9]+)", name) for name in names)
    return [[int(p) if n % 2 else p for n, p in enumerate(split)] for split in parts], path
