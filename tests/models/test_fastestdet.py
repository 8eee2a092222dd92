import math

import numpy as np
import pytest

from cnap.models.fastestdet import FastestDet

SIZE = (64, 48)


def slow_decode(output, threshold):
    """Cell by cell: score o^0.6 * max(class)^0.4, centre by tanh, size by sigmoid."""
    found = []
    _, rows, columns = output.shape
    for row in range(rows):
        for column in range(columns):
            there, x, y, width, height, *classes = map(float, output[:, row, column])
            score = there**0.6 * max(classes) ** 0.4
            if score >= threshold:
                x = (math.tanh(x) + column) / columns * SIZE[0]
                y = (math.tanh(y) + row) / rows * SIZE[1]
                half = (
                    SIZE[0] / (1 + math.exp(-width)) / 2,
                    SIZE[1] / (1 + math.exp(-height)) / 2,
                )
                box = x - half[0], y - half[1], x + half[0], y + half[1]
                found.append((score, classes.index(max(classes)), box))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("threshold", [0.01, 0.3, 0.7])
def test_decodes_each_cell(threshold, monkeypatch):
    monkeypatch.setattr("cnap.models.fastestdet.OVERLAP", 1.0)
    random = np.random.default_rng(2)
    output = random.uniform(0, 1, (1, 8, 3, 4)).astype(np.float32)
    output[:, 1:5] = random.normal(0, 2, (1, 4, 3, 4))
    found = FastestDet().decode({"758": output}, SIZE, threshold)
    expected = slow_decode(output[0], threshold)
    assert found.scores == pytest.approx([score for score, _, _ in expected], rel=1e-5)
    assert found.classes.tolist() == [kind for _, kind, _ in expected]
    assert found.boxes == pytest.approx(np.array([box for _, _, box in expected]), abs=1e-3)


def test_nothing_is_found_in_nothing():
    assert len(FastestDet().decode({"758": np.zeros((1, 8, 3, 4))}, SIZE, 0.3).boxes) == 0


def test_knows_its_own_outputs():
    assert FastestDet().matches({"758": (1, 85, 22, 22)}, (352, 352), 80)
    assert not FastestDet().matches({"758": (1, 85, 22, 22)}, (352, 320), 80)
    assert not FastestDet().matches({"758": (1, 3549, 85)}, (352, 352), 80)
