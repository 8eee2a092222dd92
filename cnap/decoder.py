"""Decoding segments: whatever replica takes a segment, the same frames come out.

A GOP is fed to one decoder, segment after segment. Which frames an event accounts for follows from
the packets alone: of all frames coded so far, sorted by presentation time, the first `framecount`
that no earlier event had. A decoder that shows a frame sooner has it kept for its own event.
"""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from cnap.errors import BadMedia
from cnap.events.attributes import MAX_FRAMES, MAX_HELDBACK

MAX_PIXELS = 36_000_000
"""8K is 33 million pixels; a picture that claims more is refused before memory is taken for it."""

ODDEST = 10
"""Pixels that claim to be wider or higher than this many times the other are not believed."""
MAX_BYTES = 1 << 30
"""Decoded pictures of one segment."""

CONTAINERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-nut": "nut",
    "video/mp2t": "mpegts",
}
# Without these the demuxer decodes several frames only to guess a frame rate that nobody asks for.
QUICK = {"probesize": "32", "analyzeduration": "0"}
LIMITS = {"max_pixels": str(MAX_PIXELS)}


@dataclass(frozen=True)
class Shown:
    """A frame that an event accounts for. `offset`: seconds after the segment's first frame."""

    index: int
    offset: Fraction
    duration: Fraction
    frame: av.VideoFrame | None
    """None where it could not be decoded."""


class Gop:
    """The decoder of one GOP, and the sequence of the segment that it wants next."""

    def __init__(self, gopstart: int) -> None:
        self.next = gopstart
        self.aspect: Fraction | None = None
        """Width of a pixel by its height; None where the video doesn't say."""
        self._codec: av.VideoCodecContext | None = None
        self._pending: list[tuple[int, int]] = []
        self._ready: dict[int, av.VideoFrame] = {}

    def skip(self, data: memoryview, content_type: str) -> None:
        """Decodes a segment whose frames nobody wants now, for the sake of the ones after it."""
        with self._next(data, content_type) as (_, packets):
            self._keep_only(self._pending[-MAX_HELDBACK:])
            self._decode(packets)

    def watch(self, data: memoryview, content_type: str) -> list[av.VideoFrame]:
        """The frames that came out with this segment, in display order: to look at, not to count.

        A GOP is either watched or shown, not both.
        """
        with self._next(data, content_type) as (_, packets):
            self._decode(packets)
        frames = [self._ready[pts] for pts in sorted(self._ready)]
        self._keep_only(self._pending[-MAX_HELDBACK:])
        self._ready.clear()
        return frames

    def show(
        self, data: memoryview, content_type: str, heldback: int, framecount: int, last: bool
    ) -> list[Shown]:
        """The `framecount` frames that this segment's event accounts for, in display order."""
        lost = max(0, heldback - len(self._pending))
        self._pending = self._pending[max(0, len(self._pending) - heldback) :]
        with self._next(data, content_type) as (stream, packets):
            # Frames held back by a segment that was not whole come first, and have no picture.
            mine = self._pending[: max(0, framecount - lost)]
            after = self._pending[len(mine) :][:MAX_HELDBACK]
            self._pending = mine + after
            self._decode(packets, last)
            first = min(packet.pts for packet in packets)
            scale = Fraction(stream.time_base)
        shown = [Shown(index, Fraction(0), Fraction(0), None) for index in range(lost)]
        shown += [
            Shown(index, (pts - first) * scale, duration * scale, self._ready.pop(pts, None))
            for index, (pts, duration) in enumerate(mine, lost)
        ]
        shown += [
            Shown(index, Fraction(0), Fraction(0), None) for index in range(len(shown), framecount)
        ]
        self._keep_only(after)
        return shown[:framecount]

    @contextlib.contextmanager
    def _next(
        self, data: memoryview, content_type: str
    ) -> Iterator[tuple[av.VideoStream, list[av.Packet]]]:
        """The next segment's packets; their frames are pending then."""
        self.next += 1
        with _demuxed(data, content_type) as (stream, packets):
            if self._codec is None:
                self._codec = stream.codec_context
                self.aspect = pixel_aspect(stream)
                self._codec.thread_count = 1
            mine = [(p.pts, p.duration or 0) for p in packets if shows(p, self._codec.name)]
            self._pending = sorted(self._pending + mine)
            yield stream, packets

    def _decode(self, packets: list[av.Packet], last: bool = False) -> None:
        """Decodes, and keeps the pictures of pending frames. Raises BadMedia for too many."""
        wanted = {pts for pts, _ in self._pending}
        needed = len(wanted) * self._codec.width * self._codec.height * 3 // 2
        if needed > MAX_BYTES:
            raise BadMedia(
                f"{len(wanted)} frames of {self._codec.width}x{self._codec.height} in one segment "
                f"take over {MAX_BYTES >> 20} MiB: cut shorter segments"
            )
        for packet in packets:
            # A frame that can't be decoded stays without a picture, and is counted so.
            with contextlib.suppress(av.FFmpegError):
                self._keep(self._codec.decode(packet), wanted)
        if last:
            with contextlib.suppress(av.FFmpegError):  # as above
                self._keep(self._codec.decode(None), wanted)
            self._codec = None

    def _keep(self, frames: list[av.VideoFrame], wanted: set[int]) -> None:
        for frame in frames:
            if frame.pts in wanted and not frame.is_corrupt:
                self._ready[frame.pts] = frame

    def _keep_only(self, pending: list[tuple[int, int]]) -> None:
        self._pending = pending
        self._ready = {pts: self._ready[pts] for pts, _ in pending if pts in self._ready}


def pixel_aspect(stream: av.VideoStream) -> Fraction | None:
    """Width of a pixel by its height; None where the video doesn't say, or something absurd."""
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and 1 / ODDEST <= aspect <= ODDEST else None


def shows(packet: av.Packet, codec: str) -> bool:
    """Whether a frame is shown for the packet. VP8 has some that are only referred to: RFC 6386,
    9.1 (show_frame). Other codecs put those into the packet of one that is shown."""
    return codec != "vp8" or bool(packet.size and memoryview(packet)[0] & 0x10)


class _demuxed:
    """The video stream of a segment, and its packets: at least one."""

    def __init__(self, data: memoryview, content_type: str) -> None:
        self._data, self._format = data, CONTAINERS[content_type]

    def __enter__(self) -> tuple[av.VideoStream, list[av.Packet]]:
        try:
            self._container = av.open(
                io.BytesIO(self._data),
                format=self._format,
                options=QUICK,
                stream_options=[LIMITS],
            )
        except (av.FFmpegError, ValueError) as error:
            raise BadMedia(f"this is not {self._format} video: {_reason(error)}") from None
        try:
            return self._read()
        except BaseException:
            self._container.close()
            raise

    def __exit__(self, *_: object) -> None:
        # The first segment's codec context goes on being used: it keeps what it needs alive.
        self._container.close()

    def _read(self) -> tuple[av.VideoStream, list[av.Packet]]:
        if not self._container.streams.video:
            raise BadMedia("the segment has no video in it")
        stream = self._container.streams.video[0]
        codec = stream.codec_context
        if codec is None:
            raise BadMedia("the segment's video is of a kind that nothing here decodes")
        if codec.width * codec.height > MAX_PIXELS:
            raise BadMedia(
                f"a picture of {codec.width}x{codec.height} is over the limit of "
                f"{MAX_PIXELS // 1_000_000} million pixels"
            )
        if not codec.is_open:
            codec.options = LIMITS
        packets = []
        for packet in self._packets(stream):
            if packet.pts is not None and packet.size:
                packets.append(packet)
            if len(packets) > MAX_FRAMES:
                raise BadMedia(f"the segment has more than {MAX_FRAMES} frames")
        if not packets:
            raise BadMedia("the segment has no frames in it")
        return stream, packets

    def _packets(self, stream: av.VideoStream) -> Iterator[av.Packet]:
        try:
            yield from self._container.demux(stream)
        except av.FFmpegError:
            return  # a truncated segment: what came before the end counts


def _reason(error: Exception) -> str:
    if isinstance(error, av.FFmpegError):
        return error.strerror or type(error).__name__
    return "there is no stream in it"  # PyAV has no stream to give our options to
