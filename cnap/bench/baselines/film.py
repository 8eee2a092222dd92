"""A clip's frames, again and again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import av

from cnap.demuxer import pixel_aspect, video_of
from cnap.errors import BadMedia
from cnap.pictures import displayed_size

Size = tuple[int, int]


class Film:
    """A clip, decoded by `threads` of FFmpeg's (0: as many as there are cores). Raises BadMedia
    where it is not there, or no video."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._path = path
        self.length: int | None = None
        """How many frames it has, once all of them were shown."""
        try:
            self._file = av.open(str(path))
        except FileNotFoundError:
            raise BadMedia(f"{path}: there is no such clip") from None
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._unreadable(error) from None
        self._stream = video_of(self._file, str(path))
        self._stream.thread_type = "AUTO" if threads != 1 else "NONE"
        self._stream.thread_count = threads
        self.size = self._displayed()
        """Width and height in which a player shows it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def frames(self) -> Iterator[av.VideoFrame]:
        """In the order in which they are shown, from the first; after the last one the first."""
        while True:
            count = 0
            for count, frame in enumerate(self._once(), 1):  # noqa: B007
                yield frame
            self.length = count

    def shown_by(self, number: int) -> bool:
        """Whether all of it came before the frame of this number, counted through all passes."""
        return self.length is not None and number >= self.length

    def _displayed(self) -> Size:
        for frame in self._once():
            return displayed_size(frame, pixel_aspect(self._stream))
        raise BadMedia(f"{self._path}: has no frame that can be decoded")

    def _once(self) -> Iterator[av.VideoFrame]:
        try:
            self._file.seek(0)
            yield from self._file.decode(self._stream)
        except av.FFmpegError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> BadMedia:
        said = getattr(error, "strerror", None) or str(error)
        return BadMedia(f"{self._path}: can't be read as video ({said})")
