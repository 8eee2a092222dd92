"""YOLOv3-tiny as the ONNX Model Zoo has it: converted from Keras, decoding in the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cnap.detections import nms
from cnap.models.family import Candidates, Family, Input, Outputs, Shape, Size

if TYPE_CHECKING:
    import openvino as ov

OVERLAP = 0.5  # as in the file's own graph


class YoloV3(Family):
    """Boxes, 1 x boxes x (y_min, x_min, y_max, x_max), and scores, 1 x classes x boxes.

    Source: github.com/onnx/models, validated/vision/object_detection_segmentation/tiny-yolov3.
    """

    input = Input(size=(416, 416), colour="RGB", fit="letterbox", pad=128, scale=255.0)
    expects = "outputs yolonms_layer_1 of 1 x boxes x 4 and yolonms_layer_1:1 of 1 x labels x boxes"

    def prepare(self, network: ov.Model, size: Size) -> None:
        """Fix its shapes, and cut off its own suppression, whose least score of 0.6 is built in.

        The file has a second input, the picture's size, from which it works out where boxes are;
        given the network's own size, boxes come out in pixels of the network's input.
        """
        from openvino import opset13

        inputs = {port.any_name: port for port in network.inputs}
        if len(inputs) != 2 or "image_shape" not in inputs:
            return
        picture = next(port for name, port in inputs.items() if name != "image_shape")
        shape = inputs["image_shape"]
        network.reshape({picture: [1, 3, size[1], size[0]], shape: [1, 2]})
        fixed = opset13.constant(np.array([[size[1], size[0]]], dtype=np.float32))
        shape.replace(fixed.output(0))
        network.remove_parameter(shape.get_node())
        for chosen in [port for port in network.outputs if port.partial_shape.is_dynamic]:
            network.remove_result(chosen.get_node())

    def matches(self, outputs: Mapping[str, Shape], size: Size, labels: int) -> bool:
        boxes = outputs.get("yolonms_layer_1", ())
        scores = outputs.get("yolonms_layer_1:1", ())
        return boxes[::2] == (1, 4) and scores == (1, labels, *boxes[1:2])

    def decode(self, outputs: Outputs, size: Size, threshold: float) -> Candidates:
        boxes = outputs["yolonms_layer_1"][0]
        scores = outputs["yolonms_layer_1:1"][0]
        classes, indices = np.nonzero(scores >= threshold)
        found = Candidates(boxes[indices][:, [1, 0, 3, 2]], scores[classes, indices], classes)
        return nms(found, OVERLAP)
