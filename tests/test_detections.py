"""Suppression against a slow reference, and where boxes end up in the picture."""

import json

import numpy as np
import pytest

from cnap.detections import MOST_CANDIDATES, MOST_DETECTIONS, Detection, iou, nms, place
from cnap.models import Candidates


def candidates(*rows):
    """From rows of x_min, y_min, x_max, y_max, score, class."""
    table = np.array(rows, dtype=np.float32).reshape(-1, 6)
    return Candidates(table[:, :4], table[:, 4], table[:, 5].astype(int))


def overlap(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    union = sum(areas) - width * height
    return width * height / union if union else 0.0


def slow_nms(found, most):
    kept = []
    for i in np.argsort(-found.scores, kind="stable"):
        if all(
            found.classes[i] != found.classes[j]
            or overlap(found.boxes[i].tolist(), found.boxes[j].tolist()) <= most
            for j in kept
        ):
            kept.append(i)
    return kept


@pytest.mark.parametrize("count", [0, 1, 2, 30, 90])
@pytest.mark.parametrize("seed", range(5))
def test_nms_keeps_what_the_slow_way_keeps(seed, count):
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 60, (count, 2))
    found = Candidates(
        np.hstack([corner, corner + random.uniform(1, 40, (count, 2))]),
        random.uniform(0.1, 1, count).round(1),  # many equal scores
        random.integers(0, 3, count),
    )
    expected = slow_nms(found, 0.4)
    kept = nms(found, 0.4)
    assert kept.boxes.tolist() == found.boxes[expected].tolist()
    assert kept.scores.tolist() == found.scores[expected].tolist()
    assert kept.classes.tolist() == found.classes[expected].tolist()


def test_nms_leaves_other_classes_alone():
    found = candidates([0, 0, 9, 9, 0.9, 0], [0, 0, 9, 9, 0.8, 1], [0, 0, 9, 9, 0.7, 0])
    assert nms(found, 0.5).classes.tolist() == [0, 1]


def test_a_suppressed_box_suppresses_nothing():
    chain = candidates([0, 0, 10, 9, 0.9, 0], [4, 0, 14, 9, 0.8, 0], [8, 0, 18, 9, 0.7, 0])
    assert nms(chain, 0.4).scores.tolist() == pytest.approx([0.9, 0.7])


def test_a_frame_full_of_noise_costs_a_bounded_amount():
    count = MOST_CANDIDATES * 5
    corner = np.stack([np.arange(count) * 10.0, np.zeros(count)], axis=1)
    found = Candidates(
        np.hstack([corner, corner + 5]), np.linspace(1, 0.1, count), np.zeros(count, int)
    )
    assert len(nms(found, 0.5).boxes) == MOST_DETECTIONS


def test_empty_boxes_overlap_nothing():
    assert iou(np.array([[3.0, 3, 3, 3], [3, 3, 3, 3], [5, 5, 1, 1]])).tolist() == [[0.0] * 3] * 3


def test_place_gives_fractions_of_the_picture_clipped_and_short():
    found = candidates([-5, 10, 20, 30, 1 / 3, 1], [104, 90, 400, 400, 0.5, 0])
    assert place(found, (208, 117), ["cat", "dog"]) == [
        Detection("dog", 0.3333, (0.0, 0.0855, 0.0962, 0.2564)),
        Detection("cat", 0.5, (0.5, 0.7692, 1.0, 1.0)),
    ]


def test_what_lies_in_the_padding_is_no_object():
    assert place(candidates([10, 120, 50, 160, 0.9, 0]), (208, 117), ["cat"]) == []


def test_json_has_no_float32_tails():
    (detection,) = place(candidates([1, 1, 2, 2, 0.7, 0]), (3, 3), ["cat"])
    assert json.dumps(detection.as_json()) == (
        '{"label": "cat", "score": 0.7, "box": [0.3333, 0.3333, 0.6667, 0.6667]}'
    )
