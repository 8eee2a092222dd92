"""A folder as a camera: its films and pictures one after another, on one timeline."""

import contextlib
import logging
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from cnap.cameras import Camera
from cnap.errors import BadMedia, CnapError
from cnap.folders import PICTURES, listed, text
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.films.file import FileFeed, local_path
from cnap.source.feeds.web.images import Images

log = logging.getLogger("cnap.folder")

STILL = 1.0
"""Seconds for which a picture is shown."""
MOST_BYTES = 64 << 20
"""Of a picture's file."""


class FolderFeed:
    """In natural order; `loop` begins again, with what the folder holds by then. A file that can't
    be read is left out, with its reason in the log and in `note`."""

    live = False
    zero = None

    def __init__(self, camera: Camera) -> None:
        """Raises CameraFailed where no file can be read, Misconfigured where there is none."""
        self._name, self._folder = camera.name, local_path(camera.url)
        self._loop = camera.loop
        self._still = 1 / camera.framerate if camera.framerate else STILL
        self._film: FileFeed | None = None
        self._images = Images()
        self._closed = False
        self._told: set[str] = set()
        self._broken: dict[str, str] = {}
        self._packets = self._rounds()
        # What comes first is known when it has been read: that is its stream.
        self._first = next(self._packets)
        self.stream: av.VideoStream = self._first.stream

    @property
    def framerate(self) -> float:
        """Frames a second of what is shown now, 0 where the file doesn't say."""
        return self._film.framerate if self._film else 1 / self._still

    @property
    def note(self) -> str:
        """Which files can't be read, for people."""
        if not self._broken:
            return ""
        more = f" (and {len(self._broken) - 1} more)" if len(self._broken) > 1 else ""
        return f"left out: {next(iter(self._broken.values()))}{more}"

    def packets(self) -> Iterator[av.Packet]:
        yield self._first
        for packet in self._packets:
            self.stream = packet.stream
            yield packet

    def close(self) -> None:
        self._closed = True
        # Where another thread is reading it ends by itself, with the packet it is at.
        with contextlib.suppress(ValueError):
            self._packets.close()

    def _rounds(self) -> Iterator[av.Packet]:
        end = Fraction(0)
        while True:
            before = end
            for path in self._files():
                for packet in self._following(path, end):
                    end = max(end, (packet.pts + (packet.duration or 1)) * packet.time_base)
                    yield packet
            if self._closed:
                return
            if end == before:
                raise CameraFailed(f"nothing in {text(self._folder.name)} can be read: {self.note}")
            if not self._loop:
                return

    def _files(self) -> list[Path]:
        try:
            folder = listed(self._folder)
        except CnapError as error:
            raise Misconfigured(str(error)) from None
        self._broken = {name: why for name, why in self._broken.items() if Path(name).exists()}
        if strays := [text(path.name) for path in folder.strays]:
            more = f" and {len(strays) - 3} more" if len(strays) > 3 else ""
            self._tell(f"neither film nor picture, left out: {', '.join(strays[:3])}{more}")
        return folder.media

    def _following(self, path: Path, end: Fraction) -> Iterator[av.Packet]:
        """A file's packets, moved to begin where the one before it ended."""
        shift = None
        try:
            for packet in self._read(path):
                if shift is None:
                    begins = math.ceil(end / packet.time_base)
                    shift = begins - min(packet.dts, packet.pts)
                packet.pts += shift
                packet.dts += shift
                if self._closed:
                    return
                yield packet
            if shift is None:
                raise CameraFailed(f"{text(path.name)} has no frames")
            self._broken.pop(str(path), None)
        except (CnapError, OSError) as error:
            self._leave_out(path, error)

    def _read(self, path: Path) -> Iterator[av.Packet]:
        if not path.is_file():  # a pipe would be waited for, for ever
            raise BadMedia("it is no file")
        if path.suffix.lower() in PICTURES:
            yield self._picture(path)
        else:
            yield from self._films(path)

    def _picture(self, path: Path) -> av.Packet:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise BadMedia(f"a picture of more than {MOST_BYTES >> 20} MiB is not read")
        packet = self._images.packet(data, 0, self._still)
        if packet is None:
            self._images = Images()
            raise BadMedia("it is no whole JPEG or PNG, which a stream's pictures must be")
        return packet

    def _films(self, path: Path) -> Iterator[av.Packet]:
        self._film = FileFeed(str(path), loop=False)
        try:
            yield from self._film.packets()
        finally:
            film, self._film = self._film, None
            film.close()

    def _leave_out(self, path: Path, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        name = text(path.name)
        reason = reason.replace(str(path), name)
        self._broken[str(path)] = reason if name in reason else f"{name}: {reason}"
        self._tell(f"left out: {self._broken[str(path)]}")

    def _tell(self, words: str) -> None:
        """Once for each thing that is wrong, however often the folder begins again."""
        if words not in self._told:
            self._told.add(words)
            log.warning("%s: %s", self._name, words)
