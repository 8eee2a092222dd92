"""The state that a stream is in, by what its reader last did."""

import time
from types import SimpleNamespace

import pytest

from cnap.source.condition import Finding
from cnap.source.judgement import judged, lost

OFFLINE = Finding("offline", "host not found")


def found(framerate=25.0, problem="", lost="", **facts):
    """`facts` about times are seconds ago."""
    now = time.monotonic()
    usual = {
        "over": False,
        "live": True,
        "waits": "",
        "failure": None,
        "opened": 60.0,
        "first": 59.0,
        "came": 0.0,
        "passed": 0.0,
        "rests": 1e6,
        "framed": True,
        "framerate": framerate,
        "apart": 0.0,
    }
    given = usual | facts
    for name in ("opened", "first", "came", "passed", "rests"):
        given[name] = None if given[name] is None else now - given[name]
    return judged(SimpleNamespace(**given), framerate, problem, lost, "idle")


@pytest.mark.parametrize(
    ("facts", "state", "reason"),
    [
        ({"opened": None, "first": None}, "connecting", ""),
        ({"opened": 1.0, "first": None}, "connecting", "no frame yet"),
        ({"opened": 4.0, "first": None}, "stalled", "connected, but no frame"),
        ({"opened": None, "first": None, "failure": OFFLINE}, "offline", "host not found"),
        ({"opened": 99, "first": None, "waits": "waiting for uploads"}, "connecting", "uploads"),
        ({}, "live", "idle"),
        ({"came": 4.0}, "stalled", "no frame for more than 3 s"),
        ({"came": 4.0, "framerate": 0.5}, "live", ""),
        ({"came": 9.0, "framerate": 0.5}, "stalled", "no frame for more than 6 s"),
        ({"came": 4.0, "rests": -5.0}, "live", ""),
        ({"came": 7.0, "apart": 4.0}, "live", ""),
        ({"passed": 13.0, "framed": False}, "stalled", "no key frame for 12 s"),
        ({"passed": 2.0, "framed": False}, "connecting", "waiting for a key frame"),
        ({"passed": 2.0, "framed": False, "failure": OFFLINE}, "offline", "host not found"),
        ({"problem": "no Trigger"}, "misconfigured", "no Trigger"),
        ({"problem": "no Trigger", "came": 9.0}, "stalled", "no frame"),
        ({"lost": "the store is gone"}, "degraded", "the store is gone"),
        ({"over": True, "came": 99.0}, "ended", "the file is at its end"),
    ],
)
def test_states(facts, state, reason):
    said = found(**facts)

    assert said.state == state
    assert reason in said.reason


@pytest.mark.parametrize(
    ("rate", "full", "sampled", "left_out", "said"),
    [
        (25.0, 25.0, False, False, ""),
        (1.999, 2.0, True, False, ""),
        (2.0, 2.0, True, True, "slower than what it is asked for: segments are left out"),
        (1.4, 2.0, True, False, "slower than what it is asked for: 1.4 of 2 frames/s"),
        (6.53, 12.5, False, False, "slower than the camera: 6.5 of 12.5 frames/s"),
        (1.0, 25.0, False, True, "camera: 1 of 25 frames/s, and segments are left out"),
    ],
)
def test_how_much_slower_the_pipeline_is(rate, full, sampled, left_out, said):
    pace = SimpleNamespace(rate=rate, full=full, behind=rate < full)
    late = time.monotonic() if left_out else float("-inf")
    posting = SimpleNamespace(pace=pace, sampled=sampled, blocked=False, left_out=late)

    words = lost(SimpleNamespace(trouble=""), posting, "")

    assert words.endswith(said) and bool(words) == bool(said)
