"""Other programs: what they say is read, and what they can't do is said."""

from pathlib import Path

import pytest

from cnap.bench import rivals
from cnap.bench.rivals import PROGRAMS, Run, program
from cnap.bench.workload import Workload
from cnap.errors import CnapError

WORKLOAD = Workload(Path("film.mp4"), ("a",), seconds=3)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A program of the given text."""

    def module(text):
        (tmp_path / "rival.py").write_text(text)
        return "rival"

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return module


def test_its_last_line_is_what_it_did(module):
    rival = module(
        "import json, sys\n"
        "print('warm')\n"
        "print(json.dumps({'frames': 300, 'seconds': 1.5, 'cpu': 2.25, 'detections': 7,\n"
        "                  'words': sys.argv[1:]}))"
    )
    assert program(rival, WORKLOAD) == Run(300, 200.0, 2.25, 7)


def test_it_is_told_what_to_do(module, tmp_path):
    rival = module(
        "import pathlib, sys\n"
        f"pathlib.Path({str(tmp_path / 'words')!r}).write_text(' '.join(sys.argv[1:]))\n"
        'print(\'{"frames": 1, "seconds": 1, "cpu": 1, "detections": 0}\')'
    )
    program(rival, WORKLOAD)
    assert (tmp_path / "words").read_text() == "film.mp4 a --seconds 3 --json"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit('there is no such clip')", "rival failed: there is no such clip"),
        ("print('what')", "it said nothing that can be read"),
        ("print('{}')", "it said nothing that can be read"),
        ("print('[]')", "it said nothing that can be read"),
        ("", "it said nothing that can be read"),
        (
            'print(\'{"frames": 5, "seconds": 0, "cpu": 1, "detections": 0}\')',
            "it said nothing that can be read",
        ),
    ],
)
def test_what_goes_wrong_is_said(module, text, said):
    with pytest.raises(CnapError, match=said):
        program(module(text), WORKLOAD)


def test_one_that_does_not_end_is_ended(module, monkeypatch):
    monkeypatch.setattr(rivals, "LONGER", -2.5)
    with pytest.raises(CnapError, match=r"rival had not ended after 0\.5 s"):
        program(module("import time; time.sleep(60)"), WORKLOAD)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_programs_do_the_work(assets, tmp_path, name):
    from tests import media
    from tests.real import MODEL

    film = media.clip(tmp_path / "film.mp4", size=(160, 96), frames=20, gop=10)
    done = program(PROGRAMS[name], Workload(film, (MODEL,), seconds=0.1))
    assert done.frames >= 20
    assert done.rate > 0
    assert done.cpu > 0
