"""YuNet: small and exact faces, from OpenCV's model zoo."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnap.detections import nms
from cnap.models.family import Candidates, Family, Input, Outputs, Shape, Size

STRIDES = (8, 16, 32)
OVERLAP = 0.3


class YuNet(Family):
    """For each stride S, outputs cls_S and obj_S (1 x cells x 1) and bbox_S (1 x cells x 4).

    Five landmarks of each face (kps_S) are left out: a detection is a box.
    Source: OpenCV's FaceDetectorYN, modules/objdetect/src/face_detect.cpp.
    """

    input = Input(size=(640, 640), colour="BGR", fit="letterbox", pad=0)
    expects = "outputs cls_S, obj_S and bbox_S for the strides S of 8, 16 and 32"

    def matches(self, outputs: Mapping[str, Shape], size: Size, labels: int) -> bool:
        for stride in STRIDES:
            cells = (size[0] // stride) * (size[1] // stride)
            for name, values in (("cls", 1), ("obj", 1), ("bbox", 4)):
                if outputs.get(f"{name}_{stride}") != (1, cells, values):
                    return False
        return labels == 1

    def decode(self, outputs: Outputs, size: Size, threshold: float) -> Candidates:
        boxes, scores = [], []
        for stride in STRIDES:
            face, there = (
                np.clip(outputs[f"{name}_{stride}"][0, :, 0], 0, 1) for name in ("cls", "obj")
            )
            product = face * there
            cells = np.flatnonzero(product >= threshold * threshold)
            x, y, width, height = outputs[f"bbox_{stride}"][0, cells].T
            row, column = np.divmod(cells, size[0] // stride)
            centre = np.stack([column + x, row + y], axis=1) * stride
            half = np.exp(np.stack([width, height], axis=1)) * stride / 2
            boxes.append(np.hstack([centre - half, centre + half]))
            scores.append(np.sqrt(product[cells]))
        score = np.concatenate(scores)
        faces = Candidates(np.concatenate(boxes), score, np.zeros(len(score), dtype=int))
        return nms(faces, OVERLAP)
