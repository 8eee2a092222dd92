"""Detected objects: placed in the displayed picture, overlaps suppressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnap.models.family import Candidates

MOST_CANDIDATES = 1000  # suppression compares every pair, so a noisy frame must not set its cost
MOST_DETECTIONS = 100  # a frame, as in COCO's evaluation


@dataclass(frozen=True, slots=True)
class Detection:
    """One object; `box` is x_min, y_min, x_max, y_max as fractions of the displayed picture."""

    label: str
    score: float
    box: tuple[float, float, float, float]

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "score": self.score, "box": list(self.box)}


def nms(candidates: Candidates, overlap: float) -> Candidates:
    """Keep the best of each group of same-class boxes whose IoU is above `overlap`, best first.

    At most MOST_CANDIDATES of the best are considered and MOST_DETECTIONS kept.
    """
    order = np.argsort(-candidates.scores, kind="stable")[:MOST_CANDIDATES]
    boxes, scores, classes = (field[order] for field in candidates)
    if len(order) > 1:
        rivals = (iou(boxes) > overlap) & (classes[:, None] == classes)
        kept = np.ones(len(order), dtype=bool)
        for index in np.flatnonzero(np.triu(rivals, 1).any(axis=1)):
            if kept[index]:
                kept[index + 1 :] &= ~rivals[index, index + 1 :]
        boxes, scores, classes = boxes[kept], scores[kept], classes[kept]
    return type(candidates)(
        boxes[:MOST_DETECTIONS], scores[:MOST_DETECTIONS], classes[:MOST_DETECTIONS]
    )


def iou(boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair of (n, 4) boxes, as (n, n); 0 where both are empty."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    union = area[:, None] + area - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def place(
    candidates: Candidates, picture: tuple[int, int], labels: Sequence[str]
) -> list[Detection]:
    """Name the candidates, and turn pixels of the network's input into fractions of the picture.

    `picture` is the (width, height) the displayed picture takes in the input, from its top left.
    Boxes are clipped to the picture; those wholly outside (in the padding) are left out.
    """
    # float64, so that rounding gives 0.1234 and not 0.12340000271797180 in JSON
    scale = np.array([*picture, *picture], dtype=np.float64)
    boxes = np.clip(candidates.boxes / scale, 0, 1).round(4)
    scores = candidates.scores.astype(np.float64).round(4)
    visible = (boxes[:, :2] < boxes[:, 2:]).all(axis=1)
    return [
        Detection(labels[kind], score, tuple(box))
        for box, score, kind in zip(
            boxes[visible].tolist(),
            scores[visible].tolist(),
            candidates.classes[visible].tolist(),
            strict=True,
        )
    ]
