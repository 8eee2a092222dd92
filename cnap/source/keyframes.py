"""Which packets a decoder can begin with, and lose nothing after."""

import av

IDR = 5
"""ITU-T H.264, table 7-1: a slice of a picture that no later one looks back beyond."""
LENGTH_PREFIXED = 1
"""ISO/IEC 14496-15, 5.3.3.1: the version with which an MP4's parameter sets begin."""


def begins_gop(packet: av.Packet, codec: av.VideoCodecContext) -> bool:
    """Whether all that follows can be decoded from this packet on.

    Demuxers call H.264's recovery points key frames as well: with intra refresh, or open GOPs,
    pictures after one still refer to those before it.
    """
    if not packet.is_keyframe or codec.name != "h264":
        return packet.is_keyframe
    return any(kind == IDR for kind in _unit_types(bytes(packet), codec.extradata or b""))


def _unit_types(data: bytes, extradata: bytes) -> list[int]:
    """The types of a packet's NAL units, length-prefixed as in MP4 or with start codes."""
    if extradata[:1] == bytes([LENGTH_PREFIXED]) and len(extradata) > 4:
        size = (extradata[4] & 3) + 1
        kinds, place = [], 0
        while place + size < len(data):
            kinds.append(data[place + size] & 0x1F)
            place += size + int.from_bytes(data[place : place + size], "big")
        return kinds
    return [unit[0] & 0x1F for unit in data.split(b"\0\0\1")[1:] if unit]
