"""YOLOX (Megvii): anchor-free, exported without its grid decoding."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from cnap.detections import nms
from cnap.models.family import Candidates, Family, Input, Outputs, Shape, Size

STRIDES = (8, 16, 32)
OVERLAP = 0.65  # the authors' own evaluation


class YoloX(Family):
    """One output 1 x cells x (centre, log size, objectness, classes), scores already sigmoid.

    Source: github.com/Megvii-BaseDetection/YOLOX, demo/ONNXRuntime.
    """

    input = Input(size=(416, 416), colour="BGR", fit="letterbox", pad=114)
    expects = "one output of 1 x cells x (5 + labels), over grids of stride 8, 16 and 32"

    def matches(self, outputs: Mapping[str, Shape], size: Size, labels: int) -> bool:
        cells = len(grid(size)[0])
        return list(outputs.values()) == [(1, cells, 5 + labels)]

    def decode(self, outputs: Outputs, size: Size, threshold: float) -> Candidates:
        cells = next(iter(outputs.values()))[0]
        # Objectness bounds the score, so one column rejects nearly every cell.
        likely = np.flatnonzero(cells[:, 4] >= threshold)
        scores = cells[likely, 4:5] * cells[likely, 5:]
        # A cell may be of two classes: it changes nothing at scores worth showing, and much below.
        row, classes = np.nonzero(scores >= threshold)
        cell = likely[row]
        corner, stride = grid(size)
        centre = (cells[cell, :2] + corner[cell]) * stride[cell]
        half = np.exp(cells[cell, 2:4]) * stride[cell] / 2
        boxes = np.hstack([centre - half, centre + half])
        return nms(Candidates(boxes, scores[row, classes], classes), OVERLAP)


@cache
def grid(size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Each cell's column and row (cells, 2), and its stride (cells, 1), in output order."""
    corners, strides = [], []
    for stride in STRIDES:
        columns, rows = size[0] // stride, size[1] // stride
        y, x = np.mgrid[:rows, :columns]
        corners.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((rows * columns, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)
