"""The frame group's format: numpy's own, and nothing in it is believed before it is checked."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnap.errors import BadMedia
from cnap.frames import FrameGroup, jpeg_dtype, nv12_dtype

TIMES = [np.datetime64("2026-05-01T08:00:00.000001"), np.datetime64("2026-05-01T08:00:00.040001")]


def group(frames=2, size=(8, 4)):
    records = np.zeros(frames, nv12_dtype(*size))
    records["index"] = range(frames)
    records["time"] = [TIMES[0] + np.timedelta64(40 * n, "ms") for n in range(frames)]
    records["nv12"] = np.random.default_rng(1).integers(0, 256, records["nv12"].shape)
    return FrameGroup(records)


def whole(one):
    return b"".join(bytes(part) for part in one.parts())


@pytest.mark.parametrize(("frames", "size"), [(0, (2, 2)), (1, (2, 2)), (3, (640, 360))])
def test_what_is_written_is_read_without_a_copy(frames, size):
    data = whole(group(frames, size))
    again = FrameGroup.read(memoryview(data))

    assert (again.format, len(again)) == ("nv12", frames)
    assert np.array_equal(again.records, group(frames, size).records)
    assert not again.records.flags.owndata
    assert np.array_equal(np.load(io.BytesIO(data), allow_pickle=False), again.records)


def test_jpegs_of_different_lengths():
    jpegs = [b"\xff\xd8first", b"\xff\xd8the second\0\0"]
    again = FrameGroup.read(memoryview(whole(FrameGroup.of_jpegs([0, 5], TIMES, jpegs))))

    assert (again.format, again.jpegs()) == ("jpeg", jpegs)
    assert again.records["index"].tolist() == [0, 5]
    assert again.records["time"].tolist() == [time.astype(object) for time in TIMES]
    assert len(FrameGroup.read(memoryview(whole(FrameGroup.of_jpegs([], [], []))))) == 0


def header(text, version=2):
    text = text.encode("latin1") if isinstance(text, str) else text
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text


def described(descr, shape="(1,)", order="False"):
    return header(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}\n")


FRAME = "[('index', '<u4'), ('time', '<M8[us]'), ('nv12', '|u1', (3, 2))]"
SIZED = "[('index', '<u4'), ('time', '<M8[us]'), ('nv12', '|u1', ({0}, {1}))]"

HOSTILE = {
    "nothing": b"",
    "a text": b"this is not a frame group",
    "magic only": b"\x93NUMPY\x02\x00",
    "a pickle": described("'|O'"),
    "objects": described("[('index', '|O')]"),
    "other fields": described("[('a', '<u4')]") + bytes(4),
    "another order of fields": described("[('time', '<M8[us]'), ('index', '<u4')]") + bytes(12),
    "big endian": described(FRAME.replace("<u4", ">u4")) + bytes(18),
    "plain bytes": described("'|u1'") + b"\0",
    "two dimensions": described(FRAME, "(1, 1)") + bytes(18),
    "no dimension": described(FRAME, "()") + bytes(18),
    "negative": described(FRAME, "(-1,)") + bytes(18),
    "negative, and no more than the header": described(FRAME, "(-1,)"),
    "too many": described(FRAME, "(1000000000000000000,)") + bytes(18),
    "a number that no machine has": described(FRAME, f"({'9' * 1000},)"),
    "less than it says": described(FRAME) + bytes(17),
    "more than it says": described(FRAME) + bytes(19),
    "an enormous frame": described(SIZED.format(3 * 10**9, 10**9)),
    "a frame of nothing": described(SIZED.format(0, 0)),
    "an odd frame": described(SIZED.format(3, 3)) + bytes(21),
    "a frame of a negative size": described(SIZED.format(-3, -2)),
    "enormous JPEGs": described("[('index', '<u4'), ('time', '<M8[us]'), ('size', '<u4'),"
                                " ('jpeg', '|V99999999999')]"),
    "code": header("__import__('os').system('touch /tmp/hacked')\n"),
    "deep": header("(" * 3000 + ")" * 3000),
    "deeper": header("-" * 4000 + "1"),
    "a header longer than the file": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1),
    "a header longer than allowed": header("{" + " " * 60_000 + "}"),
    "unfinished": header("{'descr': '"),
    "no utf-8": header(b"\xff\xfe\xfd", 3),
    "another version": b"\x93NUMPY\x09\x00" + bytes(100),
    "a list": header("[1, 2]"),
    "a descr of another kind": described("{'a': 1}"),
    "a descr of numbers": described("[(1, 2)]"),
    "a descr of nothing": described("[()]"),
    "a descr of parts": described("[('a',)]"),
    "a name that is none": described("[('', '<u4'), (None, '<u4')]"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_frame_group_is_bad_input(name):
    with pytest.raises(BadMedia, match=r"frame group"):
        FrameGroup.read(memoryview(HOSTILE[name]))


GOOD = whole(group(1, (2, 2)))


@given(some.binary(max_size=300), some.integers(0, len(GOOD)))
def test_noise_is_never_worse_than_bad_input(noise, place):
    for data in (noise, GOOD[:place] + noise, GOOD[:place] + noise + GOOD[place + len(noise) :]):
        try:
            FrameGroup.read(memoryview(data))
        except BadMedia:
            continue


WORDS = "{}[]()'\":,.<>|uV4M8 \n\t\0\\-_abndescrfortran_orderTrueFalse0123"


@given(some.text(alphabet=WORDS, max_size=80))
def test_a_header_of_any_words_is_never_worse_than_bad_input(text):
    for head in (header(text), described(text), described(FRAME, text)):
        try:
            FrameGroup.read(memoryview(head + bytes(18)))
        except BadMedia:
            continue


def test_the_longest_jpeg_gives_the_records_their_size():
    assert FrameGroup.of_jpegs([0, 1], TIMES, [b"1", b"123"]).records.dtype == jpeg_dtype(3)
