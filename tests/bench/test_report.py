"""The report: as JSON that says all, and as a table."""

import json

import pytest

from cnap.bench.figure import Figure
from cnap.bench.report import Report, aligned, number
from cnap.errors import CnapError


@pytest.fixture
def report():
    return Report(
        made="2026-11-23T10:00:00+00:00",
        machine={"cpu": "A CPU", "cores": 2.0, "memory": 23.5, "load": 0.25, "kernel": "Linux 6"},
        versions={"python": "3.11.1", "cnap": "0.1.0", "commit": "abc1234+"},
        settings={"clip": "car.mp4", "models": ["a", "b"], "seconds": 20.0, "framesize": None},
        figures={
            "throughput": [
                Figure("throughput", "frames/s", "higher", [250.0, 240.0, 261.23]),
                Figure("energy of a frame", "J", "lower", [], "unknown: no RAPL"),
            ]
        },
        missing={"idle": "it broke"},
    )


def test_a_report_that_was_written_is_read_again(report, tmp_path):
    report.write(tmp_path / "a.json")
    assert Report.read(tmp_path / "a.json") == report


def test_other_programs_find_medians_in_it(report, tmp_path):
    report.write(tmp_path / "a.json")
    told = json.loads((tmp_path / "a.json").read_text())

    first, second = told["figures"]["throughput"]
    assert (first["median"], first["min"], first["max"]) == (250.0, 240.0, 261.23)
    assert "median" not in second


def test_the_table(report):
    lines = list(report.lines())

    assert lines[0] == "cpu A CPU, cores 2, memory 23.5, load 0.25"
    assert "commit abc1234+" in lines[1]
    assert lines[2] == "clip car.mp4, models a b, seconds 20"
    assert lines[4] == "throughput"
    assert lines[5] == "  throughput         250  240 - 261  frames/s"
    assert lines[6] == "  energy of a frame    -             J  (unknown: no RAPL)"
    assert lines[-1] == "idle: it broke"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (1.5, "1.50"),
        (25.04, "25.0"),
        (1234.5, "1234"),
        (-3.2, "-3.20"),
    ],
)
def test_numbers_have_three_digits(value, words):
    assert number(value) == words


def test_nothing_has_no_rows():
    assert list(aligned([])) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"figures": {}}', '{"cnap bench": 1}', "1"])
def test_what_is_no_report_is_said_plainly(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(CnapError, match="is no report of `cnap bench run --json`"):
        Report.read(tmp_path / "x.json")


def test_another_format_is_said(report, tmp_path):
    report.write(tmp_path / "a.json")
    told = json.loads((tmp_path / "a.json").read_text()) | {"cnap bench": 9}
    (tmp_path / "a.json").write_text(json.dumps(told))
    with pytest.raises(CnapError, match="another format"):
        Report.read(tmp_path / "a.json")


def test_a_place_that_can_not_be_written_or_read(report, tmp_path):
    with pytest.raises(CnapError, match="can't be written: No such file"):
        report.write(tmp_path / "none" / "a.json")
    with pytest.raises(CnapError, match="can't be read: No such file"):
        Report.read(tmp_path / "none.json")
