"""A film with spots, and a model that finds them."""

import numpy as np
import pytest

from cnap.models import Input, Model, declared
from cnap.models.yolox import YoloX
from tests import media
from tests.bench.spotted import FRAMES
from tests.spots import BLUE, RED, SIDE, save_spots


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """Each frame has none, one or two spots, elsewhere than in the one before."""
    pictures = []
    for number in range(FRAMES):
        picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
        for row, colour in list(enumerate((BLUE, RED)))[: number % 3]:
            x, y = 8 * (number % 8), 16 * row + 8 * (number // 8)
            picture[y : y + 8, x : x + 8] = colour[::-1]
        pictures.append(picture)
    path = tmp_path_factory.mktemp("film") / "spots.mp4"
    return media.clip(path, size=(SIDE, SIDE), pictures=pictures, options={"crf": "1"}, gop=7)


@pytest.fixture
def spots(tmp_path, monkeypatch):
    """The model that finds them, which the catalog has as `spots`."""
    layout = Input(size=(SIDE, SIDE), pad=114)
    path = save_spots(tmp_path / "spots.xml")
    own = Model("spots", YoloX(), layout, ("blue", "red"), path=path)
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(declared(own))
    monkeypatch.setenv("CNAP_CATALOG", str(catalog))
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "cache"))
    return own
