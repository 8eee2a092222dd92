"""From a segment to a frame group: decode, choose, scale, store."""

import math
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
from cloudevents.http import CloudEvent

from cnap import metrics
from cnap.decoder import Shown
from cnap.errors import BadEvent, BadMedia, CnapError
from cnap.events import stages
from cnap.events.attributes import past
from cnap.events.frames import CORRUPT, TOLD, FramesEvent
from cnap.events.identity import frames_key
from cnap.events.outcome import dropped_event
from cnap.events.segment import SegmentEvent
from cnap.frames import FrameGroup, nv12_dtype
from cnap.gops import Gops
from cnap.models import ModelError, catalog
from cnap.pictures import Scaler, Size, displayed_size, fitting, jpeg, within
from cnap.stills import still
from cnap.stores import Store

ROUNDING = 10e-6
"""Seconds: events say times to the microsecond, and frames often fall on a multiple of 1/rate."""


@dataclass(frozen=True)
class Options:
    """How frames are chosen and made; from the environment of the function."""

    rate: float | None = None
    """Frames a second to keep at most (CNAP_FRAMES_RATE)."""
    size: Size | None = None
    """Width and height (CNAP_FRAMES_SIZE=640x360) instead of what the models need."""
    format: str = "nv12"
    """nv12 or jpeg (CNAP_FRAMES_FORMAT): JPEG is a tenth of the bytes and many times the CPU."""

    @classmethod
    def from_environment(cls) -> "Options":
        rate = os.environ.get("CNAP_FRAMES_RATE")
        size = os.environ.get("CNAP_FRAMES_SIZE")
        chosen = os.environ.get("CNAP_FRAMES_FORMAT", "nv12")
        if rate and not (re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", rate) and float(rate)):
            raise CnapError(f"CNAP_FRAMES_RATE must be frames a second, not {rate!r}")
        if size and not re.fullmatch(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", size):
            raise CnapError(f"CNAP_FRAMES_SIZE must be like 640x360, not {size!r}")
        if chosen not in ("nv12", "jpeg"):
            raise CnapError(f"CNAP_FRAMES_FORMAT must be nv12 or jpeg, not {chosen!r}")
        return cls(
            float(rate) if rate else None,
            fitting([tuple(map(int, size.split("x")))]) if size else None,
            chosen,
        )


class Transcoder:
    """Answers a segment event with a frames event, or with a dropped event."""

    def __init__(self, store: Store, options: Options) -> None:
        self._store, self._options = store, options
        self._gops = Gops(store)

    def __call__(self, segment: SegmentEvent) -> CloudEvent | None:
        """None where no model wants the frames. Raises BadMedia, Missing, Unavailable."""
        if not segment.models:
            return None
        if past(segment.expirytime):
            return dropped_event(
                "/transcode", segment, segment.models, {"expired": segment.framecount}
            )
        came, began = time.time(), time.perf_counter()
        shown, aspect, waited = self._shown(segment)
        failed = tuple(one.index for one in shown if one.frame is None)
        if len(failed) == len(shown) and shown:
            raise BadMedia(f"none of the segment's {len(shown)} frames can be decoded")
        wanted, sampled, thinned = self._chosen(segment, shown)
        if not wanted:
            return dropped_event(
                "/transcode",
                segment,
                segment.models,
                {"sampled": sampled, "thinned": thinned},
                {CORRUPT: len(failed)},
            )
        width, height = displayed_size(wanted[0].frame, aspect)
        group = self._group(segment, wanted, self._size(segment, (width, height)))
        key = frames_key(segment.id)
        self._store.put(key, *group.parts())
        metrics.moved("transcode", group.records.nbytes)
        worked = time.perf_counter() - began
        first, newest = (_moment(group.records["time"][n]) for n in (0, -1))
        return FramesEvent.of(
            segment,
            time=first,
            dataref=self._store.uri(key),
            framecount=len(group),
            width=width,
            height=height,
            failedframes=failed,
            sampledframes=sampled,
            thinnedframes=thinned,
            timings=_timings(segment, newest, came, waited, worked),
            madetime=stages.instant(came + worked),
        ).to_event()

    def _shown(self, segment: SegmentEvent) -> tuple[list[Shown], Fraction | None, float]:
        if segment.still:
            frame = still(self._store.get(self._store.key(segment.dataref)))
            shown = [Shown(0, Fraction(0), Fraction(0), frame)]
            missing = range(1, segment.framecount)
            shown += [Shown(i, Fraction(0), Fraction(0), None) for i in missing]
            return shown[: segment.framecount], None, 0.0
        return self._gops.show(segment)

    def _chosen(self, segment: SegmentEvent, shown: list[Shown]) -> tuple[list[Shown], int, int]:
        """The frames to keep, and how many others were sampled out and thinned out."""
        rates = [rate for rate in (segment.framerate, self._options.rate) if rate]
        good = [one for one in shown if one.frame is not None]
        first = (segment.time - segment.id.began).total_seconds()
        usual = _at_rate(first, good, min(rates, default=None))
        if not segment.thinnedrate:
            return usual, len(good) - len(usual), 0
        kept = _at_rate(first, good, min([*rates, segment.thinnedrate]))
        # Each has slots of its own, so that the lower rate may keep one more of a short segment.
        thinned = max(0, len(usual) - len(kept))
        return kept, len(good) - len(kept) - thinned, thinned

    def _size(self, segment: SegmentEvent, displayed: Size) -> Size:
        if self._options.size:
            return within(self._options.size, segment.framesize)
        try:
            models = [catalog.model(name) for name in segment.models]
        except ModelError as error:
            raise BadEvent(str(error)) from None
        needed = fitting([model.frame_size(*displayed) for model in models])
        return within(needed, segment.framesize)

    def _group(self, segment: SegmentEvent, frames: list[Shown], size: Size) -> FrameGroup:
        scaler = Scaler()
        start = np.datetime64(segment.time.replace(tzinfo=None), "us")
        indices = [one.index for one in frames]
        times = [start + np.timedelta64(round(one.offset * 1_000_000), "us") for one in frames]
        if self._options.format == "jpeg":
            jpegs = [jpeg(scaler.nv12(one.frame, size)) for one in frames]
            return FrameGroup.of_jpegs(indices, times, jpegs)
        records = np.empty(len(frames), nv12_dtype(*size))
        records["index"], records["time"] = indices, times
        for record, one in zip(records, frames, strict=True):
            scaler.nv12(one.frame, size, out=record["nv12"])
        return FrameGroup(records)


def _at_rate(first: float, frames: list[Shown], rate: float | None) -> list[Shown]:
    """Those of the frames that make `rate` a second, evenly, by presentation time alone.

    A frame is kept if it is the one on display at a multiple of 1/rate, so any replica chooses the
    same frames. `first` is the time of the segment's first frame in seconds.
    """
    if rate is None or not frames or not frames[-1].duration:
        return frames
    times = [first + float(one.offset) for one in frames]
    times.append(times[-1] + float(frames[-1].duration))
    ticks = [math.ceil((time - ROUNDING) * rate) for time in times]
    return [one for one, now, after in zip(frames, ticks, ticks[1:], strict=False) if after > now]


def _timings(
    segment: SegmentEvent, newest: datetime, came: float, waited: float, worked: float
) -> stages.Timings:
    """Seconds by stage, of a segment that came at `came`, in Unix time, and whose newest frame that
    is wanted was captured at `newest`; all of `worked`, but for `waited`, was work."""
    sent = segment.senttime.timestamp() if segment.senttime else came
    complete = sent - sum(segment.timings.values())
    return stages.plus(
        dict.fromkeys(TOLD, 0.0) | segment.timings,
        capture=complete - newest.timestamp(),
        broker=came - sent,
        queue=waited,
        decode=worked - waited,
    )


def _moment(time: np.datetime64) -> datetime:
    return time.astype(datetime).replace(tzinfo=UTC)
