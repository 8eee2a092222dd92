import numpy as np
import pytest

from cnap.models import load, network
from cnap.models.yolov3 import YoloV3


def outputs(boxes, scores):
    return {
        "yolonms_layer_1": np.array([boxes], np.float32),
        "yolonms_layer_1:1": np.array([scores], np.float32),
    }


def test_one_box_can_be_of_two_classes():
    found = YoloV3().decode(
        outputs([[10, 20, 30, 60], [0, 0, 5, 5]], [[0.2, 0.9], [0.4, 0.1], [0.8, 0.3]]),
        (416, 416),
        0.35,
    )
    assert found.scores == pytest.approx([0.9, 0.8, 0.4])
    assert found.classes.tolist() == [0, 2, 1]
    assert found.boxes.tolist() == [[0, 0, 5, 5], [20, 10, 60, 30], [20, 10, 60, 30]]


def test_knows_its_own_outputs():
    shapes = {"yolonms_layer_1": (1, 2535, 4), "yolonms_layer_1:1": (1, 80, 2535)}
    assert YoloV3().matches(shapes, (416, 416), 80)
    assert not YoloV3().matches(shapes, (416, 416), 2)
    assert not YoloV3().matches({"output": (1, 3549, 85)}, (416, 416), 80)


def test_prepare_makes_one_fixed_input_of_two(tmp_path):
    """A stand-in with the file's inputs and outputs: it says where the picture's corners are."""
    ov = pytest.importorskip("openvino")
    from openvino import opset13 as op

    picture = op.parameter([-1, 3, -1, -1], np.float32, name="input_1")
    picture.output(0).set_names({"input_1"})
    shape = op.parameter([-1, 2], np.float32, name="image_shape")
    shape.output(0).set_names({"image_shape"})
    corner = op.concat([shape, shape], 1)
    boxes = op.unsqueeze(corner, 0)
    scores = op.reduce_mean(picture, np.array([2, 3]), keep_dims=False)
    scores = op.unsqueeze(scores, 2)
    chosen = op.non_zero(op.reduce_max(picture, np.array([1, 2]), keep_dims=False))
    results = []
    for place, port in enumerate((boxes, scores, chosen)):
        result = op.result(port)
        name = f"yolonms_layer_1:{place}" if place else "yolonms_layer_1"
        port.output(0).set_names({name})
        results.append(result)
    ov.save_model(ov.Model(results, [picture, shape]), tmp_path / "stand-in.xml")

    read = network.read(tmp_path / "stand-in.xml")
    YoloV3().prepare(read, (96, 64))
    assert [list(port.shape) for port in read.inputs] == [[1, 3, 64, 96]]
    compiled = ov.compile_model(read, "CPU")
    found = compiled(np.full((1, 3, 64, 96), 0.5, np.float32))
    assert found["yolonms_layer_1"].tolist() == [[[64, 96, 64, 96]]]
    assert len(compiled.outputs) == 2


def test_the_catalogs_one_is_trimmed():
    assert load("yolov3-tiny").input.canvas((416, 176)) == (416, 192)
