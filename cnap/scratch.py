"""A private folder for one run of the pipeline, gone when it ends; in shared memory if it fits."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cnap.errors import CnapError
from cnap.running import is_held

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
ENOUGH = 1 << 30
LOCK = "lock"


@contextmanager
def scratch() -> Iterator[Path]:
    """The folder. What runs that were killed left behind is removed first."""
    for base in {SHARED_MEMORY, Path(tempfile.gettempdir())}:
        _sweep(base)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"cnap-{os.getpid()}-", dir=_base()))
    except OSError as error:
        raise CnapError(f"no folder for the run can be made: {error}") from None
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _base() -> Path | None:
    large = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free >= ENOUGH
    return SHARED_MEMORY if large and os.access(SHARED_MEMORY, os.W_OK) else None


def _sweep(base: Path) -> None:
    for left in base.glob("cnap-*"):
        with suppress(OSError):  # somebody else's, or just being made or removed
            ours = re.fullmatch(r"cnap-[0-9]+-\w+", left.name) and left.stat().st_uid == os.getuid()
            if not ours:
                continue
            with (left / LOCK).open() as lock:
                dead = not is_held(lock.fileno())
            if dead:
                shutil.rmtree(left, ignore_errors=True)
