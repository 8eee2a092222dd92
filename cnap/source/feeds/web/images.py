"""Pictures that a camera sends one by one, as packets of a video stream."""

import io
from time import monotonic

import av

from cnap.demuxer import LIMITS, QUICK, too_large
from cnap.errors import BadMedia
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.times import TIME_BASE
from cnap.stills import claimed_size

FORMATS = {b"\xff\xd8\xff": "mjpeg", b"\x89PNG\r\n\x1a\n": "png_pipe"}
"""FFmpeg's names of what a camera may send, by how it begins."""
ENDS = {"mjpeg": b"\xff\xd9", "png_pipe": b"IEND\xaeB`\x82"}
PADDING = 4096
"""Bytes after a picture's end, at most, that belong to it: some cameras fill up their buffers."""
MOST_BYTES = 32 << 20
TOLD = 60.0
"""Seconds for which people are told that something was lost."""
MOST_DAMAGED = 20
"""Damaged pictures in a row after which it is no camera any more."""


class Images:
    """Makes packets of JPEGs and PNGs. Another kind or size of picture is another stream.

    A picture that is cut short, or is none, gives no packet and is counted: a decoder would show
    the part that came, and models would look at grey."""

    def __init__(self) -> None:
        self.stream: av.VideoStream | None = None
        """Of the newest packet."""
        self._damaged = self._in_row = 0
        self._last_damaged = float("-inf")
        self._kind: tuple[object, ...] = ()

    def packet(self, data: bytes, time: float, seconds: float) -> av.Packet | None:
        """`time` and `seconds`: when it is shown, and for how long. Raises CameraFailed where
        nothing but damaged pictures comes, Misconfigured where they are too large."""
        try:
            picture = self._whole(data)
        except BadMedia as error:
            self._damaged += 1
            self._in_row += 1
            self._last_damaged = monotonic()
            if self._in_row >= MOST_DAMAGED:
                raise CameraFailed(
                    f"{self._in_row} pictures in a row are damaged: {error}"
                ) from None
            return None
        self._in_row = 0
        packet = av.Packet(picture)
        packet.stream = self.stream
        packet.time_base = TIME_BASE
        packet.pts = packet.dts = round(time / TIME_BASE)
        packet.duration = round(seconds / TIME_BASE)
        packet.is_keyframe = True
        return packet

    @property
    def note(self) -> str:
        """What went wrong just now, for people, or nothing."""
        recent = monotonic() - self._last_damaged < TOLD
        return f"{self._damaged} pictures came damaged" if recent else ""

    def _whole(self, data: bytes) -> bytes:
        """The picture without padding; `stream` is its. Raises BadMedia."""
        name = next((name for start, name in FORMATS.items() if data.startswith(start)), "")
        if not name:
            raise BadMedia("this is neither JPEG nor PNG")
        end = data.rfind(ENDS[name], -PADDING)
        if end < 0:
            raise BadMedia("it is cut short")
        width, height = claimed_size(memoryview(data))
        if words := too_large(width, height):
            raise Misconfigured(f"{words}: set the camera to a smaller one")
        picture = data[: end + len(ENDS[name])]
        if self._kind != (name, width, height):
            self.stream = _stream(picture, name)
            self._kind = name, width, height
        return picture


def _stream(picture: bytes, name: str) -> av.VideoStream:
    """What its packets are muxed as. It keeps its container, and so what FFmpeg has of it."""
    try:
        container = av.open(
            io.BytesIO(picture), format=name, options=QUICK, stream_options=[LIMITS]
        )
    except (av.FFmpegError, ValueError):
        raise BadMedia("it can't be decoded") from None
    stream = container.streams.video[0]
    if not stream.codec_context.width:
        raise BadMedia("it can't be decoded")
    stream.time_base = TIME_BASE
    return stream
