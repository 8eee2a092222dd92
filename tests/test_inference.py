"""The engine, with tiny networks whose answers are known, and with the real models."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from cnap.inference import Engine, InferenceFailure, available_cpus
from cnap.models import ModelError, load
from cnap.models.family import Input
from cnap.models.model import Model
from cnap.models.yolox import YoloX
from tests.spots import BLUE, RED, SIDE, save_spots

cv2 = pytest.importorskip("cv2")
av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def spots(tmp_path_factory):
    return save_spots(tmp_path_factory.mktemp("spots") / "spots.xml")


def model(path, colour="BGR", trim=0):
    layout = Input(size=(SIDE, SIDE), colour=colour, pad=114, trim=trim)
    return Model("spots", YoloX(), layout, ("blue", "red"), path=path)


@pytest.fixture
def engine(spots, tmp_path):
    return Engine(model(spots), tmp_path, threads=1)


def nv12(width, height, *marks):
    """A grey picture; `marks` are x, y, width, height, colour."""
    picture = np.full((height, width, 3), 90, np.uint8)
    for x, y, across, down, colour in marks:
        picture[y : y + down, x : x + across] = colour
    planar = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    chroma = planar[height:].reshape(2, -1)
    return np.concatenate([planar[:height], chroma.T.reshape(height // 2, width)])


def test_finds_what_is_there_and_what_colour_it_is(engine):
    frame = nv12(64, 64, (16, 24, 8, 8, BLUE), (40, 0, 8, 8, RED))
    (found,) = engine.detect([frame])
    assert sorted((d.label, d.box) for d in found) == [
        ("blue", (0.25, 0.375, 0.375, 0.5)),
        ("red", (0.625, 0.0, 0.75, 0.125)),
    ]
    assert all(d.score > 0.8 for d in found)


def test_an_rgb_model_gets_rgb(spots, tmp_path):
    """Fed with RGB, this network takes red for blue."""
    engine = Engine(model(spots, colour="RGB"), tmp_path, threads=1)
    ((found,),) = engine.detect([nv12(64, 64, (16, 24, 8, 8, BLUE))])
    assert found.label == "red"


@pytest.mark.parametrize(
    ("picture", "mark", "box"),
    [
        ((64, 36), (56, 8, 8, 8), (0.875, 0.2222, 1.0, 0.4444)),  # wide: padding below
        ((36, 64), (8, 56, 8, 8), (0.2222, 0.875, 0.4444, 1.0)),  # tall: padding at the right
        ((128, 72), (112, 16, 16, 16), (0.875, 0.2222, 1.0, 0.4444)),  # scaled here, by half
        ((32, 18), (28, 4, 4, 4), (0.875, 0.2222, 1.0, 0.4444)),  # and by two
    ],
)
def test_boxes_map_back_exactly(engine, picture, mark, box):
    ((found,),) = engine.detect([nv12(*picture, (*mark, BLUE))])
    assert found.box == box


def test_answers_are_in_the_frames_order(engine):
    frames = [nv12(64, 64, (8 * (i % 8), 8 * (i // 8), 8, 8, BLUE)) for i in range(30)]
    for i, (found,) in enumerate(engine.detect(np.stack(frames))):
        assert found.box[:2] == (i % 8 / 8, i // 8 / 8)


@pytest.mark.parametrize("trim", [0, 32])
def test_pictures_of_several_sizes_in_one_group(spots, tmp_path, monkeypatch, trim):
    monkeypatch.setattr("cnap.inference.MOST_SHAPES", 2)
    engine = Engine(model(spots, trim=trim), tmp_path, threads=1)
    sizes = [(64, 64), (64, 32), (32, 64), (64, 64), (128, 64)] * 3
    sides = [max(size) // 8 for size in sizes]
    found = engine.detect(
        nv12(*size, (0, 0, side, side, RED)) for size, side in zip(sizes, sides, strict=True)
    )
    assert [one.box for (one,) in found] == [
        (0, 0, side / width, side / height)
        for side, (width, height) in zip(sides, sizes, strict=True)
    ]


def test_jpeg_files(engine):
    picture = np.full((64, 64, 3), 90, np.uint8)
    picture[32:40, 48:56] = BLUE
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    ((found,),) = engine.detect([data])
    assert (found.label, found.box) == ("blue", (0.75, 0.5, 0.875, 0.625))


def test_a_frame_that_fails_takes_nothing_with_it(engine):
    good = nv12(64, 64, (0, 0, 8, 8, RED))
    frames = [good, b"no picture", good, good[:5], good.astype(np.float32), good, b""]
    found = engine.detect(frames)
    assert [isinstance(one, InferenceFailure) for one in found] == [0, 1, 0, 1, 1, 0, 1]
    assert found[1] == InferenceFailure("inference failed: not a JPEG picture")
    assert [len(found[i]) for i in (0, 2, 5)] == [1, 1, 1]


def test_a_decoder_that_raises_fails_its_own_frame_only(engine, monkeypatch):
    decode, calls = YoloX.decode, []

    def fragile(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("shape mismatch\nand a page about source files")
        return decode(self, *arguments)

    monkeypatch.setattr(YoloX, "decode", fragile)
    found = engine.detect([nv12(64, 64)] * 5)
    assert found == [[], InferenceFailure("inference failed: shape mismatch"), [], [], []]


def test_no_frames(engine):
    assert engine.detect([]) == []
    assert engine.detect(np.empty((0, 96, 64), np.uint8)) == []


def test_the_threshold(spots, tmp_path, monkeypatch):
    half = nv12(64, 64, (0, 0, 8, 4, BLUE))
    frames = [half]
    assert [len(Engine(model(spots), tmp_path, 1, t).detect(frames)[0]) for t in (0.1, 0.9)] == [
        1,
        0,
    ]
    for value, count in (("0.1", 1), ("0.9", 0)):
        monkeypatch.setenv("CNAP_THRESHOLD", value)
        assert len(Engine(model(spots), tmp_path, 1).detect(frames)[0]) == count
    monkeypatch.delenv("CNAP_THRESHOLD")
    for own, count in ((0.1, 1), (0.9, 0)):
        assert (
            len(Engine(replace(model(spots), threshold=own), tmp_path, 1).detect(frames)[0])
            == count
        )
    for value in ("0", "1.5", "nan", "high"):
        monkeypatch.setenv("CNAP_THRESHOLD", value)
        with pytest.raises(ModelError, match="CNAP_THRESHOLD must be a number between 0 and 1"):
            Engine(model(spots), tmp_path, 1)


def test_a_file_that_is_no_model(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not a model that OpenVINO can read"):
        Engine(model(path), tmp_path)


def test_at_least_one_cpu():
    assert available_cpus() >= 1


@pytest.fixture
def picture(assets):
    """A JPEG of people on a stage."""
    path = assets / "coco-mini" / "images" / "000000005001.jpg"
    if not path.exists():
        pytest.skip(f"{path.name} is not here: CNAP_ASSETS names no folder that has it")
    return path.read_bytes()


def real_model(name):
    try:
        load(name).fetch()
    except ModelError as error:
        pytest.skip(str(error))
    return load(name)


def frame_of(path, index):
    with av.open(str(path)) as video:
        return next(islice(video.decode(video=0), index, None))


@pytest.mark.parametrize(
    ("name", "label", "least"),
    [
        ("yolox-nano", "person", 4),
        ("yolox-nano-int8", "person", 4),
        ("fastestdet", "person", 4),
        ("crossroad-0078", "person", 3),
        ("face-0004", "face", 4),
        ("yunet", "face", 4),
    ],
)
def test_real_models_find_what_is_there(picture, tmp_path, name, label, least):
    (found,) = Engine(real_model(name), tmp_path).detect([picture])
    assert sum(d.label == label and d.score > 0.5 for d in found) >= least


def test_a_real_vehicle_detector(clip, tmp_path):
    frame = frame_of(clip("udacity_test_video.mp4"), 0)
    engine = Engine(real_model("vehicle-0200"), tmp_path)
    (found,) = engine.detect([frame.reformat(256, 256, "nv12").to_ndarray()])
    assert [d.label for d in found if d.score > 0.9] == ["vehicle"] * 2


def test_the_default_model_of_the_registry(clip, tmp_path):
    frame = frame_of(clip("bikes.mp4"), 150)
    model = real_model("yolov3-tiny")
    size = model.frame_size(frame.width, frame.height)
    (found,) = Engine(model, tmp_path).detect([frame.reformat(*size, "nv12").to_ndarray()])
    assert [d.label for d in found].count("car") >= 3


def test_trimmed_padding_changes_nothing_that_matters(picture, tmp_path):
    """The network sees 416x320 instead of 416x416, and the same objects."""
    entry = real_model("yolox-nano")
    square = replace(entry, input=replace(entry.input, trim=0))
    ours, theirs = (Engine(m, tmp_path).detect([picture])[0] for m in (entry, square))
    for some, others in ((ours, theirs), (theirs, ours)):
        sure = [d for d in some if d.score > 0.5]
        assert len(sure) > 5
        for d in sure:
            assert any(
                d.label == other.label
                and d.box == pytest.approx(other.box, abs=0.02)
                and d.score == pytest.approx(other.score, abs=0.1)
                for other in others
            )
