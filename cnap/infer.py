"""From a frame group to a result: one model over every frame."""

import threading
import time

import numpy as np
from cloudevents.http import CloudEvent

from cnap import metrics
from cnap.errors import BadMedia, Busy
from cnap.events import stages
from cnap.events.attributes import past
from cnap.events.frames import CORRUPT, FramesEvent
from cnap.events.outcome import dropped_event, result_event
from cnap.frames import FrameGroup
from cnap.inference import Engine, InferenceFailure
from cnap.stores import Store

PATIENCE = 60.0
"""Seconds that frames wait for those before them."""


class Inferrer:
    """Answers a frames event with a result event. One group at a time: all cores work on it."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store, self._engine = store, engine
        self._turn = threading.Lock()

    def __call__(self, about: FramesEvent) -> CloudEvent | None:
        """None where the frames are not for this model.

        Raises BadMedia, Missing, Busy, Unavailable.
        """
        model = self._engine.model.name
        if model not in about.models:
            return None
        if past(about.expirytime):
            return self._expired(about)
        came, began = time.time(), time.perf_counter()
        group = FrameGroup.read(self._store.get(self._store.key(about.dataref)))
        metrics.moved("infer", group.records.nbytes)
        if len(group) != about.framecount:
            raise BadMedia(f"a group of {len(group)} frames where {about.framecount} were meant")
        frames = group.records["nv12"] if group.format == "nv12" else group.jpegs()
        fetched = time.perf_counter() - began
        if not self._turn.acquire(timeout=PATIENCE):
            raise Busy(f"{model} is busy with other frames")
        try:
            if past(about.expirytime):
                return self._expired(about)
            waited = time.perf_counter() - began - fetched
            found = self._engine.detect(frames)
            seconds = time.perf_counter() - began - fetched - waited
        finally:
            self._turn.release()
        made = stages.instant(came + fetched + waited + seconds)
        since = came - about.madetime.timestamp() if about.madetime else 0.0
        timings = stages.plus(
            about.timings, store=fetched, broker=since, queue=waited, infer=seconds
        )
        return result_event(about, self._data(about, group, found, timings), made)

    def _expired(self, about: FramesEvent) -> CloudEvent:
        model = self._engine.model.name
        dropped = about.left_out | {"expired": about.framecount}
        failed = {CORRUPT: len(about.failedframes)}
        return dropped_event(f"/infer/{model}", about, (model,), dropped, failed)

    def _data(
        self, about: FramesEvent, group: FrameGroup, found: list, timings: stages.Timings
    ) -> dict[str, object]:
        frames, failed = [], [(index, CORRUPT) for index in about.failedframes]
        for index, moment, result in zip(
            group.records["index"].tolist(), group.records["time"], found, strict=True
        ):
            if isinstance(result, InferenceFailure):
                failed.append((index, result.reason))
                continue
            detections = [detection.as_json() for detection in result]
            frames.append({"index": index, "time": _rfc3339(moment), "detections": detections})
        data: dict[str, object] = {
            "stream": about.id.stream,
            "model": self._engine.model.name,
            "sequence": about.id.sequence,
            "width": about.width,
            "height": about.height,
            "frames": frames,
            "failed": [{"index": index, "reason": reason} for index, reason in sorted(failed)],
            "timings": timings,
        }
        if about.left_out:
            data["dropped"] = about.left_out
        return data


def _rfc3339(moment: np.datetime64) -> str:
    unit = "us" if moment.astype("i8") % 1000 else "ms"
    return np.datetime_as_string(moment, unit=unit) + "Z"
