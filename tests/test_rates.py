"""Which frames transcode keeps where fewer are wanted: evenly, and whatever replica has them."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from cnap.events import outcome
from cnap.events.frames import CORRUPT
from cnap.transcode import Transcoder
from tests.transcoding import SMALL, UNEVEN, cutting, group_of, times


@pytest.fixture
def cut(tmp_path, folder_store):
    return cutting(tmp_path, folder_store)


def chosen(store, transcoders, events):
    """Capture times of the frames kept, and counts of what became of all."""
    kept, counts = [], Counter()
    for number, segment in enumerate(events):
        reply = transcoders[number % len(transcoders)](segment)
        if reply["type"] == outcome.DROPPED:
            what = outcome.parse(reply)
            parts = what.dropped | what.failed
        else:
            about, group = group_of(store, reply)
            kept += list(times(group))
            parts = {"kept": len(group), "failed": len(about.failedframes)}
            parts |= {"sampled": about.sampledframes, "thinned": about.thinnedframes}
        assert sum(parts.values()) == segment.framecount
        counts.update(parts)
    return kept, +counts


@pytest.mark.parametrize("rate", [1, 2.5, 5, 7, 12.5, 15, 17.5, 24, 25, 60, 0.25])
def test_a_rate_keeps_frames_evenly_across_segments_and_replicas(cut, folder_store, rate):
    events = [replace(event, framerate=rate) for event in cut(0.3, frames=100, gop=100)]
    kept, counts = chosen(folder_store, [Transcoder(folder_store, SMALL)], events)
    again, _ = chosen(folder_store, [Transcoder(folder_store, SMALL) for _ in range(3)], events)

    assert again == kept
    assert counts["kept"] == max(1, min(100, round(4 * rate)))
    assert counts["kept"] + counts["sampled"] == 100
    gaps = np.diff(kept)
    if len(gaps):
        assert max(gaps) - min(gaps) < 0.041
    assert kept[0] == 0


def test_the_function_s_own_rate_is_a_ceiling(cut, folder_store):
    events = cut(frames=50)
    own = Transcoder(folder_store, replace(SMALL, rate=5.0))

    assert chosen(folder_store, [own], events)[1]["kept"] == 10
    slower = [replace(event, framerate=2) for event in events]
    assert chosen(folder_store, [own], slower)[1]["kept"] == 4


@pytest.mark.parametrize("rate", [2, 5, 8])
def test_of_an_uneven_rate_the_frames_on_display_are_kept(cut, folder_store, rate):
    events = [replace(event, framerate=rate) for event in cut(times=UNEVEN)]
    kept, _ = chosen(folder_store, [Transcoder(folder_store, SMALL)], events)

    ticks = [tick / rate for tick in range(int((UNEVEN[-1] + 40) / 1000 * rate) + 1)]
    shown = {max(one for one in UNEVEN if one <= tick * 1000) / 1000 for tick in ticks}
    assert kept == pytest.approx(sorted(shown), abs=1e-5)


@pytest.mark.parametrize(
    ("framerate", "thinned", "counts"),
    [
        (None, 5, {"kept": 20, "thinned": 80}),
        (10, 5, {"kept": 20, "sampled": 60, "thinned": 20}),
        (5, 17.5, {"kept": 20, "sampled": 80}),
        (None, 25, {"kept": 100}),
        (5, 1, {"kept": 4, "sampled": 80, "thinned": 16}),
    ],
)
def test_thinning_takes_away_only_what_was_wanted(cut, folder_store, framerate, thinned, counts):
    events = [
        replace(event, framerate=framerate, thinnedrate=thinned)
        for event in cut(0.5, frames=100, gop=100)
    ]
    kept, found = chosen(folder_store, [Transcoder(folder_store, SMALL)], events)

    assert found["kept"] == counts["kept"]
    assert found["sampled"] == pytest.approx(counts.get("sampled", 0), abs=4)
    assert max(np.diff(kept)) - min(np.diff(kept)) < 0.041


def test_frames_that_are_all_left_out_are_a_drop(cut, folder_store):
    events = [replace(event, framerate=0.25) for event in cut(0.3, frames=50, gop=100)]
    reply = Transcoder(folder_store, SMALL)(events[1])

    assert outcome.parse(reply).dropped == {"sampled": events[1].framecount}
    assert list(folder_store.objects("frames/")) == []


def test_frames_that_failed_where_all_others_are_left_out_are_counted_too(cut, folder_store):
    segment = cut(1.0, frames=75, gop=100)[1]
    whole = bytes(folder_store.get(segment.key()))
    folder_store.put(segment.key(), whole[: len(whole) * 2 // 3])
    reply = Transcoder(folder_store, SMALL)(replace(segment, framerate=0.25))
    what = outcome.parse(reply)

    assert set(what.dropped) == {"sampled"} and set(what.failed) == {CORRUPT}
    assert what.dropped["sampled"] + what.failed[CORRUPT] == segment.framecount
