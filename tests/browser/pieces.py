"""Video as a dashboard gives it, a second at a time."""

import io
from functools import cache

import av

from tests import media

RATE = 25


@cache
def second(odd: bool, codec: str = "libx264") -> bytes:
    """A second of video as the dashboard gives it: an init section and one fragment."""
    size = (320, 180)
    file = io.BytesIO()
    with av.open(
        file, "w", "mp4", options={"movflags": "empty_moov+default_base_moof+frag_keyframe"}
    ) as output:
        made = output.add_stream(codec, rate=RATE)
        made.width, made.height = size
        made.pix_fmt, made.gop_size = "yuv420p", RATE
        made.codec_context.options = {"preset": "ultrafast"}
        for n in range(RATE):
            rgb = media.picture(n + RATE * odd, size)
            output.mux(made.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        output.mux(made.encode())
    return file.getvalue()


def moved(piece: bytes, seconds: int) -> bytes:
    """The same video, so much later on its own timeline."""
    scale, place = piece.index(b"mdhd") + 16, piece.index(b"tfdt") + 8
    time = seconds * int.from_bytes(piece[scale : scale + 4], "big")
    return piece[:place] + time.to_bytes(8, "big") + piece[place + 8 :]
