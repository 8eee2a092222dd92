"""A tiny network whose answers are known."""

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as op

BLUE, RED = (255, 0, 0), (0, 0, 255)
SIDE = 64


def save_spots(path: Path) -> Path:
    """A YOLOX that finds spots: cells of 8 pixels that are blue ("blue") or red ("red")."""

    def cells(stride):
        """Rows of x, y, log sides, objectness and the scores of both labels."""
        mean = op.avg_pool(
            picture, [stride, stride], [0, 0], [0, 0], [stride, stride], False, "floor"
        )
        bgr = op.multiply(mean, np.float32(1 / 255))
        blue, green, red = op.split(bgr, 1, 3).outputs()
        colourful = op.subtract(op.maximum(blue, red), op.minimum(op.minimum(blue, red), green))
        there = op.multiply(colourful, np.float32(stride == 8))
        middle, flat = op.multiply(green, np.float32(0)), op.multiply(red, np.float32(0))
        middle = op.add(middle, np.float32(0.5))
        rows = op.concat([middle, middle, flat, flat, there, blue, red], 1)
        return op.transpose(op.reshape(rows, [1, 7, -1], False), np.array([0, 2, 1]))

    picture = op.parameter([1, 3, SIDE, SIDE], np.float32)
    answer = op.concat([cells(stride) for stride in (8, 16, 32)], 1)
    ov.save_model(ov.Model([answer], [picture]), path, compress_to_fp16=False)
    return path
