"""`cnap status`: each stream's state, for how long, why, and when its camera is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from cnap.cli import status as command
from cnap.cli.status import status
from cnap.cli.table import duration
from cnap.events.attributes import rfc3339

COUNTS = dict.fromkeys(command.COUNTS, 0)


def stream(name, **facts):
    return COUNTS | {"name": name, "reason": "", "since": "", "nexttry": ""} | facts


def test_a_stream_s_line_says_all_of_it(monkeypatch):
    now = datetime.now(UTC)
    since, soon = (rfc3339(now + timedelta(seconds=s)) for s in (-150.5, 12.5))
    streams = [
        stream("gate", state="offline", reason="host not found", since=since, nexttry=soon),
        stream("yard", state="live", since=since),
        stream("door", state="connecting"),
    ]
    monkeypatch.setattr(command, "api", lambda path: {"streams": streams, "functions": []})
    gate, yard, door = CliRunner().invoke(status).output.splitlines()[1:4]

    assert gate.split()[:4] == ["gate", "offline", "3", "min"]
    assert gate.endswith("host not found; next try in 12 s")
    assert yard.split()[:4] == ["yard", "live", "3", "min"]
    assert door.split()[:3] == ["door", "connecting", "0"]


def test_a_mistake_in_the_cameras_is_told(monkeypatch):
    answer = {"streams": [], "functions": [], "problem": "cameras.yaml line 3: unknown field"}
    monkeypatch.setattr(command, "api", lambda path: answer)

    assert "cameras.yaml line 3" in CliRunner().invoke(status).stderr


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (7.4, "7 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_durations(seconds, said):
    assert duration(seconds) == said
