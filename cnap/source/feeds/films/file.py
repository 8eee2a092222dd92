"""A video file as a camera."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import av

from cnap.pictures import Size
from cnap.source.feeds.feed import CameraFailed
from cnap.source.feeds.films.film import Film

BACK, AHEAD = -0.5, 30.0
"""Seconds by which time may step without a break: less is a glitch, more is another recording, or
a clock that was set, where the container has a clock. What follows goes on where the film was."""


def local_path(url: str) -> Path:
    """Only a URL has escapes: in a path, % is a letter like any other."""
    return Path(unquote(url[7:]) if url.startswith("file://") else url)


class FileFeed:
    """A video file; `loop` starts it again at its end, on one continuous timeline."""

    live = False
    zero = None

    def __init__(self, url: str, loop: bool) -> None:
        self.path = local_path(url)
        self._loop, self._closed = loop, False
        self._film = self._again = Film(self.path)
        self.stream = self._film.stream
        # In the stream's own ticks: a fraction for each packet would cost more than reading it.
        self._back, self._ahead = (int(limit / self.stream.time_base) for limit in (BACK, AHEAD))

    @property
    def framerate(self) -> float:
        """Frames a second, 0 where the file doesn't say."""
        return self._film.framerate

    @property
    def duration(self) -> float:
        """Seconds, 0 where the file doesn't say."""
        return (self._film.container.duration or 0) / av.time_base

    @property
    def size(self) -> Size:
        """Width and height as displayed."""
        film = Film(self.path)
        try:
            return film.displayed()
        finally:
            film.close()

    def packets(self) -> Iterator[av.Packet]:
        """Packets in decode order. Raises CameraFailed where the file can't be read on."""
        shift, end = 0, None
        before: int | None = None
        while True:
            for packet in self._again.packets():
                # Hidden frames are as if they weren't there, but begin what a loop begins with.
                if not packet.is_discard or before is None:
                    if end is not None and (before is None or self._breaks(packet.dts - before)):
                        shift = end - packet.pts
                    before = packet.dts
                packet.pts += shift
                packet.dts += shift
                if not packet.is_discard:
                    end = max(end or 0, packet.pts + (packet.duration or 1))
                yield packet
            if not self._loop or before is None or self._closed:
                return
            before = None
            self._rewind()

    def _breaks(self, step: int) -> bool:
        """Whether decode times that go on by `step` are those of another recording."""
        return step < self._back or (step > self._ahead and self._film.jumps)

    def _rewind(self) -> None:
        """From the beginning. Not every film can be sought in, but each can be opened again."""
        again = Film(self.path)
        self._close_again()
        self._again = again
        if self._closed:
            self._close_again()
        if again.stream.codec_context.extradata != self.stream.codec_context.extradata:
            raise CameraFailed(f"{self.path.name} is another film now")

    def _close_again(self) -> None:
        if self._again is not self._film:
            self._again.close()

    def close(self) -> None:
        self._closed = True
        self._close_again()
        self._film.close()
