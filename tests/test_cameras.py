"""cameras.yaml: what is meant is read, and a mistake is named."""

import contextlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from cnap import cameras
from cnap.cameras import Camera, CameraError
from cnap.events.wants import MAX_MODELS


def one(**fields):
    return "cameras:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in fields.items())


def test_a_camera_with_everything():
    text = one(
        name="gate",
        url="/films/gate.mp4",
        models="[yolox-nano, yunet]",
        framerate=5,
        segment=0.5,
        loop="false",
        paused="true",
    )
    expected = Camera(
        "gate",
        "/films/gate.mp4",
        ("yolox-nano", "yunet"),
        5.0,
        segment=0.5,
        loop=False,
        paused=True,
    )
    assert cameras.parse(text) == [expected]


def test_a_camera_with_only_what_it_needs():
    assert cameras.parse(one(name="gate", url="a.mp4")) == [Camera("gate", "a.mp4")]
    assert cameras.parse("cameras: []") == []


GOOD = {"name": "gate", "url": "a.mp4"}
MISTAKES = [
    ("cameras: [", "is not YAML"),
    ("", "must be a list"),
    ("[]", "must be a list"),
    ("cameras: gate", "must be a list"),
    ("cameras: [gate]", "camera 1 must have a name and a url"),
    ("cameras: [[]]", "camera 1 must have a name and a url"),
    (one(name="gate"), "camera 1: url is missing"),
    (one(url="a.mp4"), "camera 1: name is missing"),
    (one(name=7, url="a.mp4"), "camera 1: name is missing, or is not text"),
    (one(name="Gate", url="a.mp4"), "can't name a stream"),
    (one(name="../x", url="a.mp4"), "can't name a stream"),
    (one(**GOOD, model="yunet"), "unknown field 'model'"),
    (one(**GOOD, models="yolox-nano"), "camera gate: models must be a list"),
    (one(**GOOD, models="[1]"), "models must be a list of names"),
    (one(**GOOD, models="[a, a]"), "different models"),
    (one(**GOOD, models="[yolox-nano, yoloxnano]"), "different models"),
    (one(**GOOD, models="[A]"), "can't name a model"),
    (one(**GOOD, models=[f"m{n}" for n in range(MAX_MODELS + 1)]), "different models"),
    (one(**GOOD, framerate=0), "camera gate: framerate must be a number"),
    (one(**GOOD, framerate=".nan"), "framerate must be a number"),
    (one(**GOOD, framerate=".inf"), "framerate must be a number"),
    (one(**GOOD, framerate="true"), "framerate must be a number"),
    (one(**GOOD, framerate="fast"), "framerate must be a number"),
    (one(**GOOD, segment=60), "segment must be a number"),
    (one(**GOOD, loop="maybe"), "loop must be true or false"),
    (one(**GOOD, paused=1), "paused must be true or false"),
    ("cameras:\n- {name: a, url: b}\n- {name: a, url: c}", "two cameras are called a"),
    ("!!python/object/apply:os.system ['true']", "is not YAML"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_is_named(text, words):
    with pytest.raises(CameraError) as mistake:
        cameras.parse(text)
    assert words in str(mistake.value)
    assert "camera" in str(mistake.value)


names = some.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
whatever = some.builds(
    Camera,
    name=names,
    url=some.text(min_size=1),
    models=some.lists(names, unique_by=lambda name: name.replace("-", ""), max_size=MAX_MODELS).map(
        tuple
    ),
    framerate=some.none() | some.floats(0.01, 1000),
    segment=some.floats(0.1, 10),
    loop=some.booleans(),
    paused=some.booleans(),
)


@settings(max_examples=40)
@given(some.lists(whatever, unique_by=lambda camera: camera.name, max_size=5))
def test_what_is_dumped_is_parsed_again(list_of_cameras):
    assert cameras.parse(cameras.dump(list_of_cameras)) == list_of_cameras


@given(
    some.recursive(
        some.none() | some.booleans() | some.floats() | some.text(),
        lambda inner: (
            some.lists(inner, max_size=3)
            | some.dictionaries(
                some.sampled_from(["name", "url", "models", "framerate", "loop"]) | some.integers(),
                inner,
                max_size=5,
            )
        ),
    )
)
def test_anything_at_all_is_a_camera_or_a_mistake(entry):
    with contextlib.suppress(CameraError):
        cameras.parse(yaml.safe_dump({"cameras": [entry]}))
