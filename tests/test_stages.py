"""How a result's latency came about: each second of it is in one stage."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from cnap import gops, infer, ledger, transcode
from cnap.events import outcome, stages
from cnap.events.frames import FramesEvent
from cnap.gops import Gops
from cnap.infer import Inferrer
from cnap.ledger import Ledger
from cnap.transcode import Transcoder
from tests import media
from tests.clock import Clock
from tests.segments import EPOCH, segments
from tests.test_infer import Engine
from tests.transcoding import MODEL, SMALL, cutting, group_of

SENT = EPOCH / 1000 + 2
NEWEST = EPOCH / 1000 + 0.36
"""Capture of the last of ten frames at 25 a second."""


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(SENT)
    for module in (transcode, gops, infer, ledger):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def sent(tmp_path, folder_store, clock):
    """A segment that was stored for 0.25 s and waited for 0.5 s before it was sent."""
    (segment,) = cutting(tmp_path, folder_store)(1.0, frames=10)
    told = {"store": 0.25, "queue": 0.5}
    return replace(segment, senttime=stages.instant(SENT), timings=told)


class Named(Engine):
    def __init__(self):
        super().__init__()
        self.model = type("Model", (), {"name": MODEL})


def committed(database):
    """The timings and the latency of the newest result."""
    ((_, entry),) = database.xrevrange("cnap:results:gate", count=1)
    return json.loads(entry["data"])["timings"], json.loads(entry["about"])["latency"]


def decoded(sent, store, clock):
    """The frames event, after 0.75 s on the way, 2 s to fetch and 4 s to write."""
    clock.now += 0.75
    get, put = store.get, store.put
    store.get, store.put = clock.taking(2, get), clock.taking(4, put)
    reply = Transcoder(store, SMALL)(sent)
    store.get, store.put = get, put
    return FramesEvent.from_event(reply)


def inferred(about, store, clock):
    """The result event, after 1.5 s on the way, 3 s to fetch and 5 s in the model."""
    clock.now += 1.5
    engine, get = Named(), store.get
    store.get, engine.detect = clock.taking(3, get), clock.taking(5, engine.detect)
    reply = Inferrer(store, engine)(about)
    store.get = get
    return reply


def test_the_stages_are_told_and_make_up_the_latency(sent, folder_store, clock, database):
    result = inferred(decoded(sent, folder_store, clock), folder_store, clock)
    clock.now += 0.125
    Ledger(database).commit(outcome.parse(result))
    timings, latency = committed(database)

    assert timings == {
        "capture": pytest.approx(SENT - 0.75 - NEWEST, abs=1e-5),
        "store": 0.25 + 3,
        "broker": 0.75 + 1.5,
        "queue": 0.5,
        "decode": 2 + 4,
        "infer": 5,
        "publish": 0.125,
    }
    assert tuple(timings) == stages.STAGES
    assert sum(timings.values()) == pytest.approx(latency, abs=0.001)


def test_frames_that_are_not_wanted_are_no_part_of_it(sent, folder_store, clock):
    few = replace(sent, framerate=5.0)
    about, group = group_of(folder_store, Transcoder(folder_store, SMALL)(few))

    newest = group.records["time"][-1].astype("i8") / 1e6
    assert newest < NEWEST - 0.1
    assert about.timings["capture"] == pytest.approx(SENT - 0.75 - newest, abs=1e-5)


@pytest.mark.parametrize("wrong", [-3600.0, 3600.0, 1e11], ids=["late", "early", "the year 5138"])
@pytest.mark.parametrize("machine", ["transcode", "infer", "publish"])
def test_a_wrong_clock_makes_no_stage_less_than_nothing(
    sent, folder_store, clock, database, machine, wrong
):
    clock.wrong = wrong if machine == "transcode" else 0.0
    about = decoded(sent, folder_store, clock)
    clock.wrong = wrong if machine == "infer" else 0.0
    result = inferred(about, folder_store, clock)
    clock.wrong = wrong if machine == "publish" else 0.0
    Ledger(database).commit(outcome.parse(result))
    timings, _ = committed(database)

    assert set(timings) == set(stages.STAGES)
    assert all(0 <= seconds <= stages.MOST for seconds in timings.values())
    assert (timings["decode"], timings["infer"]) == (6, 5)


def test_a_source_that_says_no_more_than_its_frames_times(sent, folder_store, clock):
    about = decoded(replace(sent, senttime=None, timings={}), folder_store, clock)

    assert about.timings == {
        "capture": pytest.approx(SENT + 0.75 - NEWEST, abs=1e-5),
        "store": 0,
        "broker": 0,
        "queue": 0,
        "decode": 6,
    }


def test_frames_that_were_captured_in_the_future(sent, folder_store, clock):
    late = replace(sent, time=sent.time + timedelta(hours=1))

    assert decoded(late, folder_store, clock).timings["capture"] == 0


def test_frames_and_results_of_before_there_were_stages(sent, folder_store, clock, database):
    event = decoded(sent, folder_store, clock).to_event()
    for name in ("captureseconds", "storeseconds", "brokerseconds", "queueseconds", "madetime"):
        del event[name]
    result = inferred(FramesEvent.from_event(event), folder_store, clock)
    del result["madetime"]
    Ledger(database).commit(outcome.parse(result))
    timings, _ = committed(database)

    assert timings == {"decode": 6, "store": 3, "broker": 0, "queue": 0, "infer": 5}


def test_a_segment_s_wait_for_those_before_it_is_queue(tmp_path, folder_store, clock):
    """One fetches what it needs of its GOP, and the next one has to wait for it."""
    path = media.clip(tmp_path / "long.mp4", frames=30, gop=1000)
    found = segments(path, folder_store, 0.3)
    get, go, stuck = folder_store.get, threading.Event(), threading.Event()

    def slow(key):
        if key == found[0].event.key():
            stuck.set()
            go.wait(20)
        return get(key)

    folder_store.get = slow
    shared, waits = Gops(folder_store), {}

    def show(number):
        waits[number] = shared.show(found[number].event)[2]

    threads = [threading.Thread(target=show, args=(number,)) for number in (1, 2)]
    threads[0].start()
    assert stuck.wait(20)
    threads[1].start()
    clock.wait_for(asked=3)  # twice by the first
    clock.now += 3
    go.set()
    for thread in threads:
        thread.join()

    assert waits == {1: 0, 2: 3}


def test_a_wait_is_queue_and_not_work(sent, folder_store, clock, monkeypatch):
    shown = Gops.show

    def waiting(self, segment):
        clock.now += 7
        return (*shown(self, segment)[:2], 7.0)

    monkeypatch.setattr(Gops, "show", waiting)
    about = decoded(sent, folder_store, clock)

    assert (about.timings["queue"], about.timings["decode"]) == (0.5 + 7, 6)


def test_frames_wait_for_the_engine_in_the_queue(sent, folder_store, clock):
    about = decoded(sent, folder_store, clock)
    engine, go, begun = Named(), threading.Event(), threading.Event()
    detect = engine.detect

    def stuck(frames):
        begun.set()
        go.wait(20)
        return detect(frames)

    engine.detect = stuck
    inferrer, results = Inferrer(folder_store, engine), []
    threads = [threading.Thread(target=lambda: results.append(inferrer(about))) for _ in range(2)]
    before = clock.asked
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    clock.wait_for(before + 3 + 2)
    clock.now += 2
    go.set()
    for thread in threads:
        thread.join()

    told = [outcome.parse(result).data["timings"] for result in results]
    assert [(one["queue"], one["infer"]) for one in told] == [(0.5, 2), (0.5 + 2, 0)]
