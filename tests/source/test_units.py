"""What packets of H.264 and H.265 tell in their heads."""

import av
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnap.source.cut.units import HEAD, Units, recovery

SLICE = {"h264": b"\x41", "hevc": b"\x02\x01"}
SEI = {"h264": b"\x06", "hevc": b"\x4e\x01"}
AVCC = b"\1\x64\0\x0a\xff" + bytes(9)
HVCC = b"\1" + bytes(20) + b"\xff" + bytes(9)


def written(units, prefixed):
    if prefixed:
        return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    return b"".join(b"\0\0\0\1" + unit for unit in units)


@pytest.mark.parametrize("prefixed", [False, True])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("filler", [10, HEAD])
def test_a_head_ends_with_the_first_slice(codec, prefixed, filler):
    extradata = {"h264": AVCC, "hevc": HVCC}[codec] if prefixed else None
    units = Units(codec, extradata)
    sei = SEI[codec] + b"\x05" + b"\x7f" * filler
    slices = [SLICE[codec] + bytes([n]) * 40 for n in (7, 8)]
    head = units.head(av.Packet(written([sei, *slices], prefixed)))

    assert [unit.slice for unit in head] == [False, True]
    assert head[0].kind == units.sei
    assert head[1].content[:3] == b"\7\7\7"


@pytest.mark.parametrize(
    ("message", "h265", "count"),
    [
        (b"\x06\x02\x2c\x40\x80", False, 4),
        (b"\x06\x01\x80\x80", False, 0),
        (b"\x05\x03abc\x06\x02\x2c\x40\x80", False, 4),
        (b"\x06\x02\x2c\x40\x80", True, 0),
        (b"\x06\x02\x24\x40\x80", True, 2),
        (b"\x05\x03abc\x80", False, None),
        (b"", False, None),
    ],
)
def test_a_recovery_point_says_when_pictures_are_right(message, h265, count):
    assert recovery(message, h265) == count


@given(
    some.binary(max_size=2000),
    some.sampled_from(["h264", "hevc"]),
    some.sampled_from([None, AVCC, HVCC]),
)
def test_noise_never_does_worse_than_say_nothing(data, codec, extradata):
    for unit in Units(codec, extradata).head(av.Packet(data)) if data else ():
        count = recovery(unit.content, codec == "hevc")
        assert count is None or count >= 0
