import math

import numpy as np
import pytest

from cnap.models.yunet import YuNet

SIZE = (96, 64)


@pytest.fixture
def outputs():
    random = np.random.default_rng(3)
    made = {}
    for stride in (8, 16, 32):
        cells = (SIZE[0] // stride) * (SIZE[1] // stride)
        for name in ("cls", "obj"):  # a little outside 0..1, as the real one can be
            made[f"{name}_{stride}"] = random.uniform(-0.1, 1.1, (1, cells, 1)).astype(np.float32)
        made[f"bbox_{stride}"] = random.normal(0, 0.5, (1, cells, 4)).astype(np.float32)
        made[f"kps_{stride}"] = np.zeros((1, cells, 10), np.float32)
    return made


def slow_decode(outputs, threshold):
    """Cell by cell, as OpenCV's face_detect.cpp does."""
    found = []
    for stride in (8, 16, 32):
        columns = SIZE[0] // stride
        for cell in range(columns * (SIZE[1] // stride)):
            face, there = (
                min(max(float(outputs[f"{name}_{stride}"][0, cell, 0]), 0.0), 1.0)
                for name in ("cls", "obj")
            )
            score = math.sqrt(face * there)
            if score < threshold:
                continue
            x, y, width, height = map(float, outputs[f"bbox_{stride}"][0, cell])
            x, y = (cell % columns + x) * stride, (cell // columns + y) * stride
            half = math.exp(width) * stride / 2, math.exp(height) * stride / 2
            found.append((score, (x - half[0], y - half[1], x + half[0], y + half[1])))
    return sorted(found, reverse=True)


def test_decodes_each_cell(outputs, monkeypatch):
    monkeypatch.setattr("cnap.models.yunet.OVERLAP", 1.0)
    found = YuNet().decode(outputs, SIZE, 0.6)
    expected = slow_decode(outputs, 0.6)
    assert len(expected) > 20
    assert found.scores == pytest.approx([score for score, _ in expected], rel=1e-5)
    assert found.boxes == pytest.approx(np.array([box for _, box in expected]), rel=1e-4, abs=1e-3)
    assert set(found.classes.tolist()) == {0}


def test_knows_its_own_outputs(outputs):
    shapes = {name: array.shape for name, array in outputs.items()}
    assert YuNet().matches(shapes, SIZE, 1)
    assert not YuNet().matches(shapes, (64, 64), 1)
    assert not YuNet().matches({**shapes, "bbox_8": (1, 96, 5)}, SIZE, 1)
    assert not YuNet().matches({"output": (1, 3549, 85)}, SIZE, 1)
