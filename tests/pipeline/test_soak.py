"""`make soak`, for less than a minute: mishaps one after another, and every frame accounted for."""

import json
import subprocess
import sys
from pathlib import Path

from tests.real import MODEL


def test_mishaps_lose_no_frame_and_leave_nothing(assets: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--minutes", "0.6", "--streams", "3", "--seed", "7", "--model", MODEL]
    soak = subprocess.run(
        [sys.executable, "-m", "bench.soak", *words, "--json", report],
        capture_output=True,
        text=True,
    )

    assert report.exists(), soak.stdout + soak.stderr
    told = json.loads(report.read_text())
    assert (soak.returncode, told["problems"]) == (0, []), soak.stdout
    assert told["mishaps"] and told["frames"]["inferred"]
