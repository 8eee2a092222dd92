import re

import pytest

from cnap.events import wants
from cnap.models import ModelError, catalog, clip, declared, default, load, mistake, model, names


@pytest.mark.parametrize("name", names())
def test_each_entry_is_whole(name):
    entry = model(name)
    assert entry.licence
    assert entry.about
    assert entry.labels
    assert all(side % 2 == 0 for side in entry.input.size)
    for release in entry.releases:
        for file in release:
            assert re.fullmatch("[0-9a-f]{64}", file.sha256)
            assert (file.package is None) == (file.member is None)
            assert file.url is None or file.url.startswith("https://")
    assert len(wants.attribute(name)) <= 20  # what CloudEvents asks of attribute names


def test_attributes_tell_models_apart():
    assert len({wants.attribute(name) for name in names()}) == len(names())


def test_coco_has_its_80_labels():
    assert len(set(model("yolox-nano").labels)) == 80


def test_an_unknown_name_lists_the_known_ones_or_the_one_that_was_meant():
    with pytest.raises(ModelError, match="no model is called 'cars'; the catalog has yolox-nano"):
        model("cars")
    with pytest.raises(ModelError, match=r"called 'yolox-nan'; did you mean yolox-nano\?"):
        model("yolox-nan")
    assert mistake("yolox-nano") == ""
    with pytest.raises(ModelError, match="no model is called"):
        load("yolo-nano")


def test_an_own_file(tmp_path):
    path = tmp_path / "My Model (v2).onnx"
    path.write_bytes(b"not read yet")
    own = load(str(path), "yolox", ["cat", "dog"], (640, 384))
    assert own.name == "my-model-v2"
    assert own.labels == ("cat", "dog")
    assert own.frame_size(1920, 1080) == (640, 360)
    assert own.here
    assert own.fetch() == [path]


@pytest.mark.parametrize(
    ("source", "family", "says"),
    [
        ("missing.onnx", "yolox", "no such model file"),
        ("there.onnx", None, "say which family it is: fastestdet, ssd, yolov3, yolox, yunet"),
        ("there.onnx", "yolov9", "no model family is called 'yolov9'"),
        ("there.onnx", "yolox", "not a model that OpenVINO can read"),
    ],
)
def test_an_own_file_that_cannot_be_used(tmp_path, source, family, says):
    (tmp_path / "there.onnx").write_bytes(b"some text")
    with pytest.raises(ModelError, match=says):
        load(str(tmp_path / source), family)


def test_a_declared_model_is_known_by_name(tmp_path, monkeypatch):
    path = tmp_path / 'it\'s "mine".onnx'
    path.write_bytes(b"not read")
    own = load(str(path), "ssd", ["", "Füße"], (512, 320))
    (tmp_path / "own.toml").write_text(declared(own), "utf-8")
    monkeypatch.setenv("CNAP_CATALOG", str(tmp_path / "own.toml"))
    assert names()[-1] == own.name
    assert model(own.name) == own
    assert model("yolox-nano").labels[0] == "person"


def test_a_broken_own_catalog(tmp_path, monkeypatch):
    (tmp_path / "own.toml").write_text("[models")
    monkeypatch.setenv("CNAP_CATALOG", str(tmp_path / "own.toml"))
    with pytest.raises(ModelError, match=r"own\.toml: not a catalog"):
        names()


@pytest.fixture
def reachable(monkeypatch):
    """Says which models are here, and which can be fetched."""
    here, there = set(), set()

    def fetch(entry, progress=None):
        if entry.name not in here | there:
            raise ModelError("no network")
        here.add(entry.name)

    monkeypatch.setattr(catalog.Model, "here", property(lambda entry: entry.name in here))
    monkeypatch.setattr(catalog.Model, "fetch", fetch)
    return here, there


@pytest.mark.parametrize(
    ("here", "there", "chosen"),
    [
        ({"yolox-nano"}, set(), "yolox-nano"),
        (set(), {"yolox-nano", "yolov3-tiny"}, "yolox-nano"),
        (set(), {"yolov3-tiny"}, "yolov3-tiny"),
        ({"yolov3-tiny"}, {"yolox-nano"}, "yolov3-tiny"),  # a second start does not wait
        ({"yolov3-tiny", "yolox-nano"}, set(), "yolox-nano"),
    ],
)
def test_the_default_model(reachable, here, there, chosen):
    reachable[0].update(here)
    reachable[1].update(there)
    model, why = default()
    assert model.name == chosen
    assert why
    assert chosen in reachable[0]


def test_no_default_model(reachable):
    with pytest.raises(ModelError, match="no network"):
        default()


def test_the_demo_clip():
    assert clip("bikes").name == "bikes.mp4"


def test_real_files_are_the_catalogs(assets, monkeypatch, tmp_path):
    """Whatever is there by its name is so by its checksum."""
    monkeypatch.setenv("CNAP_ASSETS", str(assets))
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path))
    named = {n for n in names() if any(list(assets.rglob(r[0].name)) for r in model(n).releases)}
    assert named
    assert {name for name in names() if model(name).here} == named
