"""An upload, opened: the packets of a few seconds of video, or of one picture, that stand alone."""

import io
from collections.abc import Iterator

import av

from cnap.boxes import claimed_samples
from cnap.demuxer import LIMITS, MAX_SAMPLES, OF_BOXES, QUICK, shows, video_of
from cnap.errors import BadMedia
from cnap.events.attributes import MAX_FRAMES
from cnap.source.feeds.times import TIME_BASE, dated, needed, rescale

FORMATS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/mp2t": "mpegts",
    "image/jpeg": "jpeg_pipe",
}
"""FFmpeg's names for what may be uploaded: no other demuxer is let near it."""
LONGEST = 30.0
"""Seconds."""


class Upload:
    """Its video stream, and its packets in decode order, with both times. The container stays open,
    with all that packets refer to, until it is closed or nobody has its stream any more."""

    def __init__(self, data: bytes, content_type: str) -> None:
        """`content_type` is one of FORMATS. Raises BadMedia."""
        self._format = FORMATS[content_type]
        self.still = content_type == "image/jpeg"
        file = io.BytesIO(data)
        self._container = _opened(file, self._format)
        try:
            self.stream = self._video()
            self.packets = self._read()
            rescale(self.stream, self.packets)
            if self.seconds > LONGEST:
                raise BadMedia(f"the upload is longer than {LONGEST:g} s; send shorter ones")
            file.truncate(0)  # read to its end, and open for as long as somebody has its stream
        except BaseException:
            self.close()
            raise
        self.size = sum(packet.size for packet in self.packets)

    @property
    def seconds(self) -> float:
        """How long it is on the screen; 0 for a picture."""
        if self.still:
            return 0.0
        ends = max(packet.pts + (packet.duration or 0) for packet in self.packets)
        return float((ends - self._begins) * TIME_BASE)

    @property
    def frames(self) -> int:
        name = self.stream.codec_context.name
        return sum(shows(packet, name) for packet in self.packets)

    @property
    def kind(self) -> tuple[object, ...]:
        """What two uploads have in common when one goes on where the other ended."""
        codec = self.stream.codec_context
        return codec.name, codec.width, codec.height, codec.extradata

    def skip_to_key(self) -> float:
        """Leaves out what can't be decoded; seconds by which it begins later. Raises BadMedia."""
        keys = [number for number, packet in enumerate(self.packets) if packet.is_keyframe]
        if not keys:
            raise BadMedia("the upload has no key frame to begin with")
        before = self._begins
        del self.packets[: keys[0]]
        return float((self._begins - before) * TIME_BASE)

    def move(self, ticks: int) -> None:
        """Puts its first picture at `ticks` of the time base."""
        ticks -= self._begins
        for packet in self.packets:
            packet.pts += ticks
            packet.dts += ticks

    def join(self, stream: av.VideoStream) -> None:
        """Makes its packets those of another upload's stream, of the same kind, and closes it."""
        for packet in self.packets:
            packet.stream = stream
        self.close()

    def close(self) -> None:
        self._container.close()

    @property
    def _begins(self) -> int:
        return min(packet.pts for packet in self.packets)

    def _video(self) -> av.VideoStream:
        stream = video_of(self._container, "the upload")
        if not stream.codec_context.width * stream.codec_context.height:
            raise BadMedia("the upload has no picture in it that can be read")
        return stream

    def _read(self) -> list[av.Packet]:
        packets: list[av.Packet] = []
        for packet in needed(dated(self._demuxed())):
            packets.append(packet)
            if len(packets) > MAX_FRAMES:
                raise BadMedia(f"the upload has more than {MAX_FRAMES} frames; send shorter ones")
        if not packets:
            raise BadMedia("the upload has no frames in it")
        return packets

    def _demuxed(self) -> Iterator[av.Packet]:
        try:
            yield from (one for one in self._container.demux(self.stream) if one.size)
        except av.FFmpegError as error:
            raise BadMedia(f"the upload breaks off: {error.strerror}") from None


def _opened(file: io.BytesIO, name: str) -> av.container.InputContainer:
    if name in OF_BOXES and claimed_samples(file) > MAX_SAMPLES:
        raise BadMedia(f"the upload claims to have more than {MAX_SAMPLES:,} samples")
    file.seek(0)
    # Of MPEG-TS and of pictures only the video itself tells what it is.
    quick = {} if name in ("mpegts", "jpeg_pipe") else QUICK
    try:
        return av.open(file, format=name, options=quick | LIMITS)
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        kind = "JPEG picture" if name == "jpeg_pipe" else f"{name} video"
        raise BadMedia(f"the upload is no {kind}: {reason}") from None
