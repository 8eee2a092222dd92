"""Which packets a decoder can begin with, and how soon after them its pictures are right."""

import av

from cnap.source.cut.units import Units, recovery

IDR = 5
"""ITU-T H.264, table 7-1: a slice of a picture that no later one looks back beyond."""


class KeyFrames:
    """Of one stream; of H.264 and H.265, by what is in its packets."""

    def __init__(self, codec: av.VideoCodecContext) -> None:
        known = codec.name in ("h264", "hevc")
        self._units = Units(codec.name, codec.extradata) if known else None

    def begins_gop(self, packet: av.Packet) -> bool:
        """Whether all that follows can be decoded from this packet on, but what is shown before it.

        Demuxers call H.264's recovery points key frames as well: with intra refresh, or open GOPs,
        pictures after one still refer to those before it.
        """
        if not packet.is_keyframe or self._units is None or self._units.h265:
            return packet.is_keyframe
        return any(unit.kind == IDR for unit in self._units.head(packet))

    def refreshed_after(self, packet: av.Packet) -> int | None:
        """After how many frames that others refer to pictures are right, if a decoder begins here;
        None where they never are."""
        found = 0 if packet.is_keyframe else None
        if self._units is None or not (found == 0 or self._units.h265):
            return found  # H.264's recovery points are key frames to demuxers, H.265's are not
        for unit in self._units.head(packet):
            if unit.kind == self._units.sei:
                count = recovery(unit.content, self._units.h265)
                found = found if count is None else count
        return found

    def is_referred_to(self, packet: av.Packet) -> bool:
        """Whether other frames may refer to this one; where that is not known, they do."""
        return self._units is None or any(unit.referred for unit in self._units.head(packet))
