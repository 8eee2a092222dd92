"""FastestDet: one grid, for when overhead is measured or there is next to no CPU."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnap.detections import nms
from cnap.models.family import Candidates, Family, Input, Outputs, Shape, Size

STRIDE = 16
OVERLAP = 0.45


class FastestDet(Family):
    """One output 1 x (objectness, tx, ty, tw, th, classes) x rows x columns.

    Source: github.com/dog-qiuqiu/FastestDet, example/onnx-runtime.
    """

    input = Input(size=(352, 352), colour="BGR", fit="stretch", scale=255.0)
    expects = "one output of 1 x (5 + labels) x height/16 x width/16"

    def matches(self, outputs: Mapping[str, Shape], size: Size, labels: int) -> bool:
        grid = size[1] // STRIDE, size[0] // STRIDE
        return list(outputs.values()) == [(1, 5 + labels, *grid)]

    def decode(self, outputs: Outputs, size: Size, threshold: float) -> Candidates:
        cells = next(iter(outputs.values()))[0]
        # score = objectness^0.6 * class^0.4, and no class score is above 1: most cells go here.
        row, column = np.nonzero(cells[0] >= threshold ** (1 / 0.6))
        values = cells[:, row, column]
        classes = values[5:].argmax(axis=0)
        scores = values[0] ** 0.6 * values[5:].max(axis=0, initial=0) ** 0.4
        x = (np.tanh(values[1]) + column) * STRIDE
        y = (np.tanh(values[2]) + row) * STRIDE
        half_width = size[0] / 2 / (1 + np.exp(-values[3]))
        half_height = size[1] / 2 / (1 + np.exp(-values[4]))
        boxes = np.stack([x - half_width, y - half_height, x + half_width, y + half_height], 1)
        sure = scores >= threshold
        return nms(Candidates(boxes[sure], scores[sure], classes[sure]), OVERLAP)
