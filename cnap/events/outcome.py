"""What became of a segment's frames for one model: the result, or why there is none.

`io.cnap.inference.result.v1` and `io.cnap.video.dropped.v1`; both have JSON data, described by
the schemas that ship beside this file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cloudevents.http import CloudEvent

from cnap.errors import BadEvent
from cnap.events import attributes as read
from cnap.events import schemas, wants
from cnap.events.frames import FramesEvent
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent

RESULT = "io.cnap.inference.result.v1"
DROPPED = "io.cnap.video.dropped.v1"


@dataclass(frozen=True)
class Outcome:
    """Frames counted: inferred + dropped + failed is all that the segment stands for."""

    id: SegmentId
    models: tuple[str, ...]
    """The models that this is the outcome for."""
    wanted: tuple[str, ...]
    """All models that wanted the segment: when each has its outcome, its frames can go."""
    inferred: int
    dropped: Mapping[str, int]
    failed: Mapping[str, int]
    capturedframes: int
    time: datetime
    senttime: datetime | None
    wake: bool
    data: Mapping[str, object] | None
    """The result's JSON; None where there is only a drop to count."""
    madetime: datetime | None = None
    """When infer had the result."""


def _event(
    kind: str, source: str, about: SegmentEvent | FramesEvent, data: Mapping[str, object]
) -> CloudEvent:
    attributes = {
        "type": kind,
        "source": source,
        "id": str(about.id),
        "subject": about.id.stream,
        "time": read.rfc3339(about.time),
        "datacontenttype": "application/json",
        "sequence": f"{about.id.sequence:010d}",
        "partitionkey": about.id.stream,
        "framecount": str(_frames(about)),
        "capturedframes": str(about.capturedframes),
        "models": ",".join(about.models),
        "traceparent": read.traceparent(about.traceparent),
    }
    if about.senttime:
        attributes["senttime"] = read.rfc3339(about.senttime)
    if about.wake:
        attributes["wake"] = "true"
    return CloudEvent(attributes, json.dumps(data, separators=(",", ":")).encode())


def _frames(about: SegmentEvent | FramesEvent) -> int:
    """All frames that the outcome accounts for."""
    if isinstance(about, SegmentEvent):
        return about.framecount
    others = len(about.failedframes) + sum(about.left_out.values())
    return about.framecount + others


def result_event(
    about: FramesEvent, data: Mapping[str, object], madetime: datetime | None = None
) -> CloudEvent:
    source = f"/streams/{about.id.stream}/infer/{data['model']}"
    event = _event(RESULT, source, about, data)
    if madetime:
        event["madetime"] = read.rfc3339(madetime)
    return event


def dropped_event(
    source: str,
    about: SegmentEvent | FramesEvent,
    models: tuple[str, ...],
    dropped: Mapping[str, int],
    failed: Mapping[str, int] | None = None,
) -> CloudEvent:
    """`dropped` and `failed` count frames by reason."""
    data = {
        "stream": about.id.stream,
        "sequence": about.id.sequence,
        "models": list(models),
        "dropped": {reason: count for reason, count in dropped.items() if count},
        "failed": {reason: count for reason, count in (failed or {}).items() if count},
    }
    return _event(DROPPED, f"/streams/{about.id.stream}{source}", about, data)


def parse(event: CloudEvent) -> Outcome:
    """The outcome that a result or dropped event tells; BadEvent where it is not one."""
    given = event.get_attributes()
    place = SegmentId.parse(read.text(given, "id"))
    data = schemas.validated(given["type"], event.get_data())
    if (data["stream"], data["sequence"]) != (place.stream, place.sequence):
        raise BadEvent(f"the data is about another segment than the event's id {place}")
    if given["type"] == RESULT:
        failed: dict[str, int] = {}
        for frame in data["failed"]:
            failed[frame["reason"]] = failed.get(frame["reason"], 0) + 1
        models, inferred = (data["model"],), len(data["frames"])
    else:
        failed, models, inferred = data["failed"], tuple(data["models"]), 0
    told = inferred + sum(failed.values()) + sum(data.get("dropped", {}).values())
    if told != read.integer(given, "framecount", 2 * read.MAX_FRAMES, told):
        raise BadEvent(f"the data accounts for {told} frames of {given['framecount']}")
    return Outcome(
        id=place,
        models=models,
        wanted=wants.from_attributes(given) or models,
        inferred=inferred,
        dropped=data.get("dropped", {}),
        failed=failed,
        capturedframes=read.integer(given, "capturedframes", 2**53),
        time=read.timestamp(given, "time"),
        senttime=read.timestamp(given, "senttime") if "senttime" in given else None,
        wake=read.flag(given, "wake", "false"),
        data=data if given["type"] == RESULT else None,
        madetime=read.timestamp(given, "madetime") if "madetime" in given else None,
    )


def unreadable(event: CloudEvent) -> Outcome:
    """What its attributes alone tell of an outcome whose data is no good: all of it has failed."""
    given = event.get_attributes()
    wanted = wants.from_attributes(given)
    model = str(given["source"]).partition("/infer/")[2]
    return Outcome(
        id=SegmentId.parse(read.text(given, "id")),
        models=(wants.model_name(model),) if model else wanted,
        wanted=wanted,
        inferred=0,
        dropped={},
        failed={"bad result": read.integer(given, "framecount", 2 * read.MAX_FRAMES)},
        capturedframes=read.integer(given, "capturedframes", 2**53),
        time=read.timestamp(given, "time"),
        senttime=None,
        wake=False,
        data=None,
    )
