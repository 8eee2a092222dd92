"""Fixtures of the whole pipeline's tests."""

from pathlib import Path

import pytest


@pytest.fixture
def clips(assets: Path) -> Path:
    return assets / "videos"
