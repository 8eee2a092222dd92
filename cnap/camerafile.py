"""A cameras.yaml on this machine and the ConfigMap of the running pipeline follow each other.

A change of the file takes effect once it has been the same for a moment, so that nobody's
half-written text counts; with a mistake in it, all stays as it was. A change by the API is written
into the file, through links, in one step. Where both changed at once, the file is what counts, and
what the API changed is done again in it: of each camera, the fields that the file left alone.
"""

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cnap import cameras
from cnap.cameras import CameraError, edits
from cnap.cameras.document import MOST_BYTES, decoded
from cnap.errors import CnapError
from cnap.models import mistake

LOOK = 0.2
"""Seconds between looks at the file."""
GONE = 10
"""Looks for which it may be missing or empty, as it is while some editors save it."""


class Config(Protocol):
    """The other side: the text in the ConfigMap."""

    def get(self) -> str: ...

    def put(self, text: str) -> None: ...

    def tell(self, problem: str) -> None:
        """What is wrong with the file, "" where nothing is."""


class CameraFile:
    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Raises CameraError with every mistake in it. `say` is told what a person should know."""
        self.path, self._say = path, say
        self.usual: tuple[str, ...] = ()
        """The models of cameras that don't say which."""
        self.served: set[str] = set()
        """The models that the pipeline runs; of others it is said what to do."""
        self._seen: str | None = None
        self._missing = 0
        self._problem = ""
        self._refused: tuple[str, str] | None = None
        """The last text with a mistake in it, and what was said of it."""
        self._both = self.text = read(path)
        cameras.parse(self.text, path.name)

    @property
    def folder(self) -> Path:
        """Where relative paths in it begin."""
        return self.path.absolute().parent

    async def follow(self, config: Config) -> None:
        """Goes on until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            await self.look(config)

    async def look(self, config: Config) -> None:
        """Once: a change that was there at the last look as well takes effect."""
        try:
            mine = await asyncio.to_thread(self._settled)
            if mine is None:
                return
            await self._step(config, mine, config.get())
            problem = ""
        except CnapError as error:
            problem = str(error)
        if problem != self._problem:
            self._problem = problem
            config.tell(problem)
            self._say(problem or f"{self.path.name} is right again")

    async def _step(self, config: Config, mine: str, theirs: str) -> None:
        if mine == theirs == self._both:
            return
        if mine == self._both:
            self._understood(theirs, "the change by the API")
            await self._write(theirs)
            return
        self._understood(mine, self.path.name)
        merged = mine if theirs == self._both else self._rebased(theirs, mine)
        if merged != theirs:
            config.put(merged)
        # What is written next is compared with this: it is the API's part of what is there now.
        self._both = mine
        if merged != mine:
            await self._write(merged)

    def _settled(self) -> str | None:
        """The file's text, None while it changes."""
        try:
            text = read(self.path)
        except CameraError as error:
            text, words = None, str(error)
        else:
            words = f"{self.path.name} is empty; write cameras: [] for none"
        before, self._seen = self._seen, text
        if text is None or not text.strip():
            self._missing += 1
            if self._missing >= GONE:
                raise CameraError(f"{words}; the cameras stay as they were")
            return None
        self._missing = 0
        return text if text == before else None

    def _understood(self, text: str, what: str) -> None:
        if self._refused and self._refused[0] == text:
            raise CameraError(self._refused[1])
        try:
            found = cameras.parse(text, what)
        except CameraError as error:
            words = f"{error}\nThe cameras stay as they were."
            self._refused = (text, words)
            raise CameraError(words) from None
        for camera in found:
            for model in set(camera.models) - self.served:
                self.served.add(model)  # it is said once
                hint = mistake(model) or (
                    f"nothing here runs {model}; end this, and start it with --model {model} as "
                    "well"
                )
                self._say(f"camera {camera.name}: {hint}")

    async def _write(self, text: str) -> None:
        try:
            if await asyncio.to_thread(_replaced, self.path, self._both, text):
                self._both = self._seen = text
        except OSError as error:
            raise CameraError(
                f"{self.path}: {error.strerror}; a change by the API is not written there, and "
                "ends with the pipeline"
            ) from None

    def _rebased(self, theirs: str, mine: str) -> str:
        """The file's text with what the API has changed since both were the same."""
        try:
            was, now = edits.entries(self._both), edits.entries(theirs)
        except CameraError:
            return mine
        for name in [*was, *(name for name in now if name not in was)]:
            try:
                mine = _with_change(mine, name, was.get(name), now.get(name))
            except CameraError as error:
                self._say(f"a change by the API is lost: {error}")
        return mine


def _with_change(text: str, name: str, was: edits.Plain | None, now: edits.Plain | None) -> str:
    """The file's text with one camera changed, where the file has not changed the same."""
    here = edits.entries(text).get(name)
    if was == now or (was is None and here is not None):
        return text
    if was is None:
        return edits.add(text, now)
    if now is None:
        return edits.remove(text, name) if here == was else text
    if here is None:
        return text
    fields = {field for field in was | now if was.get(field) != now.get(field)}
    changed = {field: now.get(field) for field in fields if here.get(field) == was.get(field)}
    return edits.patch(text, name, changed)


def read(path: Path) -> str:
    """Line ends as they are. Raises CameraError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CameraError(f"{path}: {error.strerror}") from None
    if len(data) > MOST_BYTES:  # a device has no end
        raise CameraError(f"{path} is over {MOST_BYTES >> 10} KiB, the most that is read")
    return decoded(data, str(path))


def _replaced(path: Path, expected: str, text: str) -> bool:
    """Whether the file is the new one now: not where somebody else has changed it."""
    target = path.resolve()
    facts = target.stat()
    new = target.with_name(f".{target.name}.{os.getpid()}")
    new.unlink(missing_ok=True)  # of one that was killed here, long ago
    try:
        # Nobody's but the owner's before it has the permissions of the old one.
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(text.encode())
            with contextlib.suppress(PermissionError):  # somebody else's file in a shared folder
                os.fchown(file.fileno(), facts.st_uid, facts.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(facts.st_mode))
            file.flush()
            os.fsync(file.fileno())
        try:
            if read(target) != expected:
                return False
        except CameraError:
            return False
        new.replace(target)
        return True
    finally:
        new.unlink(missing_ok=True)
