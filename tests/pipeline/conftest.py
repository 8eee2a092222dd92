"""Fixtures of the whole pipeline's tests."""

from pathlib import Path

import pytest

from tests import real


@pytest.fixture
def film(assets: Path) -> Path:
    """A street with cars; `real.FRAMES` says how many frames it has."""
    return real.clip(real.FILM)
