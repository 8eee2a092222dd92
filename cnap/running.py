"""How the other commands find a pipeline that runs on this machine."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cnap.models import cache_dir


@dataclass(frozen=True)
class Running:
    """Addresses and token of a running pipeline."""

    broker: str
    kubernetes: str
    page: str
    token: str
    store: str
    redis: str
    models: list[str]
    sends: str = ""
    """The one stream for which it was started, and with which it ends; empty where it stays."""

    @classmethod
    def all(cls) -> "Iterator[Running]":
        """The pipelines that run, the one that was started last first."""
        for note in sorted(_notes(), key=_age):
            with suppress(OSError, ValueError, TypeError):  # just gone, or of another version
                with note.open() as file:
                    if is_held(file.fileno()):
                        yield cls(**json.load(file))
                        continue
                note.unlink()

    @classmethod
    def of(cls, pid: int) -> "Running | None":
        """The pipeline of this process, once it is up: a note that nobody holds is an earlier one's
        that had the same id."""
        with suppress(FileNotFoundError), _note(pid).open() as file:
            return cls(**json.load(file)) if is_held(file.fileno()) else None
        return None

    @classmethod
    def find(cls) -> "Running | None":
        """The pipeline that was started last and still runs."""
        return next(cls.all(), None)

    @property
    def runs(self) -> bool:
        """Whether it still does."""
        return self in Running.all()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Lets others find this pipeline while it runs, by a note that only its owner reads."""
        note = _note(os.getpid())
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Seen only when it is held: a note that nobody holds is removed by whoever finds it.
        new = note.with_suffix(".new")
        with new.open("w") as file:
            new.chmod(0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            json.dump(asdict(self), file)
            file.flush()
            new.replace(note)
            try:
                yield
            finally:
                note.unlink(missing_ok=True)


def is_held(descriptor: int) -> bool:
    """Whether a living process holds the lock on this file. (A process id may be another's.)"""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _folder() -> Path:
    return cache_dir() / "run"


def _note(pid: int) -> Path:
    return _folder() / f"{pid}.json"


def _notes() -> list[Path]:
    return list(_folder().glob("*.json"))


def _age(note: Path) -> float:
    with suppress(OSError):
        return -note.stat().st_mtime
    return 0.0
