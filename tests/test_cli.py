"""The cnap command, where no pipeline runs: help with examples, and mistakes in one line."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cnap.cli import COMMANDS, cli
from tests import media
from tests.real import MODEL

CNAP = Path(sys.executable).with_name("cnap")


@pytest.fixture
def cnap(tmp_path):
    """Runs the command in an empty folder, with an empty cache, and no pipeline to be found."""

    def cnap(*words, **settings):
        usual = {name: value for name, value in os.environ.items() if "CNAP_" not in name}
        return subprocess.run(
            [CNAP, *map(str, words)],
            cwd=tmp_path,
            env=usual | {"CNAP_CACHE": str(tmp_path / "cache"), **settings},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return cnap


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example(name):
    said = CliRunner().invoke(cli, [name, "--help"], prog_name="cnap")

    assert said.exit_code == 0
    assert f"Example:  cnap {name}" in said.output
    assert said.output.isascii()
    again = CliRunner().invoke(cli, [name, "-h"], prog_name="cnap")
    assert again.output == said.output


def test_help_lists_every_command():
    said = CliRunner().invoke(cli, ["--help"]).output

    assert all(f"  {name}" in said and words in said for name, words in COMMANDS.items())


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["watch"]])
def test_without_a_pipeline_a_command_says_how_to_start_one(cnap, words):
    ended = cnap(*words)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == ("cnap: no pipeline runs on this machine; start one with: cnap up\n")


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "page": null}'])
def test_a_note_of_a_pipeline_that_is_broken_is_no_pipeline(cnap, tmp_path, junk):
    notes = tmp_path / "cache" / "run"
    notes.mkdir(parents=True)
    (notes / "999999.json").write_text(junk)

    assert "no pipeline runs" in cnap("status").stderr


MISTAKES = [
    (["send", "none.mp4", "--stream", "film"], "none.mp4 is not there"),
    (["send", "empty", "--stream", "film"], "empty has no film and no picture in it"),
    (["send", "text.mp4", "--stream", "A Film"], "can't name a stream"),
    (["send", "film.mp4", "--stream", "film", "--model", "none"], "no model is called"),
    (["up", "--stream", "gate"], "must be NAME=FILE"),
    (["up", "--stream", "Gate=text.mp4"], "can't name a stream"),
    (["up", "--stream", "gate=none.mp4"], "none.mp4 is not there"),
    (["up", "--stream", "gate=text.mp4"], "is not a video file"),
    (["up", "--stream", "gate=${NOT_SET}"], "nothing is called NOT_SET in the environment"),
    (["up", "--stream", "a=film.mp4", "--stream", "a=film.mp4"], "two streams have one name"),
    (["up", "--model", "nothing"], "no model is called 'nothing'"),
    (["up", "--framerate", "0"], "--framerate"),
    (["nothing"], "No such command"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=str)
def test_a_mistake_is_one_line(cnap, assets, tmp_path, words, said):
    (tmp_path / "text.mp4").write_text("this is not a film")
    (tmp_path / "empty").mkdir()
    media.clip(tmp_path / "film.mp4", frames=2)
    ended = cnap(*words, CNAP_ASSETS=str(assets))

    assert ended.returncode in (1, 2)
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith(("Usage", "Try"))]
    assert len([line for line in lines if line]) == 1


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_can_be_none_is_said_at_once(port):
    ended = CliRunner().invoke(cli, ["up", "--port", port])

    assert ended.exit_code == 2
    assert "Invalid value for '--port'" in ended.output


def test_a_port_that_is_taken_is_one_line(cnap, assets, tmp_path):
    film = media.clip(tmp_path / "film.mp4", frames=5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = ["up", "--model", MODEL, "--stream", f"gate={film}", "--port", port]
        ended = cnap(*words, CNAP_ASSETS=str(assets))

    assert ended.returncode == 1
    assert str(port) in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_the_models_as_json(cnap):
    listed = json.loads(cnap("models", "--json").stdout)

    assert listed[0]["name"] == "yolox-nano"
    for model in listed:
        assert {"name", "family", "size", "labels", "licence", "here"} <= set(model)
        assert model["here"] is False
    plain = cnap("models").stdout
    assert all(model["name"] in plain for model in listed)


def test_a_model_as_yaml_for_a_cluster(cnap):
    made = cnap("models", "--yaml", "yunet", "--image", "registry.example.com/cnap:9")
    unknown = cnap("models", "--yaml", "nonesuch")

    kinds = [one["kind"] for one in yaml.safe_load_all(made.stdout)]
    assert sorted(kinds) == ["Service", "Trigger", "Trigger"]
    assert "registry.example.com/cnap:9" in made.stdout
    assert unknown.returncode == 1
    assert "no model is called 'nonesuch'" in unknown.stderr
    assert unknown.stdout == ""


def test_doctor_says_what_is_there(cnap):
    ended = cnap("doctor")

    lines = ended.stdout.splitlines()
    assert all(line.startswith(("ok", "missing")) for line in lines)
    assert any("Python" in line for line in lines)
    assert ended.returncode == int(any(line.startswith("missing") for line in lines))
    facts = json.loads(cnap("doctor", "--json").stdout)
    assert [fact["state"] for fact in facts] == [line.split()[0] for line in lines]


def test_a_closed_pipe_is_no_error(cnap, tmp_path):
    script = f"{CNAP} models | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)

    assert ended.stderr == ""
