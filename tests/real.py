"""Real models and clips: those of the folder CNAP_ASSETS, or ../shared/data; where neither is,
what package registries have of them."""

import os
from functools import cache
from pathlib import Path

import pytest

from cnap import models
from cnap.models import ModelError, cache_dir

REPOSITORY = Path(__file__).parents[1]
GIVEN = Path(os.environ.get("CNAP_ASSETS", REPOSITORY.parent / "shared" / "data"))
WHOLE = (GIVEN / "models").is_dir()

MODEL = "fastestdet" if WHOLE else "yolov3-tiny"
"""The cheapest model of everyday objects that is here."""
OTHER = "vehicle-0200" if WHOLE else "yunet"
"""A second one, of another family."""
FILM = "car-detection.mp4" if WHOLE else "bikes.mp4"
FRAMES = {"car-detection.mp4": 377, "bikes.mp4": 250, "udacity_test_video.mp4": 38}


@cache
def folder() -> Path:
    """Where they are; skips where there is neither a folder nor a registry. It stays the same for
    tests that have a cache of their own."""
    if WHOLE:
        return GIVEN
    try:
        models.fetch(models.clip("bikes"))
        for name in (MODEL, OTHER):
            models.model(name).fetch()
    except ModelError as error:
        pytest.skip(f"CNAP_ASSETS names no folder of models and clips, and {error}")
    return cache_dir() / "assets"


def clip(name: str) -> Path:
    """One clip; skips where it is not here."""
    path = folder() / "videos" / name
    if not path.exists():
        pytest.skip(f"{name} is not here: CNAP_ASSETS names no folder that has it")
    return path
