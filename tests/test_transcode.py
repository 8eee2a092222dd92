"""From a segment to a frame group: which frames, when, how large, and what became of the rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import cv2
import numpy as np
import pytest

from cnap.errors import BadEvent, BadMedia, CnapError, Missing
from cnap.events import outcome
from cnap.events.identity import SegmentId
from cnap.events.segment import SegmentEvent
from cnap.transcode import Options, Transcoder
from tests import media
from tests.outcomes import TIME
from tests.segments import EPOCH
from tests.transcoding import MODEL, SMALL, UNEVEN, cutting, group_of, times


@pytest.fixture
def cut(tmp_path, folder_store):
    return cutting(tmp_path, folder_store)


def test_every_frame_is_in_the_group_with_its_capture_time(cut, folder_store):
    transcode, all_times = Transcoder(folder_store, SMALL), []
    for segment in cut(frames=50, bframes=3):
        about, group = group_of(folder_store, transcode(segment))
        all_times += list(times(group))
        assert group.records["index"].tolist() == list(range(segment.framecount))
        assert (about.id, about.models) == (segment.id, (MODEL,))
        assert (about.width, about.height) == (64, 48)
        assert about.capturedframes == segment.capturedframes

    assert np.diff(all_times) == pytest.approx([0.04] * 49, abs=1e-6)


@pytest.mark.parametrize("bframes", [0, 3])
def test_capture_times_of_an_uneven_rate_are_exact(cut, folder_store, bframes):
    transcode, all_times = Transcoder(folder_store, SMALL), []
    for segment in cut(times=UNEVEN, bframes=bframes):
        all_times += list(times(group_of(folder_store, transcode(segment))[1]))

    expected = [(one - UNEVEN[0]) / 1000 for one in UNEVEN]
    assert np.array(all_times) - all_times[0] == pytest.approx(expected, abs=1.1e-6)


@pytest.mark.parametrize(("ago", "kind"), [(1, outcome.DROPPED), (-60, "io.cnap.video.frames.v1")])
def test_an_expired_segment_is_a_drop(cut, folder_store, ago, kind):
    segment = replace(cut()[0], expirytime=datetime.now(UTC) - timedelta(seconds=ago))
    reply = Transcoder(folder_store, SMALL)(segment)

    assert reply["type"] == kind
    if ago > 0:
        assert outcome.parse(reply).dropped == {"expired": segment.framecount}


def test_frames_after_an_expired_segment_are_whole(cut, folder_store):
    past = datetime.now(UTC) - timedelta(seconds=1)
    first, second, *_ = cut(0.3, frames=50, gop=100)
    transcode = Transcoder(folder_store, SMALL)
    transcode(replace(first, expirytime=past))

    assert group_of(folder_store, transcode(second))[0].failedframes == ()


def test_what_nobody_wants_is_not_even_fetched(cut, folder_store):
    segment = replace(cut(models=())[0], dataref="file:///nowhere/a/b")

    assert Transcoder(folder_store, SMALL)(segment) is None


def test_a_broken_segment_gives_the_frames_it_has(cut, folder_store):
    segment = cut(1.0, frames=25, gop=100)[0]
    whole = bytes(folder_store.get(segment.key()))
    folder_store.put(segment.key(), whole[: len(whole) * 2 // 3])
    about, group = group_of(folder_store, Transcoder(folder_store, SMALL)(segment))

    assert 0 < len(group) < 25
    assert sorted([*about.failedframes, *group.records["index"]]) == list(range(25))


@pytest.mark.parametrize("data", [b"", b"a text", bytes(999)])
def test_a_segment_that_is_no_video_is_bad_input(cut, folder_store, data):
    segment = cut()[0]
    folder_store.put(segment.key(), data)
    with pytest.raises(BadMedia, match="this is not mp4 video"):
        Transcoder(folder_store, SMALL)(segment)


def test_bytes_that_are_not_there_and_bytes_of_others(cut, folder_store):
    segment = cut()[0]
    folder_store.delete(segment.key())
    with pytest.raises(Missing):
        Transcoder(folder_store, SMALL)(segment)
    with pytest.raises(BadEvent):
        Transcoder(folder_store, SMALL)(replace(segment, dataref="file:///etc/passwd"))


@pytest.mark.parametrize(
    ("models", "size"),
    [((MODEL,), (416, 312)), (("fastestdet",), (352, 352)), ((MODEL, "fastestdet"), (416, 352))],
)
def test_frames_have_the_size_that_the_models_need(cut, folder_store, models, size):
    segment = cut(models=models, aspect=None, frames=3)[0]
    about, group = group_of(folder_store, Transcoder(folder_store, Options())(segment))

    assert group.records["nv12"].shape[1:] == (size[1] * 3 // 2, size[0])
    assert (about.width, about.height) == (64, 48)


@pytest.mark.parametrize(
    ("most", "size"),
    [
        ((160, 90), (160, 90)),
        ((200, 1000), (200, 112)),
        ((4000, 4000), (416, 234)),
        (None, (416, 234)),
    ],
)
def test_frames_are_never_larger_than_the_camera_is_looked_at(cut, folder_store, most, size):
    (segment, *_) = cut(size=(1280, 720), frames=3)
    about, group = group_of(
        folder_store, Transcoder(folder_store, Options())(replace(segment, framesize=most))
    )

    assert group.records["nv12"].shape[1:] == (size[1] * 3 // 2, size[0])
    assert (about.width, about.height) == (1280, 720)


def test_pixels_that_are_not_square_are_made_so(cut, folder_store):
    segment = cut(aspect=Fraction(3, 2), frames=3)[0]
    about, group = group_of(folder_store, Transcoder(folder_store, Options())(segment))

    assert (about.width, about.height) == (96, 48)
    assert group.records["nv12"].shape[1:] == (208 * 3 // 2, 416)


def test_frames_as_jpeg(cut, folder_store):
    segment = cut(frames=5)[0]
    reply = Transcoder(folder_store, replace(SMALL, format="jpeg"))(segment)

    _, group = group_of(folder_store, reply)
    pictures = [cv2.imdecode(np.frombuffer(one, np.uint8), 1) for one in group.jpegs()]
    assert [picture.shape for picture in pictures] == [(24, 32, 3)] * segment.framecount


@pytest.mark.parametrize(("framecount", "failed"), [(1, ()), (3, (1, 2))])
def test_a_still_is_a_segment_of_one_frame(folder_store, framecount, failed):
    segment = SegmentEvent(
        id=SegmentId("gate", EPOCH, 0),
        time=TIME,
        datacontenttype="image/png",
        dataref=folder_store.uri("segments/gate/1/a.png"),
        framecount=framecount,
        gopstart=0,
        models=(MODEL,),
    )
    folder_store.put("segments/gate/1/a.png", media.png(80, 60))
    about, group = group_of(folder_store, Transcoder(folder_store, SMALL)(segment))

    assert (len(group), about.failedframes, about.time) == (1, failed, TIME)
    assert (about.width, about.height) == (80, 60)


@pytest.mark.parametrize("suffix", ["webp", "bmp", "tiff"])
def test_other_stills_are_segments_too(folder_store, suffix):
    key = f"segments/gate/1/a.{suffix}"
    folder_store.put(key, cv2.imencode(f".{suffix}", media.picture(0, (80, 60)))[1].tobytes())
    segment = SegmentEvent(
        id=SegmentId("gate", EPOCH, 0),
        time=TIME,
        datacontenttype=f"image/{suffix}",
        dataref=folder_store.uri(key),
        framecount=1,
        gopstart=0,
        models=(MODEL,),
    )
    about, group = group_of(folder_store, Transcoder(folder_store, SMALL)(segment))

    assert (len(group), about.width, about.height) == (1, 80, 60)


def test_options_are_in_the_environment(monkeypatch):
    monkeypatch.setenv("CNAP_FRAMES_RATE", "12.5")
    monkeypatch.setenv("CNAP_FRAMES_SIZE", "641x360")
    monkeypatch.setenv("CNAP_FRAMES_FORMAT", "jpeg")
    assert Options.from_environment() == Options(12.5, (642, 360), "jpeg")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CNAP_FRAMES_RATE", "fast"),
        ("CNAP_FRAMES_RATE", "0"),
        ("CNAP_FRAMES_RATE", "-1"),
        ("CNAP_FRAMES_RATE", "nan"),
        ("CNAP_FRAMES_SIZE", "640"),
        ("CNAP_FRAMES_SIZE", "0x0"),
        ("CNAP_FRAMES_SIZE", "640x360x3"),
        ("CNAP_FRAMES_FORMAT", "gif"),
    ],
)
def test_options_that_make_no_sense_are_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(CnapError, match=f"^{name} must be .*{value}"):
        Options.from_environment()
