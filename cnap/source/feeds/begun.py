"""A feed whose first packet has come: only then is it known of each kind what it sends."""

from collections.abc import Iterator
from itertools import chain

import av

from cnap.source.feeds.feed import Feed


class Begun:
    """`feed` with its first packet, which was read already, and the others."""

    def __init__(self, feed: Feed, first: av.Packet, others: Iterator[av.Packet]) -> None:
        self._feed, self._packets = feed, chain([first], others)
        self.live, self.close = feed.live, feed.close
        self.placed = getattr(feed, "placed", False)

    @property
    def stream(self) -> av.VideoStream:
        return self._feed.stream

    @property
    def framerate(self) -> float:
        return self._feed.framerate

    @property
    def zero(self) -> float | None:
        return self._feed.zero

    @property
    def late(self) -> float:
        return getattr(self._feed, "late", 0.0)

    @property
    def whole(self) -> bool:
        return getattr(self._feed, "whole", False)

    def packets(self) -> Iterator[av.Packet]:
        return self._packets
