"""SSD with its DetectionOutput layer in the graph, as in the Open Model Zoo."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnap.models.family import Candidates, Family, Input, Outputs, Shape, Size


class Ssd(Family):
    """One output 1 x 1 x N x 7: image, label, score, x_min, y_min, x_max, y_max as fractions.

    The list ends early with an image number of -1. Overlaps are suppressed in the graph.
    Source: docs.openvino.ai, operation DetectionOutput.
    """

    input = Input(size=(300, 300), colour="BGR", fit="stretch")
    expects = "one output of 1 x 1 x N x 7"

    def matches(self, outputs: Mapping[str, Shape], size: Size, labels: int) -> bool:
        shapes = list(outputs.values())
        return len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][3] == 7

    def decode(self, outputs: Outputs, size: Size, threshold: float) -> Candidates:
        rows = next(iter(outputs.values())).reshape(-1, 7)
        ended = np.flatnonzero(rows[:, 0] < 0)
        rows = rows[: ended[0]] if len(ended) else rows
        rows = rows[rows[:, 2] >= threshold]
        return Candidates(rows[:, 3:] * [*size, *size], rows[:, 2].copy(), rows[:, 1].astype(int))
