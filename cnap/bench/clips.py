"""Clips to measure with, where there is no film of that kind: made once, and kept in the cache."""

import hashlib
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from cnap.errors import BadMedia
from cnap.models import cache_dir

SIZE, RATE, SECONDS = (768, 432), 25, 12
GOP = 2.0
"""Seconds between key frames, as of most cameras."""
CODEC = {"preset": "veryfast", "crf": "23", "bf": "0"}


def pattern() -> Path:
    """FFmpeg's test picture in motion: the same on every machine, though no model finds anything
    in it."""
    made = _place(f"testsrc2-{SIZE[0]}x{SIZE[1]}-{RATE}")
    if not made.exists():
        _encode(made, _testsrc(), SIZE, Fraction(RATE))
    return made


def resized(clip: Path, size: tuple[int, int]) -> Path:
    """The clip with frames of another size. Raises BadMedia where it can't be read."""
    made = _place(f"{clip.stem}-{content(clip)}-{size[0]}x{size[1]}")
    if not made.exists():
        try:
            with av.open(str(clip)) as film:
                rate = film.streams.video[0].average_rate or Fraction(RATE)
                _encode(made, film.decode(video=0), size, rate)
        except (av.FFmpegError, IndexError) as error:
            raise BadMedia(f"{clip.name} can't be made {size[0]}x{size[1]}: {error}") from None
    return made


def content(clip: Path) -> str:
    """What tells a clip from others, whatever its name: the beginning of its SHA-256."""
    with clip.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _place(name: str) -> Path:
    for folder in (cache_dir(), Path(tempfile.gettempdir(), "cnap")):
        place = folder / "bench" / f"{name}.mp4"
        with suppress(OSError):  # an image's cache can't be written
            place.parent.mkdir(parents=True, exist_ok=True)
            break
    return place


def _testsrc() -> Iterable[av.VideoFrame]:
    graph = av.filter.Graph()
    words = f"size={SIZE[0]}x{SIZE[1]}:rate={RATE}:duration={SECONDS}"
    source, sink = graph.add("testsrc2", words), graph.add("buffersink")
    source.link_to(sink)
    graph.configure()
    for _ in range(RATE * SECONDS):
        yield sink.pull()


def _encode(
    into: Path, frames: Iterable[av.VideoFrame], size: tuple[int, int], rate: Fraction
) -> None:
    """By one thread, since what several make depends on their number."""
    new = into.with_suffix(".new")
    with av.open(str(new), "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = round(rate * Fraction(GOP))
        stream.codec_context.thread_count = 1
        stream.codec_context.options = CODEC
        for number, frame in enumerate(frames):
            picture = frame.reformat(*size, format="yuv420p")
            picture.pts, picture.time_base = number, 1 / rate
            picture.pict_type = av.video.frame.PictureType.NONE
            output.mux(stream.encode(picture))
        output.mux(stream.encode())
    new.replace(into)
