"""When the frames of a feed were captured that has put them on a timeline already: as it says."""

import math

import av

from cnap.source.feeds.feed import Feed


class PlacedClock:
    """Moves all packets by the one offset by which the timeline begins at its epoch, which is later
    than `after` (unix ms)."""

    note = ""

    def __init__(self, feed: Feed, after: int) -> None:
        self._feed, self._after = feed, after
        self._offset: int | None = None
        self.epoch = 0

    def take(self, packet: av.Packet) -> list[av.Packet]:
        if self._offset is None:
            self._begin(packet)
        packet.dts += self._offset
        packet.pts += self._offset
        return [packet]

    def rest(self) -> list[av.Packet]:
        return []

    def _begin(self, first: av.Packet) -> None:
        rate = float(1 / first.stream.time_base)
        begins = math.floor((self._feed.zero + first.dts / rate) * 1000)
        self.epoch = max(begins, self._after + 1)
        self._offset = max(-first.dts, round((self._feed.zero - self.epoch / 1000) * rate))
