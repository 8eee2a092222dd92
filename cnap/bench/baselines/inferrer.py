"""The process that takes JPEGs from a Redis list and puts results into another."""

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Self

import numpy as np

from cnap.bench.baselines.lists import END, Lists
from cnap.bench.baselines.requests import Requests, Settings
from cnap.errors import CnapError, Unavailable
from cnap.models import Model
from cnap.models.canvas import from_jpeg
from cnap.models.family import Size


@dataclass(frozen=True)
class Done:
    """When the last result was in Redis, and the seconds of a core that the process had used."""

    moment: float
    cpu: float


class Inferrer:
    """The process, for pictures of one size; it ends with this one."""

    def __init__(self, lists: Lists, model: Model, size: Size, settings: Settings) -> None:
        context = get_context("spawn")  # what this process has open is none of the other's
        self._pipe, theirs = context.Pipe(duplex=False)
        given = lists.url, lists.key, model, size, settings, theirs
        self._process = context.Process(target=_infer, args=given, daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def check(self) -> None:
        """Raises Unavailable where the process has ended."""
        if not self._process.is_alive():
            self.done()

    def done(self) -> Done:
        """Waits until all that was pushed before END has its result. Raises Unavailable."""
        try:
            told = self._pipe.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            raise Unavailable(f"the inference process ended (exit code {code})") from None
        if isinstance(told, Done):
            return told
        raise Unavailable(f"the inference process: {told}")


def _infer(
    url: str, key: str, model: Model, size: Size, settings: Settings, pipe: Connection
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started it
    try:
        lists = Lists(url, key)
        requests = Requests(model, model.frame_size(*size), settings)
        number = 0
        while True:
            for found in requests.detect(_pictures(lists)):
                lists.tell(number, found)
                number += 1
            pipe.send(Done(time.monotonic(), time.process_time()))
    except CnapError as error:
        with suppress(BrokenPipeError):  # that one was killed, and its Redis with it
            pipe.send(str(error))


def _pictures(lists: Lists) -> Iterator[np.ndarray]:
    while (data := lists.pop()) != END:
        yield from_jpeg(data)
