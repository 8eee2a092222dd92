"""What time it is at the camera: by RTCP sender reports (RFC 3550, 6.4.1) that FFmpeg passes on."""

import struct

import av

AGREED = 0.005
"""Seconds between what two packets say, so that both are believed: the first after a report may
have the clock's time of another one."""


class SenderClock:
    """Packets bring the wall clock's time of their RTP timestamp, once there was a report."""

    def __init__(self) -> None:
        self.zero: float | None = None
        """Unix seconds of time 0 of the packets' timeline."""
        self._before: float | None = None
        self._tick = 0.0

    def read(self, packet: av.Packet) -> None:
        if packet.pts is None or not packet.has_sidedata("prft"):
            return
        # AVProducerReferenceTime: microseconds of unix time, then flags.
        microseconds = struct.unpack_from("=q", packet.get_sidedata("prft"))[0]
        self._tick = self._tick or float(packet.time_base)
        zero = microseconds / 1e6 - packet.pts * self._tick
        if self._before is not None and abs(zero - self._before) < AGREED:
            self.zero = zero
        self._before = zero
