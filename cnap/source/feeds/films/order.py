"""Presentation times of video whose container says none: AVI, ASF, MXF and bare H.264 or H.265."""

from collections import deque
from collections.abc import Iterable, Iterator

import av

from cnap.demuxer import LIMITS

DECODE_ORDER = {"avi", "asf", "mxf", "h264", "hevc"}
"""FFmpeg's names of containers that know the order of decoding and no other one, or may not (MXF).
What it gives as presentation times of H.264 and H.265 in them are none."""
REORDERING = {"h264", "hevc"}
UNFINISHED = {"skip_loop_filter": "all"}
"""Nobody sees these pictures: a quarter less CPU."""
PATIENCE = 24
"""Packets after one whose frame is not shown, till it is taken for broken: H.264 and H.265 reorder
16 at most."""


def lacks_order(container: av.container.InputContainer, stream: av.VideoStream) -> bool:
    codec = stream.codec_context
    unsaid = container.format.name in DECODE_ORDER
    return unsaid and codec.name in REORDERING and bool(codec.reorder_depth)


def in_display_order(packets: Iterable[av.Packet], stream: av.VideoStream) -> Iterator[av.Packet]:
    """The packets, in the order they come, with the time at which each is shown.

    Only slices deep inside the packets say the order, so a decoder is asked. The times are those
    of decoding, which are as far apart, dealt out anew; decode times are moved to before them.
    """
    codec = av.CodecContext.create(stream.codec_context.name, "r")
    codec.extradata = stream.codec_context.extradata
    codec.options = LIMITS | UNFINISHED
    codec.thread_count = 1
    deal = _Deal(stream.codec_context.reorder_depth)
    for packet in packets:
        probe = av.Packet(bytes(packet))
        probe.pts = deal.take(packet)
        deal.shown(_decoded(codec, probe))
        yield from deal.ready(PATIENCE)
    deal.shown(_decoded(codec, None))
    yield from deal.ready(0)


def _decoded(codec: av.VideoCodecContext, packet: av.Packet | None) -> list[av.VideoFrame]:
    try:
        return codec.decode(packet)
    except av.FFmpegError:
        return []


class _Deal:
    """Deals out times to packets as their frames come, in display order, from the decoder."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._times: list[int] = []
        self._waiting: deque[tuple[int, av.Packet]] = deque()
        self._given: dict[int, int] = {}
        self._keys: set[int] = set()
        self._next = 0

    def take(self, packet: av.Packet) -> int:
        """The packet's number."""
        number = len(self._times)
        self._times.append(packet.dts)
        self._waiting.append((number, packet))
        if packet.is_keyframe:
            self._keys.add(number)
        return number

    def shown(self, frames: list[av.VideoFrame]) -> None:
        for frame in frames:
            # Nothing that comes before a key frame is shown after it, broken frames or not.
            place = max(self._next, frame.pts if frame.pts in self._keys else 0)
            self._given[frame.pts] = place
            self._next = place + 1

    def ready(self, patience: int) -> Iterator[av.Packet]:
        while self._waiting:
            number, packet = self._waiting[0]
            if number not in self._given and len(self._waiting) <= patience:
                return
            self._waiting.popleft()
            packet.pts = self._times[self._given.pop(number, number)]
            before = number - self._depth
            early = self._times[0] + before * (packet.duration or 1)
            packet.dts = self._times[before] if before >= 0 else early
            yield packet
