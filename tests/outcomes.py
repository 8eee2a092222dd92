"""Events of segments and of what became of them, without any video."""

from dataclasses import replace
from datetime import UTC, datetime

from cnap.events.frames import FramesEvent
from cnap.events.identity import SegmentId
from cnap.events.outcome import dropped_event, result_event
from cnap.events.segment import SegmentEvent
from cnap.events.state import StreamState

TIME = datetime(2026, 5, 1, 8, tzinfo=UTC)
EPOCH = 1_777_622_400_000
STORE = "file:///nowhere"


def segment(sequence=0, frames=25, captured=None, epoch=EPOCH, models=("a",), **facts):
    place = SegmentId("gate", epoch, sequence)
    event = SegmentEvent(
        id=place,
        time=TIME,
        datacontenttype="video/mp4",
        dataref="",
        framecount=frames,
        gopstart=sequence,
        models=models,
        capturedframes=(sequence + 1) * frames if captured is None else captured,
    )
    return replace(event, **({"dataref": f"{STORE}/{event.key()}"} | facts))


def frames(about, failed=(), sampled=0, thinned=0):
    """The frames event of a segment: those that are not failed, sampled or thinned."""
    return FramesEvent.of(
        about,
        time=TIME,
        dataref=f"{STORE}/frames/gate/{about.id.epoch}/{about.id.sequence:010d}.npy",
        framecount=about.framecount - len(failed) - sampled - thinned,
        width=640,
        height=360,
        failedframes=tuple(failed),
        sampledframes=sampled,
        thinnedframes=thinned,
    )


def result(about, model="a", failed=0, **facts):
    """The result event of a frames event, `failed` of its frames without detections."""
    there = about.framecount - failed
    box = {"label": "car", "score": 0.9, "box": [0.1, 0.1, 0.2, 0.2]}
    lost = [*about.failedframes, *(1000 + n for n in range(failed))]
    data = {
        "stream": about.id.stream,
        "model": model,
        "sequence": about.id.sequence,
        "width": 640,
        "height": 360,
        "frames": [
            {"index": n, "time": "2026-05-01T08:00:00.000Z", "detections": [box]}
            for n in range(there)
        ],
        "failed": [{"index": n, "reason": "corrupt frame"} for n in lost],
        "timings": {"infer": 0.1},
    }
    dropped = {"sampled": about.sampledframes, "thinned": about.thinnedframes}
    if any(dropped.values()):
        data["dropped"] = {reason: count for reason, count in dropped.items() if count}
    return result_event(about, data | facts)


def expired(about, models=None):
    where = "/transcode" if isinstance(about, SegmentEvent) else f"/infer/{models[0]}"
    return dropped_event(where, about, models or about.models, {"expired": about.framecount})


def dead(event, code="503", data="dGhlIHN0b3JlIGlzIGdvbmU="):
    """The event as Knative gives it to a dead letter sink; the data says `the store is gone`."""
    event = event.to_event() if hasattr(event, "to_event") else event
    for name, value in {"dest": "http://x", "code": code, "data": data}.items():
        event[f"knativeerror{name}"] = value
    return event


def state(revision=0, epoch=EPOCH, models=("a",), **facts):
    usual = {"stream": "gate", "state": "live", "reason": "", "since": "2026-05-01T08:00:00Z"}
    return StreamState(**(usual | facts), epoch=epoch, models=models, revision=revision)
