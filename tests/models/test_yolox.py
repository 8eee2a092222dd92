import math

import numpy as np
import pytest

from cnap.models.yolox import YoloX, grid

SIZE = (96, 64)


def slow_decode(rows, size, threshold):
    """Cell by cell, from the authors' description."""
    found, cell = [], 0
    for stride in (8, 16, 32):
        for row in range(size[1] // stride):
            for column in range(size[0] // stride):
                x, y, width, height, there, *classes = map(float, rows[cell])
                cell += 1
                x, y = (x + column) * stride, (y + row) * stride
                half = math.exp(width) * stride / 2, math.exp(height) * stride / 2
                box = x - half[0], y - half[1], x + half[0], y + half[1]
                found += [
                    (there * score, kind, box)
                    for kind, score in enumerate(classes)
                    if there * score >= threshold
                ]
    return sorted(found, reverse=True)


@pytest.fixture
def output():
    random = np.random.default_rng(1)
    cells = len(grid(SIZE)[0])
    geometry = random.normal(0, 0.4, (cells, 4))
    return np.hstack([geometry, random.uniform(0, 1, (cells, 4))]).astype(np.float32)


def test_decodes_each_cell(output, monkeypatch):
    monkeypatch.setattr("cnap.models.yolox.OVERLAP", 1.0)
    found = YoloX().decode({"output": output[None]}, SIZE, 0.5)
    expected = slow_decode(output, SIZE, 0.5)
    assert len(expected) > 20
    assert found.scores == pytest.approx([score for score, _, _ in expected], rel=1e-5)
    assert found.classes.tolist() == [kind for _, kind, _ in expected]
    assert found.boxes == pytest.approx(np.array([box for _, _, box in expected]), rel=1e-4)


def test_suppresses_overlaps(output):
    output[:] = 0
    output[40:42, 4:6] = 0.9, 1.0  # two neighbours of stride 8
    assert len(YoloX().decode({"output": output[None]}, SIZE, 0.3).boxes) == 2
    output[40:42, 2:4] = math.log(8)  # 64 pixels wide and 8 apart: IoU 0.78
    assert len(YoloX().decode({"output": output[None]}, SIZE, 0.3).boxes) == 1


def test_nothing_is_found_in_nothing(output):
    output[:, 4] = 0
    assert len(YoloX().decode({"output": output[None]}, SIZE, 0.3).boxes) == 0


def test_knows_its_own_outputs():
    assert YoloX().matches({"output": (1, 3549, 85)}, (416, 416), 80)
    assert not YoloX().matches({"output": (1, 3549, 85)}, (416, 416), 3)
    assert not YoloX().matches({"output": (1, 3549, 85)}, (416, 256), 80)
    assert not YoloX().matches({"output": (3, 3549, 85)}, (416, 416), 80)
    assert not YoloX().matches({"a": (1, 3549, 85), "b": (1,)}, (416, 416), 80)
