"""Who an event is about: the stream, its epoch and the segment's place in it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cnap.errors import BadEvent
from cnap.events.attributes import MAX_SEQUENCE, stream_name

MAX_EPOCH = 32503680000000
"""The year 3000 in milliseconds: later ones don't fit every language's dates."""


@dataclass(frozen=True, order=True)
class SegmentId:
    """One segment of one stream, and at once the id of every event about it.

    `epoch` is the instant (milliseconds since 1970) at which the segment's own media timeline is
    zero: a frame's capture time is `epoch` plus its presentation time. A stream that starts anew
    begins a new epoch, with `sequence` 0.
    """

    stream: str
    epoch: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.stream}-{self.epoch}-{self.sequence:010d}"

    @classmethod
    def parse(cls, value: str) -> "SegmentId":
        match = re.fullmatch(r"(.{1,63})-([0-9]{1,14})-([0-9]{10})", value)
        if not match:
            raise BadEvent(f"id must be STREAM-EPOCH-SEQUENCE, not {value[:80]!r}")
        stream, epoch, sequence = stream_name(match[1]), int(match[2]), int(match[3])
        if epoch > MAX_EPOCH or sequence > MAX_SEQUENCE:
            raise BadEvent(f"id {value!r} has an epoch or a sequence that is too large")
        return cls(stream, epoch, sequence)

    @property
    def began(self) -> datetime:
        """The instant at which the epoch's media timeline is zero."""
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=self.epoch)

    def at(self, sequence: int) -> "SegmentId":
        return SegmentId(self.stream, self.epoch, sequence)


def segment_key(segment: SegmentId, gopstart: int, suffix: str) -> str:
    """Where a segment's bytes are: any replica can name the earlier ones of the same GOP."""
    return (
        f"segments/{segment.stream}/{segment.epoch}/"
        f"{gopstart:010d}-{segment.sequence:010d}.{suffix}"
    )


def frames_key(segment: SegmentId) -> str:
    return f"frames/{segment.stream}/{segment.epoch}/{segment.sequence:010d}.npy"
