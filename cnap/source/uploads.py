"""The uploads of all cameras that push: who may upload, how much at once, and what was taken."""

import contextlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cnap.cameras import Camera
from cnap.errors import CnapError, Missing, Unavailable
from cnap.source.feeds.pushed.inbox import Inbox, Later

SCHEME = "push:"
AT_ONCE = 2
"""Uploads to one stream."""
MAX_HELD = 128 << 20
"""Bytes of all uploads that are being received."""
REMEMBERED = 100
"""Uploads of a stream that are known again when they are sent a second time."""

Answer = dict[str, Any]


class Refused(CnapError):
    """`status` is HTTP's."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Uploads:
    """Inboxes are opened and closed by any thread; all else happens in the event loop's."""

    def __init__(self) -> None:
        self._cameras: Mapping[str, Camera] = {}
        self._open: dict[str, Inbox] = {}
        self._coming: dict[str, int] = {}
        self._held = 0
        self._answers: dict[str, OrderedDict[str, Answer | None]] = {}

    def follow(self, cameras: Iterable[Camera]) -> None:
        """Which cameras there are."""
        self._cameras = {camera.name: camera for camera in cameras}
        for name in self._answers.keys() - self._cameras.keys():
            del self._answers[name]

    def open(self, name: str, inbox: Inbox) -> None:
        self._open[name] = inbox

    def close(self, inbox: Inbox) -> None:
        for name in [name for name, one in list(self._open.items()) if one is inbox]:
            self._open.pop(name, None)

    def inbox(self, name: str) -> Inbox:
        """Raises Missing, Refused or Unavailable where nothing can be uploaded."""
        camera = self._cameras.get(name)
        if camera is None:
            raise Missing(f"there is no camera called {name}")
        if not camera.url.startswith(SCHEME):
            raise Refused(409, f"{name} is no camera that uploads: its url is not {SCHEME}")
        if camera.paused:
            raise Refused(409, f"{name} is paused")
        if name not in self._open:
            raise Unavailable(f"{name} is not open just now; its state says why")
        return self._open[name]

    @contextlib.contextmanager
    def coming(self, name: str) -> Iterator[None]:
        """While an upload is on its way. Raises Later."""
        if self._coming.get(name, 0) >= AT_ONCE:
            raise Later(f"{name} has {AT_ONCE} uploads coming already", 1)
        self._coming[name] = self._coming.get(name, 0) + 1
        try:
            yield
        finally:
            self._coming[name] -= 1
            if not self._coming[name]:
                del self._coming[name]

    @contextlib.contextmanager
    def held(self) -> Iterator["Held"]:
        """While the bytes of an upload are in memory."""
        held = Held(self)
        try:
            yield held
        finally:
            self._held -= len(held.data)

    def hold(self, size: int) -> None:
        """Raises Unavailable where that is too much, and counts it all the same."""
        self._held += size
        if self._held > MAX_HELD:
            raise Unavailable("too much is being uploaded at once")

    @contextlib.contextmanager
    def once(self, name: str, key: str) -> Iterator["Once"]:
        """While an upload with this key ("": none) is being taken. Raises Later where it is
        already; `answer` is set where it was, and to be set when it has been."""
        answers = self._answers.setdefault(name, OrderedDict())
        if key and answers.get(key, ...) is None:
            raise Later("the same upload is being taken", 1)
        once = Once(answers.get(key))
        if key:
            answers.setdefault(key, None)
        try:
            yield once
        finally:
            if key and once.answer is None:
                del answers[key]
            elif key:
                answers[key] = once.answer
                while len(answers) > REMEMBERED:
                    answers.popitem(last=False)


class Held:
    """The bytes of an upload as they come."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self.data = bytearray()

    def add(self, part: bytes) -> None:
        self.data += part
        self._uploads.hold(len(part))


class Once:
    """What was answered to an upload; None before."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
