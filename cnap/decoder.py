"""Decoding segments: whatever replica takes a segment, the same frames come out.

A GOP is fed to one decoder, segment after segment. Which frames an event accounts for follows from
the packets alone: of all frames coded so far, sorted by presentation time, the first `framecount`
that no earlier event had. A decoder that shows a frame sooner has it kept for its own event.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import Flags

from cnap.demuxer import Demuxed, pixel_aspect, shows
from cnap.errors import BadMedia
from cnap.events.attributes import MAX_HELDBACK

MAX_BYTES = 1 << 30
"""Decoded pictures of one segment."""


@dataclass(frozen=True)
class Shown:
    """A frame that an event accounts for. `offset`: seconds after the segment's first frame."""

    index: int
    offset: Fraction
    duration: Fraction
    frame: av.VideoFrame | None
    """None where it could not be decoded."""


class Gop:
    """The decoder of one GOP, and the sequence of the segment that it wants next.

    It may begin anywhere in the GOP: at a recovery point, or where there is none. What comes out
    before the first picture that is right is taken as it is then, since nothing better will come.
    """

    def __init__(self, start: int) -> None:
        self.next = start
        self.aspect: Fraction | None = None
        """Width of a pixel by its height; None where the video doesn't say."""
        self._codec: av.VideoCodecContext | None = None
        self._blind = False
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
        with Demuxed(data, content_type) as (stream, packets):
            if self._codec is None:
                self._codec = stream.codec_context
                self.aspect = pixel_aspect(stream)
                self._codec.thread_count = 1
                self._blind = not packets[0].is_keyframe
                if self._blind and not self._codec.is_open:
                    self._codec.flags |= Flags.output_corrupt
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
            self._blind &= frame.is_corrupt
            if frame.pts in wanted and (self._blind or not frame.is_corrupt):
                self._ready[frame.pts] = frame

    def _keep_only(self, pending: list[tuple[int, int]]) -> None:
        self._pending = pending
        self._ready = {pts: self._ready[pts] for pts, _ in pending if pts in self._ready}
