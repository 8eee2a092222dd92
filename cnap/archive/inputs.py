"""The films and pictures that a person means by naming files and folders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnap.archive.pieces import Input
from cnap.errors import CnapError
from cnap.folders import listed, text


@dataclass(frozen=True)
class Found:
    files: list[Input]
    skipped: list[str]
    """Files of the folders that are neither film nor picture, by their names."""


def inputs(paths: Sequence[Path]) -> Found:
    """The files named, and those in the folders named, as `cnap.folders` finds them.

    Raises CnapError for what is not there.
    """
    files: list[Path] = []
    skipped: list[str] = []
    for path in paths:
        if not path.is_dir():
            files.append(_named(path))
            continue
        within = listed(path)
        files += within.media
        skipped += [file.name for file in within.strays]
    several = Counter(file.name for file in dict.fromkeys(files))
    return Found(
        [Input(f, text(f.name if several[f.name] == 1 else str(f)), _size(f)) for f in files],
        [text(name) for name in skipped],
    )


def _named(path: Path) -> Path:
    if path.is_file():
        return path
    if path.exists():
        raise CnapError(f"{text(str(path))} is neither a file nor a folder")
    broken = path.is_symlink()
    raise CnapError(f"{text(str(path))} is {'a link to nothing' if broken else 'not there'}")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
