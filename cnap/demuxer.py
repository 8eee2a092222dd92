"""A segment's packets, by what its container says; refused where it says too much."""

import bisect
import io
from collections.abc import Iterator
from fractions import Fraction

import av

from cnap.boxes import claimed_samples
from cnap.errors import BadMedia
from cnap.events.attributes import MAX_FRAMES

MAX_PIXELS = 36_000_000
"""8K is 33 million pixels; a picture that claims more is refused before memory is taken for it."""

MAX_SAMPLES = 1_000_000
"""More than any segment's frames and sound together; FFmpeg takes some 40 bytes for each."""

ODDEST = 10
"""Pixels that claim to be wider or higher than this many times the other are not believed."""
OF_BOXES = {"mp4", "mov"}
CONTAINERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-nut": "nut",
    "video/mp2t": "mpegts",
}
# Without these the demuxer decodes several frames only to guess a frame rate that nobody asks for.
QUICK = {"probesize": "32", "analyzeduration": "0"}
LIMITS = {"max_pixels": str(MAX_PIXELS)}
UNSEEN = LIMITS | {"skip_frame": "all"}
"""FFmpeg decodes the first pictures of what it opens, to know how many frames are reordered: of a
segment of 720p, four times what one of its frames takes. Boxes say all else, and times say that."""


def pixel_aspect(stream: av.VideoStream) -> Fraction | None:
    """Width of a pixel by its height; None where the video doesn't say, or something absurd."""
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and 1 / ODDEST <= aspect <= ODDEST else None


def shows(packet: av.Packet, codec: str) -> bool:
    """Whether a frame is shown for the packet. VP8 has some that are only referred to: RFC 6386,
    9.1 (show_frame). Other codecs put those into the packet of one that is shown."""
    return codec != "vp8" or bool(packet.size and memoryview(packet)[0] & 0x10)


def too_large(width: int, height: int) -> str:
    """What is wrong with pictures of this size, for people; empty where nothing is."""
    if width * height <= MAX_PIXELS:
        return ""
    limit = f"{MAX_PIXELS // 1_000_000} million pixels"
    return f"a picture of {width}x{height} is over the limit of {limit}"


def video_of(container: av.container.InputContainer, what: str) -> av.VideoStream:
    """The first video of `what`, whose pictures are never larger than we take. Raises BadMedia."""
    if not container.streams.video:
        raise BadMedia(f"{what} has no video in it")
    stream = container.streams.video[0]
    codec = stream.codec_context
    if codec is None:
        raise BadMedia(f"{what} has video of a kind that nothing here decodes")
    if words := too_large(codec.width, codec.height):
        raise BadMedia(words)
    if not codec.is_open:
        codec.options = LIMITS
    return stream


class Demuxed:
    """The video stream of a segment, and its packets: at least one."""

    def __init__(self, data: memoryview, content_type: str) -> None:
        self._data, self._format = data, CONTAINERS[content_type]

    def __enter__(self) -> tuple[av.VideoStream, list[av.Packet]]:
        file = io.BytesIO(self._data)
        if self._format in OF_BOXES and claimed_samples(file) > MAX_SAMPLES:
            raise BadMedia(f"the segment claims to have more than {MAX_SAMPLES:,} samples")
        file.seek(0)
        try:
            self._container = av.open(
                file,
                format=self._format,
                options=QUICK,
                stream_options=[UNSEEN if self._format in OF_BOXES else LIMITS],
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
        stream = video_of(self._container, "the segment")
        packets = []
        for packet in self._packets(stream):
            if packet.pts is not None and packet.size:
                packets.append(packet)
            if len(packets) > MAX_FRAMES:
                raise BadMedia(f"the segment has more than {MAX_FRAMES} frames")
        if not packets:
            raise BadMedia("the segment has no frames in it")
        if self._format in OF_BOXES and not stream.codec_context.is_open:
            stream.codec_context.reorder_depth = _reordered(packets)
        return stream, packets

    def _packets(self, stream: av.VideoStream) -> Iterator[av.Packet]:
        try:
            yield from self._container.demux(stream)
        except av.FFmpegError:
            return  # a truncated segment: what came before the end counts


def _reordered(packets: list[av.Packet]) -> int:
    """How many frames, at most, are coded before one that is shown before them."""
    most, times = 0, []
    for packet in packets:
        place = bisect.bisect(times, packet.pts)
        most = max(most, len(times) - place)
        times.insert(place, packet.pts)
    return most


def _reason(error: Exception) -> str:
    if isinstance(error, av.FFmpegError):
        return error.strerror or type(error).__name__
    return "there is no stream in it"  # PyAV has no stream to give our options to
