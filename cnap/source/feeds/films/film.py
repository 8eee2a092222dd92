"""A video file, opened: its video's packets, each with both times."""

import contextlib
import logging
import stat
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
from av.format import Flags
from av.packet import PacketSideData
from av.stream import Disposition

from cnap.boxes import boxes
from cnap.demuxer import LIMITS, pixel_aspect
from cnap.pictures import Size, displayed_size
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.films.order import in_display_order, lacks_order
from cnap.source.feeds.times import counted, dated, decodable, needed

log = logging.getLogger("cnap.film")
# Said also by commands that log errors only: a rate that is assumed, people should know.
log.setLevel(logging.WARNING)

BARE = {"h264", "hevc"}
"""FFmpeg's names of streams without a container, and so without a clock."""
LISTS = {"concat", "dash", "hls"}
"""Files that name other files: what is sent is what was named, and no other file beside it."""
PICTURE = Disposition.attached_pic | Disposition.timed_thumbnails
FIRST_BOXES = (b"ftyp", b"mdat", b"wide")
MOST_BOXES = 100_000
SHOWN = 30
"""Packets in which a first frame is looked for."""


class Film:
    """The first video of a file. Raises CameraFailed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._palette: PacketSideData | None = None
        self._closed, self._reading = False, threading.Lock()
        self.container = _opened(path)
        try:
            if self.container.format.name in LISTS:
                raise CameraFailed(f"{path} is a list of films: name the films themselves")
            self.stream = self._video()
        except CameraFailed:
            self.close()
            raise

    def close(self) -> None:
        """Any thread may: FFmpeg would crash where another one is reading."""
        self._closed = True
        with self._reading:
            self.container.close()

    @property
    def framerate(self) -> float:
        """Frames a second, 0 where the file doesn't say."""
        if self._bare:  # the average is what FFmpeg assumes, whatever the video itself says
            return float(self.stream.guessed_rate or 25)
        return float(self.stream.average_rate or self.stream.guessed_rate or 0)

    def packets(self) -> Iterator[av.Packet]:
        """In decode order; frames that an edit list hides are `is_discard`."""
        packets = self._read()
        packets = self._counted(packets) if self._bare else dated(packets)
        packets = decodable(packets)
        if lacks_order(self.container, self.stream):
            packets = in_display_order(packets, self.stream)
        return needed(packets)

    def displayed(self) -> Size:
        """Width and height as displayed, which only a frame tells; used up afterwards."""
        codec = self.stream.codec_context
        aspect = pixel_aspect(self.stream)
        if not codec.is_open:
            codec.options = LIMITS
        for _, packet in zip(range(SHOWN), self._read(), strict=False):
            with contextlib.suppress(av.FFmpegError):
                for frame in codec.decode(packet):
                    return displayed_size(frame, aspect)
        return max(1, round(codec.width * (aspect or 1))), codec.height

    @property
    def jumps(self) -> bool:
        """Whether times may jump: MPEG's streams have a sender's clock, and other films a ruler."""
        return bool(self.container.format.flags & Flags.ts_discont.value)

    @property
    def _bare(self) -> bool:
        return self.container.format.name in BARE

    def _video(self) -> av.VideoStream:
        films = [one for one in self.container.streams.video if not one.disposition & PICTURE]
        if not films:
            raise CameraFailed(f"{self.path} has no video in it")
        if films[0].codec_context is None:
            raise CameraFailed(f"{self.path} has video of a kind that nothing here decodes")
        return films[0]

    def _read(self) -> Iterator[av.Packet]:
        packets = self.container.demux(self.stream)
        try:
            while True:
                with self._reading:
                    packet = None if self._closed else next(packets, None)
                if packet is None:
                    return
                if packet.size:
                    yield self._with_palette(packet)
        except IndexError:
            return  # PyAV's at the end, where the film began another medium since
        except av.FFmpegError as error:
            raise CameraFailed(f"{self.path.name} can't be read on: {error.strerror}") from None

    def _with_palette(self, packet: av.Packet) -> av.Packet:
        """Demuxers tell the palette once; what begins at a later key frame needs it as well."""
        if packet.has_sidedata("palette"):
            self._palette = packet.get_sidedata("palette")
        elif self._palette and packet.is_keyframe:
            packet.set_sidedata(self._palette)
        return packet

    def _counted(self, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
        log.warning("%s says no times: it is taken for %g frames/s", self.path.name, self.framerate)
        return counted(packets, round(1 / self.framerate / self.stream.time_base))


def _opened(path: Path) -> av.container.InputContainer:
    try:
        facts = path.stat()
        if not (stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode)):
            raise Misconfigured(f"{path} is no film but a device, a pipe or a socket")
        if facts.st_size == 0:
            raise CameraFailed(f"{path} is empty")
        # With its whole path: FFmpeg takes what is before a colon, as in 12:30.mp4, for a protocol.
        return av.open(path.absolute(), metadata_errors="replace")  # titles in any encoding
    except FileNotFoundError:
        raise CameraFailed(f"{path} is not there") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        if path.is_file() and _lacks_index(path):
            raise CameraFailed(
                f"{path} is cut short: its index (moov) is missing, which recorders write last"
            ) from None
        reason = getattr(error, "strerror", None) or error
        raise CameraFailed(f"{path} is not a video file: {reason}") from None


def _lacks_index(path: Path) -> bool:
    """Whether it is an MP4, by its first box, and no box is the index."""
    with path.open("rb") as file:
        kinds = [kind for kind, _ in islice(boxes(file), MOST_BOXES)]
    return bool(kinds) and kinds[0] in FIRST_BOXES and b"moov" not in kinds
