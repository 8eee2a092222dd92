"""From a frame group to a result, with an engine that finds what the test says."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from cnap import infer
from cnap.detections import Detection
from cnap.errors import BadMedia, Busy, Missing
from cnap.events import outcome
from cnap.events.identity import frames_key
from cnap.frames import FrameGroup, nv12_dtype
from cnap.infer import Inferrer
from cnap.inference import InferenceFailure
from tests import media, outcomes

CAR = Detection("car", 0.875, (0.1, 0.2, 0.3, 0.4))


class Engine:
    """Finds a car in every frame, except in those it fails on."""

    model = SimpleNamespace(name="a")

    def __init__(self, failing=()):
        self.failing, self.seen = failing, []
        self.running = 0

    def detect(self, frames):
        assert self.running == 0, "two groups at a time"
        self.running += 1
        self.seen.append(frames)
        time.sleep(0)
        found = [
            InferenceFailure("inference failed: odd") if index in self.failing else [CAR]
            for index, _ in enumerate(frames)
        ]
        self.running -= 1
        return found


@pytest.fixture
def put(folder_store):
    """Stores a group and gives its event."""

    def put(count=5, sequence=0, group=None, **facts):
        about = outcomes.frames(outcomes.segment(sequence, count))
        records = np.zeros(count, nv12_dtype(8, 4))
        records["index"] = range(count)
        start = np.datetime64(about.time.replace(tzinfo=None), "us")
        records["time"] = start + np.arange(count) * np.timedelta64(40_000, "us")
        key = frames_key(about.id)
        folder_store.put(key, *(group or FrameGroup(records)).parts())
        return replace(about, dataref=folder_store.uri(key), **facts)

    return put


def data_of(event):
    return outcome.parse(event).data


def test_each_frame_has_its_detections_and_its_time(put, folder_store):
    event = Inferrer(folder_store, Engine())(put(2))
    data = data_of(event)

    assert [frame["index"] for frame in data["frames"]] == [0, 1]
    assert [frame["time"] for frame in data["frames"]] == [
        "2026-05-01T08:00:00.000Z",
        "2026-05-01T08:00:00.040Z",
    ]
    box = {"label": "car", "score": 0.875, "box": [0.1, 0.2, 0.3, 0.4]}
    assert all(frame["detections"] == [box] for frame in data["frames"])
    assert (data["width"], data["height"], data["model"]) == (640, 360, "a")
    assert "dropped" not in data


def test_frames_that_failed_anywhere_are_told_with_their_reason(put, folder_store):
    about = put(5, failedframes=(7, 9), sampledframes=3, thinnedframes=2)
    what = outcome.parse(Inferrer(folder_store, Engine(failing=(1,)))(about))

    assert what.inferred == 4
    assert dict(what.failed) == {"corrupt frame": 2, "inference failed: odd": 1}
    assert dict(what.dropped) == {"sampled": 3, "thinned": 2}
    assert [frame["index"] for frame in what.data["failed"]] == [1, 7, 9]


def test_jpegs_are_given_as_they_are(put, folder_store):
    jpegs = [media.jpeg(media.corners((8, 8))), media.jpeg(media.corners((16, 8)))]
    times = [np.datetime64("2026-05-01T08:00:00"), np.datetime64("2026-05-01T08:00:01")]
    engine = Engine()
    Inferrer(folder_store, engine)(put(2, group=FrameGroup.of_jpegs([0, 1], times, jpegs)))

    assert engine.seen == [jpegs]


def test_frames_for_others_are_not_even_fetched(folder_store):
    about = outcomes.frames(outcomes.segment(models=("b",)))

    assert Inferrer(folder_store, Engine())(about) is None


def test_expired_frames_are_a_drop_for_this_model_alone(put, folder_store):
    past = datetime.now(UTC) - timedelta(seconds=1)
    about = put(5, expirytime=past, failedframes=(9,), sampledframes=2, models=("a", "b"))
    what = outcome.parse(Inferrer(folder_store, Engine())(about))

    assert (what.models, what.wanted) == (("a",), ("a", "b"))
    assert dict(what.dropped) == {"expired": 5, "sampled": 2}
    assert dict(what.failed) == {"corrupt frame": 1}


def test_a_group_that_is_gone_short_or_none(put, folder_store):
    about = put(5)
    with pytest.raises(BadMedia, match="a group of 5 frames where 6 were meant"):
        Inferrer(folder_store, Engine())(replace(about, framecount=6))
    folder_store.put(frames_key(about.id), b"this is not a group")
    with pytest.raises(BadMedia, match="not a frame group"):
        Inferrer(folder_store, Engine())(about)
    folder_store.delete(frames_key(about.id))
    with pytest.raises(Missing):
        Inferrer(folder_store, Engine())(about)


def test_one_group_at_a_time(put, folder_store):
    inferrer = Inferrer(folder_store, Engine())
    groups = [put(3, sequence) for sequence in range(20)]
    results = []
    threads = [
        threading.Thread(target=lambda one=one: results.append(inferrer(one))) for one in groups
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one["id"] for one in results) == [str(one.id) for one in groups]


class Stuck(Engine):
    def __init__(self):
        super().__init__()
        self.go, self.begun = threading.Event(), threading.Event()

    def detect(self, frames):
        self.begun.set()
        self.go.wait(20)
        return super().detect(frames)


def test_frames_that_would_wait_for_ever_are_busy(put, folder_store, monkeypatch):
    monkeypatch.setattr(infer, "PATIENCE", 0.01)
    engine = Stuck()
    inferrer, first, second = Inferrer(folder_store, engine), put(3), put(3, 1)
    working = threading.Thread(target=inferrer, args=(first,))
    working.start()
    engine.begun.wait(20)
    with pytest.raises(Busy, match="a is busy"):
        inferrer(second)
    engine.go.set()
    working.join()
    assert outcome.parse(inferrer(second)).inferred == 3
