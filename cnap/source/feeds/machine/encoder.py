"""Pictures that come without a coder (of test patterns, screens and some USB cameras), coded."""

import io
import math
from fractions import Fraction

import av
from av.codec.context import Flags

from cnap.pictures import Size
from cnap.source.feeds.feed import CameraFailed, Misconfigured

TICKS = 90_000
"""A second's, on the timeline of what is encoded."""
CODERS = {"h264": "libx264", "h265": "libx265", "mjpeg": "mjpeg"}
OPTIONS = {
    # No frame waits for a later one: what is shown is sent.
    "h264": {"preset": "ultrafast", "tune": "zerolatency"},
    "h265": {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none"},
    "mjpeg": {},
}
PIXELS = {"mjpeg": "yuvj420p"}


class Encoder:
    """One stream's coder. `gop`: seconds from key frame to key frame. Raises Misconfigured where
    this machine's FFmpeg can't write the codec.

    H.264 is what is used where nobody asks for another codec: of a real street (1280x720, 25/s) it
    takes 9 % of a core and 1.7 Mbit/s, MJPEG 10 % and 5.9, H.265 79 % and 0.4.
    """

    def __init__(self, size: Size, rate: Fraction, gop: float, codec: str = "h264") -> None:
        self._size, self._rate, self._codec = size, rate, codec
        self._gop = max(1, round(rate * Fraction(gop)))
        self._pixels = PIXELS.get(codec, "yuv420p")
        self._coder = self._new()
        self.stream = self._example().streams.video[0]
        """Of the packets, as whoever reads a file gets it: what belongs to a coder can't be cut.
        It lives as long as anybody has it: segments are muxed when the camera is closed already."""

    def packets(self, frame: av.VideoFrame) -> list[av.Packet]:
        """The frame's, whose time is in ticks of TICKS; it is scaled where it has another size."""
        if (frame.width, frame.height, frame.format.name) != (*self._size, self._pixels):
            pts = frame.pts
            frame = frame.reformat(*self._size, format=self._pixels, threads=1)
            frame.pts = pts
        frame.time_base = self._coder.time_base
        try:
            packets = self._coder.encode(frame)
        except av.FFmpegError as error:
            raise CameraFailed(f"a picture could not be encoded: {error.strerror}") from None
        for packet in packets:
            packet.stream = self.stream
            packet.duration = round(TICKS / self._rate)
        return packets

    def _new(self) -> av.VideoCodecContext:
        try:
            coder = av.CodecContext.create(CODERS[self._codec], "w")
        except ValueError:
            raise Misconfigured(
                f"FFmpeg here has no {CODERS[self._codec]}, which encodes {self._codec}: "
                "install PyAV from PyPI (pip install --force-reinstall av)"
            ) from None
        self._set(coder)
        coder.flags |= Flags.global_header.value  # segments have them in their init section
        return coder

    def _example(self) -> av.container.InputContainer:
        """A film of one grey picture by a coder like ours: its parameters are those of all."""
        file = io.BytesIO()
        with av.open(file, "w", format="nut") as output:
            coder = output.add_stream(CODERS[self._codec]).codec_context
            self._set(coder)
            grey = av.VideoFrame(*self._size, self._pixels)
            grey.pts, grey.time_base = 0, coder.time_base
            output.mux(coder.encode(grey) + coder.encode(None))
        file.seek(0)
        return av.open(file, format="nut")

    def _set(self, coder: av.VideoCodecContext) -> None:
        coder.width, coder.height = self._size
        coder.pix_fmt = self._pixels
        coder.time_base, coder.framerate = Fraction(1, TICKS), self._rate
        coder.gop_size, coder.max_b_frames = self._gop, 0
        coder.options = OPTIONS[self._codec]
        coder.thread_count = 1


def even(size: Size) -> Size:
    """The size without an odd last row or column, which coders have no half colours for."""
    return max(2, size[0] & ~1), max(2, size[1] & ~1)


def within(size: Size, largest: Size | None) -> Size:
    """The size, shrunk in proportion to fit into the largest; even."""
    shrunk = min(1.0, largest[0] / size[0], largest[1] / size[1]) if largest else 1.0
    return even((math.floor(size[0] * shrunk), math.floor(size[1] * shrunk)))
