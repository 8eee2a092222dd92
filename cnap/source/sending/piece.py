"""A segment on its way from the reader to the Broker."""

from dataclasses import dataclass

from cnap.events.identity import SegmentId
from cnap.source.cut.cutter import Cut
from cnap.source.totals import Totals

AWAY, BEHIND, EXPIRED, REFUSED, UNFIT, STOPPED = (
    "store unavailable",
    "behind",
    "expired",
    "refused",
    "unfit",
    "stopped",
)
"""Why a source drops frames."""


@dataclass(eq=False)
class Piece:
    """Nobody wants the frames of a piece that is not `wanted`: only its bytes are of use, to who
    watches or to decode the next ones of its GOP."""

    id: SegmentId
    cut: Cut
    totals: Totals
    captured: int
    """Frames captured in the epoch, up to and including these."""
    wanted: bool
    since: float
    """When it was cut, on the monotonic clock."""
    dataref: str = ""
    stored: float = 0.0
    """When the store had it, on the same clock."""

    @property
    def gop(self) -> tuple[int, int]:
        return self.id.epoch, self.cut.gopstart

    @property
    def place(self) -> tuple[int, int]:
        return self.id.epoch, self.id.sequence

    @property
    def refreshes(self) -> bool:
        """Whether decoders begin in the midst of its GOP, so that later segments may need it even
        if it can't be decoded itself."""
        return self.cut.decodefrom > self.cut.gopstart

    def needs(self, lost: tuple[int, int]) -> bool:
        """Whether it can't be decoded without the segment at that place."""
        begins = max(self.cut.gopstart, self.cut.decodefrom)
        return (self.id.epoch, begins) <= lost < self.place

    def drop(self, reason: str) -> None:
        """Counts its frames as dropped, if somebody wanted them."""
        if self.wanted:
            self.wanted = False
            self.totals.drop(reason, self.cut.framecount)
