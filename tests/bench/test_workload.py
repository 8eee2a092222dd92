"""What is measured with where nobody says."""

from pathlib import Path

import pytest

from cnap.bench import workload
from cnap.bench.workload import default_clip, default_models


class Catalog:
    """Models by name, some of which are here."""

    def __init__(self, *here):
        self.here = here

    def names(self):
        return ["first", "second", "fastestdet"]

    def model(self, name):
        return type("Model", (), {"here": name in self.here})

    def default(self):
        return type("Model", (), {"name": "fetched"}), "why"


@pytest.mark.parametrize(
    ("here", "chosen"),
    [(("first", "fastestdet"), "fastestdet"), (("second",), "second"), ((), "fetched")],
)
def test_the_cheapest_model_that_is_here_else_any(monkeypatch, here, chosen):
    monkeypatch.setattr(workload, "models", Catalog(*here))
    assert default_models() == (chosen,)


def test_the_usual_clip_is_one_of_the_assets(tmp_path, monkeypatch):
    (tmp_path / "videos").mkdir()
    film = tmp_path / "videos" / "car-detection.mp4"
    film.write_bytes(b"")
    monkeypatch.setenv("CNAP_ASSETS", str(tmp_path))
    assert default_clip() == film


@pytest.mark.parametrize("assets", [None, "", "nothing-there"])
def test_without_assets_it_is_one_that_is_made(monkeypatch, assets):
    monkeypatch.setattr("cnap.bench.clips.pattern", lambda: Path("made.mp4"))
    monkeypatch.delenv("CNAP_ASSETS", raising=False)
    if assets is not None:
        monkeypatch.setenv("CNAP_ASSETS", assets)
    assert default_clip() == Path("made.mp4")
