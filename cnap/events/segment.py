"""`io.cnap.video.segment.v1`: about a second of encoded video, or a still image, by reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cloudevents.http import CloudEvent

from cnap.errors import BadEvent
from cnap.events import attributes as read
from cnap.events import stages, wants
from cnap.events.identity import SegmentId, segment_key

if TYPE_CHECKING:
    from cnap.source.cut.cutter import Cut

TYPE = "io.cnap.video.segment.v1"
TOLD = ("store", "queue")
"""Stages that are over when a segment is sent."""

SUFFIXES = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-nut": "nut",
    "video/mp2t": "ts",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
}


@dataclass(frozen=True)
class SegmentEvent:
    """A segment and its place in the stream.

    `framecount` frames are accounted for by this event: those that a decoder fed with every
    segment of the GOP up to this one has shown, and had not before it. `heldback` frames of
    earlier segments are among the first of them.
    """

    id: SegmentId
    time: datetime
    """Capture time of the first frame, in display order, that the segment's bytes hold."""
    datacontenttype: str
    dataref: str
    framecount: int
    gopstart: int
    gopend: bool = True
    heldback: int = 0
    decodefrom: int = 0
    """The segment from which a decoder may begin for this one, where that is after `gopstart`."""
    framesize: tuple[int, int] | None = None
    """Width and height that frames for models never exceed."""
    models: tuple[str, ...] = ()
    capturedframes: int = 0
    """Frames that the source has captured in this epoch, up to and including these."""
    framerate: float | None = None
    """Frames a second that are wanted at all; others are dropped as `sampled`."""
    thinnedrate: float | None = None
    """Frames a second that the source asks for while it is behind; others are `thinned`."""
    wake: bool = False
    expirytime: datetime | None = None
    senttime: datetime | None = None
    timings: stages.Timings = field(default_factory=dict, hash=False)
    """Seconds till it was sent: `store` and `queue`."""
    traceparent: str = field(default_factory=read.traceparent)

    @classmethod
    def of(
        cls,
        segment: SegmentId,
        cut: Cut,
        dataref: str,
        **facts: object,
    ) -> SegmentEvent:
        """The event of a segment that was cut just now; `facts` are the other fields."""
        return cls(
            id=segment,
            time=segment.began + timedelta(seconds=float(cut.start)),
            datacontenttype=cut.datacontenttype,
            dataref=dataref,
            framecount=cut.framecount,
            gopstart=cut.gopstart,
            gopend=cut.gopend,
            heldback=cut.heldback,
            decodefrom=cut.decodefrom,
            **facts,
        )

    @property
    def begins(self) -> int:
        """The segment from which a decoder has to begin for this one."""
        return max(self.gopstart, self.decodefrom)

    @property
    def still(self) -> bool:
        return self.datacontenttype.startswith("image/")

    def key(self, sequence: int | None = None) -> str:
        """The store's key of this segment, or of another one of the same GOP."""
        place = self.id if sequence is None else self.id.at(sequence)
        return segment_key(place, self.gopstart, SUFFIXES[self.datacontenttype])

    def to_event(self) -> CloudEvent:
        later = self.decodefrom > self.gopstart
        optional = {
            "decodefrom": self.decodefrom if later else None,
            "framesize": self.framesize and "x".join(map(str, self.framesize)),
            "framerate": self.framerate,
            "thinnedrate": self.thinnedrate,
            "wake": "true" if self.wake else None,
            "expirytime": self.expirytime and read.rfc3339(self.expirytime),
            "senttime": self.senttime and read.rfc3339(self.senttime),
        }
        return CloudEvent(
            {
                "type": TYPE,
                "source": f"/streams/{self.id.stream}",
                "id": str(self.id),
                "subject": self.id.stream,
                "time": read.rfc3339(self.time),
                "datacontenttype": self.datacontenttype,
                "dataref": self.dataref,
                "sequence": f"{self.id.sequence:010d}",
                "partitionkey": self.id.stream,
                "framecount": str(self.framecount),
                "gopstart": str(self.gopstart),
                "gopend": "true" if self.gopend else "false",
                "heldback": str(self.heldback),
                "capturedframes": str(self.capturedframes),
                "traceparent": self.traceparent,
            }
            | wants.to_attributes(self.models)
            | stages.to_attributes(self.timings)
            | {name: str(value) for name, value in optional.items() if value is not None},
            b"",
        )

    @classmethod
    def from_event(cls, event: CloudEvent) -> SegmentEvent:
        """Raises BadEvent in plain words for whatever is missing or absurd."""
        given = event.get_attributes()
        if given["type"] != TYPE:
            raise BadEvent(f"expected an event of type {TYPE}, not {given['type'][:80]!r}")
        content = read.text(given, "datacontenttype").split(";")[0].strip()
        if content not in SUFFIXES:
            raise BadEvent(f"can't read {content[:60]!r}: a segment is {', '.join(SUFFIXES)}")
        place = SegmentId.parse(read.text(given, "id"))
        gopstart = read.integer(given, "gopstart", read.MAX_SEQUENCE, place.sequence)
        if gopstart > place.sequence:
            raise BadEvent(f"gopstart {gopstart} is after the segment itself ({place.sequence})")
        return cls(
            id=place,
            time=read.timestamp(given, "time"),
            datacontenttype=content,
            dataref=read.text(given, "dataref"),
            framecount=read.integer(given, "framecount", read.MAX_FRAMES),
            gopstart=gopstart,
            gopend=read.flag(given, "gopend", "true"),
            heldback=read.integer(given, "heldback", read.MAX_HELDBACK, 0),
            decodefrom=read.integer(given, "decodefrom", place.sequence, 0),
            framesize=read.size(given, "framesize"),
            models=wants.from_attributes(given),
            capturedframes=read.integer(given, "capturedframes", 2**53),
            framerate=read.rate(given, "framerate"),
            thinnedrate=read.rate(given, "thinnedrate"),
            wake=read.flag(given, "wake", "false"),
            expirytime=read.timestamp(given, "expirytime") if "expirytime" in given else None,
            senttime=read.timestamp(given, "senttime") if "senttime" in given else None,
            timings=stages.from_attributes(given, TOLD),
            traceparent=read.traceparent(given.get("traceparent")),
        )
