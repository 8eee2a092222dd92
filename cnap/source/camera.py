"""Where packets come from. This version reads video files, each as a live camera."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import av

from cnap.errors import CnapError

BACK, AHEAD = -0.5, 30.0
"""Seconds by which time may step without a break: less is a glitch, more is another recording, or
a clock that was set. What follows a break goes on where the film was."""


class CameraFailed(CnapError):
    """The camera can't be read: which, and why, for people."""


class FileCamera:
    """A video file; `loop` starts it again at its end, on one continuous timeline."""

    def __init__(self, url: str, loop: bool) -> None:
        # Only a URL has escapes: in a path, % is a letter like any other.
        self.path = Path(unquote(url[7:]) if url.startswith("file://") else url)
        self._loop = loop
        self._container = self._open()
        self.stream = self._container.streams.video[0]

    @property
    def framerate(self) -> float:
        """Frames a second, 0 where the file doesn't say."""
        return float(self.stream.average_rate or self.stream.guessed_rate or 0)

    @property
    def duration(self) -> float:
        """Seconds, 0 where the file doesn't say."""
        return (self._container.duration or 0) / av.time_base

    def packets(self) -> Iterator[av.Packet]:
        """Packets in decode order. Raises CameraFailed where the file can't be read on."""
        shift, end = 0, None
        before: int | None = None
        while True:
            for packet in self._once():
                if end is not None and (before is None or self._breaks(packet.dts - before)):
                    shift = end - packet.pts
                before = packet.dts
                packet.pts += shift
                packet.dts += shift
                end = max(end or 0, packet.pts + (packet.duration or 1))
                yield packet
            if not self._loop or before is None:
                return
            before = None
            self._container.seek(0)

    def _breaks(self, step: int) -> bool:
        """Whether decode times that go on by `step` are those of another recording."""
        return not BACK <= float(step * self.stream.time_base) <= AHEAD

    def close(self) -> None:
        self._container.close()

    def _once(self) -> Iterator[av.Packet]:
        undated: list[av.Packet] = []
        try:
            for packet in self._container.demux(self.stream):
                if not packet.size:
                    continue
                if packet.pts is None and packet.dts is None:
                    raise CameraFailed(
                        f"{self.path.name} says no times; put it into a container: "
                        f"ffmpeg -i {self.path.name} -c copy {self.path.stem}.mp4"
                    )
                if packet.pts is None:
                    packet.pts = packet.dts
                if packet.dts is None:  # Matroska has none, and the first can't be computed
                    undated.append(packet)
                    continue
                yield from _dated(undated, packet.dts)
                undated.clear()
                yield packet
            yield from _dated(undated, min((packet.pts for packet in undated), default=0))
        except av.FFmpegError as error:
            raise CameraFailed(f"{self.path.name} can't be read on: {error.strerror}") from None

    def _open(self) -> av.container.InputContainer:
        try:
            container = av.open(self.path)
        except FileNotFoundError:
            raise CameraFailed(f"{self.path} is not there") from None
        except (av.FFmpegError, OSError, ValueError) as error:
            raise CameraFailed(f"{self.path} is not a video file: {error}") from None
        if not container.streams.video:
            container.close()
            raise CameraFailed(f"{self.path} has no video in it")
        if container.streams.video[0].codec_context is None:
            container.close()
            raise CameraFailed(f"{self.path} has video of a kind that nothing here decodes")
        return container


def _dated(packets: list[av.Packet], following: int) -> Iterator[av.Packet]:
    """The packets with decode times of their own, evenly before the one that follows."""
    for left, packet in zip(range(len(packets), 0, -1), packets, strict=True):
        packet.dts = following - left * (packet.duration or 1)
        yield packet


def open_camera(url: str, loop: bool) -> FileCamera:
    """The camera behind a url. Raises CameraFailed."""
    scheme, separator, _ = url.partition("://")
    if separator and scheme != "file":
        raise CameraFailed(f"{scheme}:// cameras can't be read yet; give a video file")
    return FileCamera(url, loop)
