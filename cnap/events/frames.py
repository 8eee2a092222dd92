"""`io.cnap.video.frames.v1`: the frames of one segment, decoded and scaled, by reference."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from cloudevents.http import CloudEvent

from cnap.errors import BadEvent
from cnap.events import attributes as read
from cnap.events import stages, wants
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent

TYPE = "io.cnap.video.frames.v1"
CORRUPT = "corrupt frame"
"""The reason of frames that could not be decoded."""
CONTENT_TYPE = "application/x-npy"
TOLD = ("capture", "store", "broker", "queue", "decode")
"""Stages that are over, or begun, when frames are made."""


@dataclass(frozen=True)
class FramesEvent:
    """A frame group and what became of the segment's frames that are not in it."""

    id: SegmentId
    time: datetime
    dataref: str
    framecount: int
    """Frames in the group."""
    width: int
    height: int
    """The picture as displayed, in pixels, before it was scaled for the models."""
    models: tuple[str, ...]
    capturedframes: int
    failedframes: tuple[int, ...] = ()
    """Indices of frames that could not be decoded."""
    sampledframes: int = 0
    thinnedframes: int = 0
    wake: bool = False
    expirytime: datetime | None = None
    senttime: datetime | None = None
    madetime: datetime | None = None
    """When the group was in the store."""
    timings: stages.Timings = field(default_factory=dict, hash=False)
    """Seconds by stage till then."""
    traceparent: str = ""

    @property
    def left_out(self) -> dict[str, int]:
        """Frames of the segment that were left out on purpose, by reason."""
        counts = {"sampled": self.sampledframes, "thinned": self.thinnedframes}
        return {reason: count for reason, count in counts.items() if count}

    @classmethod
    def of(cls, segment: SegmentEvent, **facts: object) -> "FramesEvent":
        """The answer to a segment: what is said of it stays said."""
        return cls(
            id=segment.id,
            models=segment.models,
            capturedframes=segment.capturedframes,
            expirytime=segment.expirytime,
            senttime=segment.senttime,
            wake=segment.wake,
            traceparent=read.traceparent(segment.traceparent),
            **facts,
        )

    def to_event(self) -> CloudEvent:
        optional = {
            "failedframes": ",".join(map(str, self.failedframes)),
            "sampledframes": self.sampledframes,
            "thinnedframes": self.thinnedframes,
            "wake": "true" if self.wake else None,
            "expirytime": self.expirytime and read.rfc3339(self.expirytime),
            "senttime": self.senttime and read.rfc3339(self.senttime),
            "madetime": self.madetime and read.rfc3339(self.madetime),
        }
        return CloudEvent(
            {
                "type": TYPE,
                "source": f"/streams/{self.id.stream}/transcode",
                "id": str(self.id),
                "subject": self.id.stream,
                "time": read.rfc3339(self.time),
                "datacontenttype": CONTENT_TYPE,
                "dataref": self.dataref,
                "sequence": f"{self.id.sequence:010d}",
                "partitionkey": self.id.stream,
                "framecount": str(self.framecount),
                "width": str(self.width),
                "height": str(self.height),
                "capturedframes": str(self.capturedframes),
                "traceparent": self.traceparent,
            }
            | wants.to_attributes(self.models)
            | stages.to_attributes(self.timings)
            | {name: str(value) for name, value in optional.items() if value},
            b"",
        )

    @classmethod
    def from_event(cls, event: CloudEvent) -> "FramesEvent":
        """Raises BadEvent in plain words for whatever is missing or absurd."""
        given = event.get_attributes()
        if given["type"] != TYPE:
            raise BadEvent(f"expected an event of type {TYPE}, not {given['type'][:80]!r}")
        failed = read.text(given, "failedframes", "")
        if not re.fullmatch(r"([0-9]{1,4}(,[0-9]{1,4})*)?", failed):
            raise BadEvent("attribute failedframes must be indices with commas between them")
        return cls(
            id=SegmentId.parse(read.text(given, "id")),
            time=read.timestamp(given, "time"),
            dataref=read.text(given, "dataref"),
            framecount=read.integer(given, "framecount", read.MAX_FRAMES),
            width=read.integer(given, "width", 65535),
            height=read.integer(given, "height", 65535),
            models=wants.from_attributes(given),
            capturedframes=read.integer(given, "capturedframes", 2**53),
            failedframes=tuple(int(index) for index in failed.split(",") if index),
            sampledframes=read.integer(given, "sampledframes", read.MAX_FRAMES, 0),
            thinnedframes=read.integer(given, "thinnedframes", read.MAX_FRAMES, 0),
            wake=read.flag(given, "wake", "false"),
            expirytime=read.timestamp(given, "expirytime") if "expirytime" in given else None,
            senttime=read.timestamp(given, "senttime") if "senttime" in given else None,
            madetime=read.timestamp(given, "madetime") if "madetime" in given else None,
            timings=stages.from_attributes(given, TOLD),
            traceparent=read.traceparent(given.get("traceparent")),
        )
