"""References in a camera's url: put in where they stand, shown nowhere."""

import logging
import re

import pytest

from cnap.cameras import masked
from cnap.source.feeds import CameraFailed, Misconfigured
from cnap.source.references import Hiding, References

PASSWORD = "p@ss/w:rd?100%"
ESCAPED = "p%40ss%2Fw%3Ard%3F100%25"


@pytest.fixture
def secret(tmp_path):
    """The Secret as the kubelet mounts it: names are links into a folder that is replaced."""
    place = tmp_path / "mounted"
    (place / "..data").mkdir(parents=True)
    given = {
        "GATE_USER": "warden\n",
        "GATE_PASSWORD": PASSWORD,
        "HOST": "10.0.0.5:554",
        "url": f"rtsp://warden:{ESCAPED}@10.0.0.5/stream",
        "n": "1",
        "dir": "films/of/today",
    }
    for name, value in given.items():
        (place / "..data" / name).write_text(value)
        (place / name).symlink_to(f"..data/{name}")
    return place


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("/videos/gate.mp4", "/videos/gate.mp4"),
        ("/videos/$HOME/$(n).mp4", "/videos/$HOME/$(n).mp4"),
        ("/videos/${dir}/${n}.mp4", "/videos/films/of/today/1.mp4"),
        ("rtsp://${GATE_USER}:${GATE_PASSWORD}@h/a", f"rtsp://warden:{ESCAPED}@h/a"),
        ("rtsp://${GATE_USER}@${HOST}/${dir}", "rtsp://warden@10.0.0.5:554/films/of/today"),
        ("http://h/a?u=${GATE_USER}&p=${GATE_PASSWORD}", f"http://h/a?u=warden&p={ESCAPED}"),
        ("${url}", f"rtsp://warden:{ESCAPED}@10.0.0.5/stream"),
        ("${GATE_PASSWORD}", PASSWORD),
    ],
)
def test_a_value_is_as_it_must_be_where_it_stands(secret, url, resolved):
    references = References(secret)

    assert references.resolve(url) == resolved
    assert references.hide(f"{resolved}: no route to host") == f"{url}: no route to host"


@pytest.mark.parametrize("said", [PASSWORD, ESCAPED, f"user warden, password {PASSWORD!r}!"])
def test_parts_of_the_url_are_hidden_too(secret, said):
    references = References(secret)
    references.resolve("rtsp://${GATE_USER}:${GATE_PASSWORD}@10.0.0.5/")

    hidden = references.hide(f"401 for {said}")
    assert "${GATE_PASSWORD}" in hidden
    assert not re.search("p@ss|p%40|warden", hidden)


def test_the_password_in_a_url_that_is_a_value_is_hidden(secret):
    references = References(secret)
    references.resolve("${url}")

    assert references.hide(f"DESCRIBE with {ESCAPED}") == "DESCRIBE with ${url}"


def test_a_short_value_is_hidden_where_it_stands_alone(secret):
    references = References(secret)
    references.resolve("/videos/${n}.mp4")

    assert references.hide("channel 1 of 16, 10.1 s") == "channel ${n} of 16, 10.${n} s"


def test_what_looks_like_another_one_s_value_is_left_alone(secret):
    (secret / "a").write_text("GATE_PASSWORD")
    references = References(secret)
    references.resolve("rtsp://${a}:${GATE_PASSWORD}@h/")

    assert references.hide(f"GATE_PASSWORD {PASSWORD}") == "${a} ${GATE_PASSWORD}"


@pytest.mark.parametrize("name", ["GATE_PASSWORT", "", "..data", "../mounted/n", "A B", "..", "é"])
def test_a_reference_to_nothing_says_so(secret, name):
    with pytest.raises(CameraFailed) as caught:
        References(secret).resolve(f"rtsp://${{GATE_USER}}:${{{name}}}@h/")

    assert str(caught.value) == f"nothing is called {name} in the Secret cameras"


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_what_is_no_text_is_said_without_it(secret, content):
    if content is None:
        (secret / "odd").mkdir()
    else:
        (secret / "odd").write_bytes(content)
    with pytest.raises(CameraFailed, match=r"^odd in the Secret cameras can't be read as text$"):
        References(secret).resolve("${odd}")


def test_a_changed_secret_counts_from_then_on_and_the_old_one_stays_hidden(secret):
    references = References(secret)
    references.resolve("rtsp://u:${GATE_PASSWORD}@h/")
    (secret / "..data" / "GATE_PASSWORD").write_text("another")

    assert references.resolve("rtsp://u:${GATE_PASSWORD}@h/") == "rtsp://u:another@h/"
    assert references.hide(f"{PASSWORD} another") == "${GATE_PASSWORD} ${GATE_PASSWORD}"


def test_where_no_secret_is_mounted_the_environment_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("GATE_PASSWORD", "of my shell")
    references = References(tmp_path / "nothing")

    assert references.resolve("rtsp://u:${GATE_PASSWORD}@h/") == "rtsp://u:of%20my%20shell@h/"
    with pytest.raises(CameraFailed, match=r"^nothing is called NOT_SET in the environment$"):
        references.resolve("${NOT_SET}")


def test_where_a_secret_is_mounted_the_environment_is_not_asked(secret, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the store's")
    with pytest.raises(CameraFailed, match="nothing is called AWS_SECRET_ACCESS_KEY"):
        References(secret).resolve("rtsp://${AWS_SECRET_ACCESS_KEY}@evil.example/")


def test_a_thousand_passwords_make_no_pattern_of_all_of_them(tmp_path, monkeypatch):
    made = []
    compiled = re.compile

    def seen(pattern, *flags):
        made.append(len(pattern))
        return compiled(pattern, *flags)

    monkeypatch.setattr(re, "compile", seen)
    references = References(tmp_path)
    for number in range(1000):
        references.resolve(f"rtsp://u:pass{number:04}word@h/")

    assert references.hide("pass0007word, pass0999word") == "***, ***"
    assert sum(made) < 1000


def test_logs_and_tracebacks_hide_it(secret):
    references = References(secret)
    references.resolve("rtsp://u:${GATE_PASSWORD}@h/")
    try:
        raise ValueError(f"rtsp://u:{ESCAPED}@h/ is odd")
    except ValueError as error:
        record = logging.LogRecord(
            "x", 40, "", 1, "%s", (PASSWORD,), (type(error), error, error.__traceback__)
        )

    text = Hiding(references, "%(message)s").format(record)
    assert text.startswith("${GATE_PASSWORD}\nTraceback")
    assert "ValueError: rtsp://u:${GATE_PASSWORD}@h/ is odd" in text
    assert ESCAPED not in text


@pytest.mark.parametrize(
    ("url", "said", "shown"),
    [
        ("rtsp://u:pa55@h/1", "401 for u:pa55@h", "401 for u:***@h"),
        ("rtsp://u:p%4055@h/1", "the login u p@55 was refused", "the login u *** was refused"),
        ("rtsp://u:camera@h/1", "u:camera@h: no such camera", "u:***@h: no such camera"),
        (
            "http://h/1.jpg?user=u&pwd=x9y8",
            "GET /1.jpg?user=u&pwd=x9y8",
            "GET /1.jpg?user=u&pwd=***",
        ),
        ("rtsp://u:a${GATE_USER}1@h/1", "u:awarden1@h", "u:***@h"),
    ],
)
def test_a_password_in_the_url_itself_is_hidden_too(secret, url, said, shown):
    references = References(secret)
    resolved = references.resolve(url)

    assert references.hide(said) == shown
    assert references.hide(resolved) == masked(url)


def test_a_folder_of_secrets_can_be_named(secret, tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_CAMERA_SECRETS", str(secret))
    monkeypatch.setenv("NOT_SET", "but in the environment")
    assert References().resolve("${dir}/a.mp4") == "films/of/today/a.mp4"
    for name in ("NOT_SET", "../mounted/n"):
        with pytest.raises(Misconfigured, match=rf"^nothing is called {name} in {secret}$"):
            References().resolve(f"${{{name}}}")

    monkeypatch.setenv("CNAP_CAMERA_SECRETS", str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match=r"none$"):
        References().resolve("${NOT_SET}")


def test_paths_begin_at_the_folder_of_their_cameras_yaml(tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_CAMERA_FILES", str(tmp_path))
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("FILM", "a.mp4")
    references = References(tmp_path / "nothing")

    assert references.resolve("films/${FILM}") == f"{tmp_path}/films/a.mp4"
    assert references.resolve("~/a.mp4") == "/home/me/a.mp4"
    for other in ("/films/a.mp4", "file:///a.mp4", "rtsp://h/a", "testsrc:", "x+y://z"):
        assert references.resolve(other) == other
