"""A model's file made ready to run: tiny networks of each kind of outcome."""

import numpy as np
import pytest

from cnap.models import Model, ModelError, network
from cnap.models.family import Input
from cnap.models.ssd import Ssd
from cnap.models.yolox import YoloX

ov = pytest.importorskip("openvino")
from openvino import opset13 as op  # noqa: E402

SIZE = (32, 32)


def save(path, *shape, inputs=1, static=True):
    """A network whose only answer is `shape` zeros."""
    parameters = [
        op.parameter([1, 3, 32, 32] if static else [1, 3, -1, -1], np.float32)
        for _ in range(inputs)
    ]
    total = sum((op.reduce_sum(p, np.array([0, 1, 2, 3])) for p in parameters[1:]), parameters[0])
    nothing = op.multiply(op.reduce_sum(total, np.array([0, 1, 2, 3])), np.float32(0))
    ov.save_model(ov.Model([op.broadcast(nothing, np.array(shape))], parameters), path)
    return [path]


def model(family=None, size=SIZE):
    return Model("tiny", family or Ssd(), Input(size=size, fit="stretch"), ("", "thing"))


def load(files, cache, family=None, size=SIZE):
    return network.load(model(family, size), files, size, cache, {})


def test_takes_nv12(tmp_path):
    compiled = load(save(tmp_path / "m.xml", 1, 1, 5, 7), tmp_path)
    (picture,) = compiled.inputs
    assert list(picture.shape) == [1, 48, 32, 1]
    assert picture.element_type == ov.Type.u8


def test_the_second_time_it_is_only_loaded(tmp_path, monkeypatch):
    files = save(tmp_path / "m.xml", 1, 1, 5, 7)
    load(files, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    monkeypatch.setattr(network, "prepared", None)
    assert load(files, tmp_path / "cache").outputs[0].shape == [1, 1, 5, 7]


@pytest.mark.parametrize("spoil", [b"", b"not compiled code", None])
def test_spoilt_compiled_code_is_made_again(tmp_path, spoil):
    files = save(tmp_path / "m.xml", 1, 1, 5, 7)
    load(files, tmp_path / "cache")
    (blob,) = (tmp_path / "cache").iterdir()
    whole = blob.read_bytes()
    blob.write_bytes(whole[: len(whole) // 2] if spoil is None else spoil)
    load(files, tmp_path / "cache")
    assert len(blob.read_bytes()) == len(whole)


def test_another_file_is_another_model(tmp_path):
    load(save(tmp_path / "m.xml", 1, 1, 5, 7), tmp_path / "cache")
    compiled = load(save(tmp_path / "m.xml", 1, 1, 9, 7), tmp_path / "cache")
    assert compiled.outputs[0].shape == [1, 1, 9, 7]


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    load(save(tmp_path / "m.xml", 1, 1, 5, 7), tmp_path / "cache")


@pytest.mark.parametrize("name", ["m.onnx", "m.xml", "m.txt"])
@pytest.mark.parametrize(
    "content", [b"", b"some text\n", b"<net/>", b"<?xml version='1.0'?><net><layers>", bytes(4096)]
)
def test_a_file_that_is_no_model(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load([path], tmp_path / "cache")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_weights_that_are_missing(tmp_path):
    (path,) = save(tmp_path / "m.xml", 1, 1, 5, 7)
    path.with_suffix(".bin").unlink()
    with pytest.raises(ModelError, match=r"with its \.bin beside it"):
        load([path], tmp_path / "cache")


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(ModelError, match=r"m\.onnx: No such file"):
        load([tmp_path / "m.onnx"], tmp_path / "cache")


def test_the_wrong_family_says_both_what_is_and_what_should_be(tmp_path):
    files = save(tmp_path / "m.xml", 1, 1, 5, 7)
    with pytest.raises(ModelError) as caught:
        load(files, tmp_path / "cache", YoloX())
    assert str(caught.value) == (
        f"{files[0]}: not of the family yolox with 2 labels at 32x32: that has one output of "
        "1 x cells x (5 + labels), over grids of stride 8, 16 and 32, "
        "and this file has (1, 1, 5, 7)"
    )


def test_two_inputs(tmp_path):
    with pytest.raises(ModelError, match="has 2 inputs where a picture is expected"):
        load(save(tmp_path / "m.xml", 1, 1, 5, 7, inputs=2), tmp_path / "cache")


def test_an_open_size_is_filled_in(tmp_path):
    files = save(tmp_path / "m.xml", 1, 1, 5, 7, static=False)
    assert network.input_size(files[0]) is None
    assert list(load(files, tmp_path / "cache", size=(64, 48)).inputs[0].shape) == [1, 72, 64, 1]


def test_the_size_of_a_file(tmp_path):
    assert network.input_size(save(tmp_path / "m.xml", 1, 1, 5, 7)[0]) == (32, 32)


def test_openvino_comes_without_its_converter():
    import subprocess
    import sys

    code = (
        "import sys; from cnap.models import network; network.openvino().Core(); "
        "assert not [m for m in sys.modules if m.startswith(('openvino.tools', "
        "'openvino_telemetry'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
