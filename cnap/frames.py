"""A frame group: the frames of one segment, decoded, scaled, each with its capture time.

On the wire it is numpy's .npy format, version 1 or 2, with a structured dtype, so that any tool
that reads .npy reads it, and a mapped file is used without a copy:

    index  <u4        the frame's place among the segment's frames, in display order
    time   <M8[us]    its capture time, UTC
    then either
    nv12   u1[h*3/2, w]   Y plane above interleaved U and V at half the size, BT.601 limited range
    or
    size   <u4        bytes of the JPEG
    jpeg   V<n>       the JPEG, padded with zeros to the longest one of the group
"""

import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib import format as npy

from cnap.errors import BadMedia

MAX_BYTES = 512 << 20
MAX_HEADER = 4096


def nv12_dtype(width: int, height: int) -> np.dtype:
    """One record of a group of NV12 frames; `width` and `height` are even."""
    plane = (height * 3 // 2, width)
    return np.dtype([("index", "<u4"), ("time", "<M8[us]"), ("nv12", "u1", plane)])


def jpeg_dtype(longest: int) -> np.dtype:
    return np.dtype(
        [("index", "<u4"), ("time", "<M8[us]"), ("size", "<u4"), ("jpeg", f"V{longest}")]
    )


@dataclass(frozen=True)
class FrameGroup:
    """`records` is a one-dimensional structured array, one record a frame."""

    records: np.ndarray

    @property
    def format(self) -> str:
        return "nv12" if "nv12" in self.records.dtype.names else "jpeg"

    def __len__(self) -> int:
        return len(self.records)

    @classmethod
    def of_jpegs(
        cls, indices: Sequence[int], times: Sequence[np.datetime64], jpegs: Sequence[bytes]
    ) -> "FrameGroup":
        records = np.zeros(len(jpegs), jpeg_dtype(max(map(len, jpegs), default=1)))
        records["index"], records["time"] = indices, times
        records["size"] = [len(jpeg) for jpeg in jpegs]
        records["jpeg"] = [np.void(jpeg) for jpeg in jpegs]
        return cls(records)

    def jpegs(self) -> list[bytes]:
        return [
            bytes(jpeg)[:size]
            for size, jpeg in zip(self.records["size"], self.records["jpeg"], strict=True)
        ]

    def parts(self) -> tuple[bytes, memoryview]:
        """The header and the records' own memory: together the bytes of the .npy file."""
        header = io.BytesIO()
        npy.write_array_header_2_0(header, npy.header_data_from_array_1_0(self.records))
        return header.getvalue(), memoryview(self.records.view(np.uint8)).cast("B")

    @classmethod
    def read(cls, data: memoryview) -> "FrameGroup":
        """The group in these bytes, without copying them; BadMedia for anything else."""
        try:
            head = io.BytesIO(bytes(data[:MAX_HEADER]))
            version = npy.read_magic(head)
            reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = reader(head, max_header_size=MAX_HEADER)
        except (ValueError, SyntaxError, RecursionError, tokenize.TokenError) as error:
            raise BadMedia(f"not a frame group: {str(error)[:120]}") from None
        if len(shape) != 1 or not _is_frame(dtype):
            raise BadMedia(f"not a frame group: shape {shape} of {str(dtype)[:120]}")
        offset, size = head.tell(), shape[0] * dtype.itemsize
        if size > MAX_BYTES or len(data) != offset + size:
            raise BadMedia(f"a frame group of {size} bytes that has {len(data) - offset}")
        return cls(np.frombuffer(data, dtype, shape[0], offset))


def _is_frame(dtype: np.dtype) -> bool:
    if not dtype.names:
        return False
    if dtype.names[-1] == "nv12":
        plane = dtype["nv12"].shape
        if len(plane) != 2 or plane[0] % 3 or plane[1] % 2 or 0 in plane:
            return False
        return dtype == nv12_dtype(plane[1], plane[0] // 3 * 2)
    return dtype.names[-1] == "jpeg" and dtype == jpeg_dtype(dtype["jpeg"].itemsize)
