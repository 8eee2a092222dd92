import numpy as np
import pytest

from cnap.models.ssd import Ssd


def test_reads_rows_up_to_the_end_mark():
    rows = np.array(
        [
            [0, 1, 0.9, 0.1, 0.2, 0.5, 0.6],
            [0, 2, 0.2, 0.1, 0.2, 0.5, 0.6],
            [0, 2, 0.4, 0.0, 0.0, 1.0, 1.0],
            [-1, 0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0, 1, 0.9, 0.1, 0.2, 0.5, 0.6],  # left over from an earlier frame
        ],
        dtype=np.float32,
    )
    found = Ssd().decode({"detection_out": rows[None, None]}, (200, 100), 0.3)
    assert found.classes.tolist() == [1, 2]
    assert found.scores == pytest.approx([0.9, 0.4])
    assert found.boxes == pytest.approx(np.array([[20, 20, 100, 60], [0, 0, 200, 100]]))


def test_the_answer_outlives_the_engines_buffer():
    rows = np.array([[[[0, 1, 0.9, 0.1, 0.2, 0.5, 0.6]]]], dtype=np.float32)
    found = Ssd().decode({"detection_out": rows}, (10, 10), 0.3)
    rows[:] = 0
    assert found.scores == pytest.approx([0.9])
    assert found.boxes == pytest.approx(np.array([[1, 2, 5, 6]]))


def test_knows_its_own_outputs():
    assert Ssd().matches({"detection_out": (1, 1, 200, 7)}, (300, 300), 2)
    assert not Ssd().matches({"detection_out": (1, 3549, 85)}, (300, 300), 2)
    assert not Ssd().matches({"a": (1, 1, 200, 7), "b": (1, 1, 200, 7)}, (300, 300), 2)
