"""The streams that run, kept in step with the list of cameras."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cnap.cameras import Camera
from cnap.source.around import Around
from cnap.source.reader import Reader
from cnap.source.stream import Stream

log = logging.getLogger("cnap.source")

NOTHING: Mapping[str, str] = {}
IN_HASTE = 0.4
"""Seconds for the last words of all streams, and as many for what is on its way."""


class Streams:
    def __init__(self, around: Around) -> None:
        self._around = around
        self._running: dict[str, Stream] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._epochs: dict[str, int] = {}
        """The last epoch of each stream that there was: clocks may go back."""
        self._hanging: dict[str, list[Reader]] = {}
        self._watched: Mapping[str, str] = {}

    def follow(self, wanted: Sequence[Camera], missing: Mapping[str, str] = NOTHING) -> None:
        """Ends and starts only what changed, at once; one that ends drains by itself. `missing` are
        the models that nobody serves, with the reason: frames go to the others."""
        cameras = {camera.name: _served(camera, missing) for camera in wanted}
        for name, stream in list(self._running.items()):
            if name not in cameras:
                self._end(name, "ended", "the camera was removed")
            elif replace(cameras[name], paused=stream.camera.paused) != stream.camera:
                self._end(name, "connecting", "the camera was changed")
            elif cameras[name] != stream.camera:
                stream.change(cameras[name])
        for camera in wanted:
            problem = "; ".join(missing[model] for model in camera.models if model in missing)
            if camera.name not in self._running:
                self._start(cameras[camera.name], problem)
            self._running[camera.name].problem = problem
        if self._around.uploads is not None:
            self._around.uploads.follow(cameras.values())
        for name in self._hanging.keys() - self._running.keys():
            if not any(reader.alive for reader in self._hanging[name]):
                del self._hanging[name]

    def watch(self, until: Mapping[str, str]) -> None:
        """Until when which streams are watched, as RFC 3339, and no others; what can't be read
        doesn't count."""
        self._watched = until
        for name, stream in self._running.items():
            stream.watch(_seconds(until.get(name, "")))

    async def stop(self) -> None:
        for task in self._ending:
            task.cancel()
        said = await asyncio.gather(
            *(
                stream.stop("ended", "the source was stopped", IN_HASTE, IN_HASTE)
                for stream in self._running.values()
            ),
            return_exceptions=True,
        )
        for name, error in zip(self._running, said, strict=True):
            if error:
                log.error("%s: unexpected error", name, exc_info=error)

    def _start(self, camera: Camera, problem: str) -> None:
        name = camera.name
        hanging = self._hanging.setdefault(name, [])
        stream = Stream(camera, self._around, problem, self._epochs.get(name, 0), hanging)
        self._running[name] = stream
        if name in self._watched:
            stream.watch(_seconds(self._watched[name]))
        stream.start()

    def _end(self, name: str, state: str, reason: str) -> None:
        stream = self._running.pop(name)
        self._epochs[name] = stream.epoch
        stream.leave(state, reason)
        self._go(stream.stop(state, reason))

    def _go(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _served(camera: Camera, missing: Mapping[str, str]) -> Camera:
    models = tuple(model for model in camera.models if model not in missing)
    return replace(camera, models=models)


def _seconds(until: str) -> float:
    """From now on; none where the instant is over, or is none."""
    try:
        left = datetime.fromisoformat(until) - datetime.now(UTC)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, left.total_seconds())
