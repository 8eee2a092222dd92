"""Clips and pictures that tests make for themselves."""

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

MILLISECONDS = Fraction(1, 1000)


def clip(
    path: Path,
    codec: str = "libx264",
    size: tuple[int, int] = (64, 48),
    frames: int = 50,
    rate: int = 25,
    gop: int = 12,
    bframes: int = 0,
    times: Sequence[int] | None = None,
    aspect: Fraction | None = None,
    audio: bool = False,
    pixels: str = "yuv420p",
    pictures: Sequence[np.ndarray] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video file whose frames all differ. `times` are milliseconds, for a variable rate;
    `pictures` are RGB arrays to show instead of the usual ones."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.gop_size = gop
        stream.max_b_frames = bframes
        stream.codec_context.options = {"preset": "ultrafast"} | (options or {})
        stream.codec_context.thread_count = 1
        if codec == "libx264" and bframes:
            stream.codec_context.options |= {"bf": str(bframes), "b-adapt": "0"}
        if times:
            stream.time_base = stream.codec_context.time_base = MILLISECONDS
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        sound = output.add_stream("aac", rate=8000, layout="mono") if audio else None
        count = len(times) if times else frames
        shown = pictures or [picture(index, size) for index in range(count)]
        for index, rgb in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixels)
            frame.pts = times[index] if times else index
            frame.time_base = MILLISECONDS if times else Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        if sound:
            _silence(output, sound, len(shown) / rate)
    return path


def _silence(output: av.container.OutputContainer, sound: av.AudioStream, seconds: float) -> None:
    for start in range(0, int(8000 * seconds), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8000, start
        output.mux(sound.encode(frame))
    output.mux(sound.encode())


def picture(index: int, size: tuple[int, int]) -> np.ndarray:
    """An RGB picture that no other index has."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    planes = (x * 3 + index * 11, y * 5 + index * 7, (x + y) * 2 + index * 3)
    return np.stack(planes, axis=-1).astype(np.uint8)


def corners(size: tuple[int, int]) -> np.ndarray:
    """An RGB picture whose quarters are black, dark, light and white, row by row."""
    width, height = size
    grey = np.zeros((height, width), np.uint8)
    grey[: height // 2, width // 2 :] = 85
    grey[height // 2 :, : width // 2] = 170
    grey[height // 2 :, width // 2 :] = 255
    return np.repeat(grey[:, :, None], 3, axis=2)


def quarters(luma: np.ndarray) -> list[int]:
    """Mean brightness of the picture's quarters, row by row, 0 to 3 in steps of `corners`."""
    height, width = luma.shape
    middle = [
        luma[y : y + height // 4, x : x + width // 4].mean()
        for y in (height // 8, height * 5 // 8)
        for x in (width // 8, width * 5 // 8)
    ]
    return [round((float(one) - 16) / 219 * 3) for one in middle]


def plain(path: Path) -> list[tuple[Fraction, np.ndarray]]:
    """Each frame's time (seconds) and its planes, by one plain decode of the whole file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        return [
            (frame.pts * Fraction(frame.time_base), planes(frame))
            for frame in container.decode(stream)
        ]


def planes(frame: av.VideoFrame) -> np.ndarray:
    """The frame's samples as the decoder gave them."""
    if frame.format.name == "pal8":
        return frame.to_ndarray(format="rgb24").ravel()
    return np.concatenate(
        [
            np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size).ravel()
            if plane.line_size == plane.width
            else np.frombuffer(plane, np.uint8)
            .reshape(plane.height, plane.line_size)[:, : plane.width]
            .ravel()
            for plane in frame.planes
        ]
    )


def png(width: int, height: int, claims: tuple[int, int] | None = None) -> bytes:
    """A grey PNG; `claims` is the size that its header tells instead."""
    header = struct.pack(">IIBBBBB", *(claims or (width, height)), 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg(rgb: np.ndarray, orientation: int = 0, claims: tuple[int, int] | None = None) -> bytes:
    """A JPEG with an EXIF orientation, or with a frame header that tells another size."""
    import cv2

    data = bytearray(cv2.imencode(".jpg", rgb[:, :, ::-1])[1].tobytes())
    if claims:
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, claims[1], claims[0])
    if orientation:
        entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
        tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
        exif = b"Exif\0\0" + tiff
        data[2:2] = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    return bytes(data)


def sound(path: Path) -> Path:
    """A file with sound and no picture."""
    with av.open(str(path), "w") as output:
        _silence(output, output.add_stream("aac", rate=8000, layout="mono"), 1)
    return path


def black(path: Path, size: tuple[int, int]) -> Path:
    """One black frame of any size, cheaply."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height = size
        stream.codec_context.options = {"preset": "ultrafast"}
        frame = av.VideoFrame(*size, "yuv420p")
        for plane, value in zip(frame.planes, (16, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path
