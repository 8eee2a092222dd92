"""What several tests need."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def assets() -> Path:
    """Real models and clips: the folder CNAP_ASSETS, or ../shared/data; skips where neither is."""
    folder = Path(os.environ.get("CNAP_ASSETS", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "models").is_dir():
        pytest.skip("no models and clips here: CNAP_ASSETS names no folder that has them")
    os.environ["CNAP_ASSETS"] = str(folder)
    return folder
