"""`cnap cameras`, against a dashboard over a Kubernetes API of ours."""

import json
from contextlib import asynccontextmanager

import fastjsonschema
import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from cnap import cli as commands
from cnap.cameras import Camera
from cnap.cli.cameras import cameras
from cnap.dashboard.app import create_app
from cnap.dashboard.settings import Settings
from cnap.errors import CnapError
from tests.dashboard.conftest import TOKEN, FakeKubernetes
from tests.threads import in_thread

GATE = Camera("gate", "rtsp://admin:secret@10.0.0.7/stream1", ("yolox-nano",), framerate=5.0)
YARD = Camera("yard", "push:")


@pytest.fixture(scope="module")
def kubernetes():
    return FakeKubernetes()


@pytest.fixture(scope="module")
def url(kubernetes, redis_url, tmp_path_factory):
    """The address of a dashboard."""
    (folder := tmp_path_factory.mktemp("dashboard") / "store").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNAP_STORE", f"file://{folder}")
        patch.setenv("CNAP_NAMESPACE", "cnap")

        @asynccontextmanager
        async def dashboard():
            async with TestServer(kubernetes.app()) as api:
                patch.setenv("CNAP_KUBERNETES", str(api.make_url("/")))
                given = Settings(token=TOKEN, redis=redis_url)
                async with TestServer(create_app(given)) as server:
                    yield str(server.make_url("/"))

        with in_thread(dashboard()) as url:
            yield url


@pytest.fixture
def cnap(url, kubernetes, database, monkeypatch, tmp_path):
    """Runs `cnap cameras …`; gives what it prints. Its mistakes are CnapError."""
    kubernetes.cameras = [GATE, YARD]
    monkeypatch.setenv("CNAP_URL", url)
    monkeypatch.setenv("CNAP_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)

    def cnap(*words):
        ended = CliRunner().invoke(commands.cli, ["cameras", *words])
        if isinstance(ended.exception, CnapError):
            raise ended.exception
        assert ended.exit_code == 0, ended.output
        return ended.output

    return cnap


def test_the_list_shows_no_password(cnap):
    header, gate, yard = cnap("list").splitlines()

    assert header.split() == ["camera", "state", "for", "models", "url"]
    assert gate.split()[:4] == [
        "gate",
        "connecting",
        "yolox-nano",
        "rtsp://admin:***@10.0.0.7/stream1",
    ]
    assert "its source has not told anything yet" in yard


def test_the_list_as_json(cnap):
    listed = json.loads(cnap("list", "--json"))

    assert [one["name"] for one in listed["cameras"]] == ["gate", "yard"]
    assert listed["cameras"][0]["state"] == "connecting"
    assert listed["problem"] == ""


def test_a_mistake_in_the_text_is_told_with_its_line(cnap, kubernetes):
    kubernetes.text += "  - {name: gate, url: x.mp4}\n"
    with pytest.raises(CnapError, match="line"):
        cnap("list")


def test_add_and_remove(cnap, kubernetes):
    words = ["add", "door", "rtsp://10.0.0.8/", "--model", "yunet", "--model", "yolox-nano"]
    cnap(*words, "--framerate", "5", "--size", "640x360", "--transport", "udp", "--once")

    models = ("yunet", "yolox-nano")
    wanted = Camera("door", "rtsp://10.0.0.8/", models, 5.0, (640, 360), "udp", loop=False)
    assert kubernetes.cameras == [GATE, YARD, wanted]
    assert "framerate: 5\n" in kubernetes.text.split("name: door")[1]
    assert "removed" in cnap("remove", "door")
    assert kubernetes.cameras == [GATE, YARD]


def test_a_long_url_is_no_file(cnap, kubernetes):
    cnap("add", "long", url := "http://10.0.0.8/" + "a" * 300)
    assert kubernetes.cameras[-1].url == url


def test_a_file_here_is_added_by_its_whole_path(cnap, kubernetes, tmp_path):
    (tmp_path / "gate.mp4").write_bytes(b"")
    cnap("add", "film", "gate.mp4")
    cnap("set", "yard", "url=gate.mp4")

    assert {kubernetes.cameras[n].url for n in (1, 2)} == {str(tmp_path / "gate.mp4")}


def test_pause_and_resume_several(cnap, kubernetes):
    cnap("pause", "gate", "yard")
    assert [one.paused for one in kubernetes.cameras] == [True, True]
    cnap("resume", "yard", "gate")
    assert [one.paused for one in kubernetes.cameras] == [False, False]


def test_resume_leaves_nothing_in_the_file_but_what_says_otherwise_than_the_defaults(
    cnap, kubernetes
):
    before = kubernetes.text
    cnap("pause", "gate")
    cnap("resume", "gate")
    assert kubernetes.text == before

    kubernetes.text = "defaults: {paused: true}\n" + before
    cnap("resume", "gate")
    assert [one.paused for one in kubernetes.cameras] == [False, True]


def test_one_that_there_is_not_keeps_no_other_from_being_paused(cnap, kubernetes):
    with pytest.raises(CnapError) as raised:
        cnap("pause", "none", "gate", "nowhere", "yard")

    assert "none" in str(raised.value)
    assert "nowhere" in str(raised.value)
    assert [one.paused for one in kubernetes.cameras] == [True, True]


def test_no_model_is_another_thing_than_the_usual_ones(cnap, kubernetes):
    kubernetes.text = "defaults: {models: [yunet]}\n" + kubernetes.text
    cnap("add", "door", "testsrc:", "--no-models")
    cnap("set", "gate", "models=")
    assert [one.models for one in kubernetes.cameras] == [(), ("yunet",), ()]

    cnap("set", "gate", "--unset", "models")
    cnap("set", "yard", "models=[]", "framerate=2")
    assert [one.models for one in kubernetes.cameras] == [("yunet",), (), ()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "gate", "models=none"], "write models= for none"),
        (["set", "gate", "models=null"], "write models= for none"),
        (["set", "gate"], "say what to change"),
        (["add", "door", "testsrc:", "--no-models", "--model", "yunet"], "exclude each other"),
    ],
)
def test_words_that_say_nothing_change_nothing(cnap, kubernetes, words, said):
    ended = CliRunner().invoke(commands.cli, ["cameras", *words])

    assert ended.exit_code == 2
    assert said in " ".join(ended.output.split())
    assert kubernetes.cameras == [GATE, YARD]


def test_set(cnap, kubernetes):
    said = json.loads(cnap("set", "gate", "models=yunet, yolox-nano", "framerate=", "loop=false"))

    assert said["models"] == ["yunet", "yolox-nano"]
    assert "framerate" not in said
    camera = kubernetes.cameras[0]
    assert (camera.models, camera.framerate, camera.loop) == (("yunet", "yolox-nano"), None, False)
    cnap("set", "gate", "models=", "schedule=mon-fri 07:00-19:00")
    assert kubernetes.cameras[0].models == ()
    assert kubernetes.cameras[0].schedule is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["remove", "none"], "there is no camera called none"),
        (["remove", "../api"], "can't name a stream"),
        (["add", "gate", "testsrc:"], "a camera called gate already"),
        (["add", "A door", "testsrc:"], "name must be"),
        (["add", "", "testsrc:"], "the camera has no name"),
        (["add", "door", "ftp://10.0.0.8/"], "no camera has the scheme ftp://"),
        (["set", "gate", "framrate=5"], "did you mean framerate?"),
        (["set", "gate", "framerate=often"], "framerate must be a number"),
        (["set", "gate", "url=rtsp://admin:***@10.0.0.7/stream1"], "*** stands for a password"),
        (["pause", "none"], "there is no camera called none"),
    ],
)
def test_mistakes_in_the_api_s_words(cnap, kubernetes, words, said):
    with pytest.raises(CnapError) as raised:
        cnap(*words)
    assert said in str(raised.value)
    assert kubernetes.cameras == [GATE, YARD]


def test_another_token(cnap, monkeypatch):
    monkeypatch.setenv("CNAP_TOKEN", "another")
    with pytest.raises(CnapError, match="set CNAP_TOKEN"):
        cnap("pause", "gate")


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1:1", "does not answer"), ("cnap.example", "must begin with http")],
)
def test_another_address(cnap, monkeypatch, url, said):
    monkeypatch.setenv("CNAP_URL", url)
    with pytest.raises(CnapError, match=said):
        cnap("list")


def test_nothing_runs(cnap, monkeypatch, tmp_path):
    monkeypatch.delenv("CNAP_URL")
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path))
    with pytest.raises(CnapError, match="start one with: cnap up"):
        cnap("list")


def test_check(cnap, tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("cameras: [{name: gate, url: gate.mp4}]\n")
    bad.write_text("cameras:\n  - name: gate\n    ulr: gate.mp4\n")
    ended = CliRunner().invoke(commands.cli, ["cameras", "check", str(bad)])

    assert "1 camera, no mistake" in cnap("check", str(good))
    assert ended.exit_code == 1
    assert "bad.yaml line 3" in ended.output
    assert "did you mean url?" in ended.output


ODD = """
defaults: {models: [yolox-nan]}
cameras:
- {name: gate, url: "rtsp://u:geh$EIM@h/1", models: [yunet, cars]}
- {name: own, url: "testsrc:"}
"""


def test_what_is_odd_is_a_warning_and_shows_no_password(cnap, tmp_path, monkeypatch):
    (file := tmp_path / "odd.yaml").write_text(ODD)
    ended = CliRunner().invoke(commands.cli, ["cameras", "check", str(file)])

    assert ended.exit_code == 0
    assert [line.split("odd.yaml")[1][:9] for line in ended.stderr.splitlines()] == [
        " line 2: ",
        " line 4: ",
        " line 4: ",
    ]
    assert "no model is called 'yolox-nan'; did you mean yolox-nano?" in ended.stderr
    assert "no model is called 'cars'" in ended.stderr
    assert "a secret is written ${NAME}" in ended.stderr
    assert "EIM" not in ended.stderr
    assert CliRunner().invoke(commands.cli, ["cameras", "check", "--strict", str(file)]).exit_code

    (own := tmp_path / "own.toml").write_text('[models.cars]\nfamily = "yolox"\nfile = "x.onnx"\n')
    monkeypatch.setenv("CNAP_CATALOG", str(own))
    assert "cars" not in CliRunner().invoke(commands.cli, ["cameras", "check", str(file)]).stderr


def test_a_model_that_there_is_not_is_said_when_it_is_added(cnap):
    words = ["cameras", "add", "door", "testsrc:", "--model", "yolox-nan"]
    assert "did you mean yolox-nano?" in CliRunner().invoke(commands.cli, words).stderr
    words = ["cameras", "set", "gate", "models=yunett"]
    assert "did you mean yunet?" in CliRunner().invoke(commands.cli, words).stderr


def test_check_of_what_is_no_text(cnap, tmp_path):
    (tmp_path / "film.yaml").write_bytes(b"cameras:\n\xff\xfe\x00")
    ended = CliRunner().invoke(commands.cli, ["cameras", "check", str(tmp_path / "film.yaml")])

    assert ended.exit_code == 1
    assert "film.yaml line 2: is no text in UTF-8" in ended.output


def test_a_check_of_what_has_no_end_ends():
    ended = CliRunner().invoke(commands.cli, ["cameras", "check", "/dev/zero"])

    assert ended.exit_code == 1
    assert "over 512 KiB" in ended.output


def test_the_schema_is_one(cnap):
    valid = fastjsonschema.compile(json.loads(cnap("schema")))

    valid({"cameras": [{"name": "gate", "url": "gate.mp4"}]})
    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid({"cameras": [{"name": "gate"}]})


@pytest.mark.parametrize("name", cameras.commands)
def test_each_command_has_help_with_an_example(name):
    said = CliRunner().invoke(commands.cli, ["cameras", name, "--help"], prog_name="cnap")

    assert f"Example:  cnap cameras {name}" in said.output
    assert said.output.isascii()
