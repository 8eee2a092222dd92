"""cameras.yaml: what is meant is read, and a mistake is named with its line."""

import contextlib
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from cnap import cameras
from cnap.cameras import Camera, CameraError, Schedule
from cnap.events.wants import MAX_MODELS


def one(**fields):
    return "cameras:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in fields.items())


def mistakes(text):
    with pytest.raises(CameraError) as caught:
        cameras.parse(text)
    return str(caught.value)


def test_a_camera_with_everything():
    text = one(
        name="gate",
        url="/films/gate.mp4",
        models="[yolox-nano, yunet]",
        framerate=5,
        size="1280x720",
        transport="udp",
        segment=0.5,
        behind="newest",
        fresh=3,
        loop="false",
        paused="true",
        schedule="{when: [mon-fri 07:00-19:00, sat], timezone: Europe/Berlin}",
    )
    expected = Camera(
        "gate",
        "/films/gate.mp4",
        ("yolox-nano", "yunet"),
        5.0,
        size=(1280, 720),
        transport="udp",
        segment=0.5,
        behind="newest",
        fresh=3.0,
        loop=False,
        paused=True,
        schedule=Schedule(("mon-fri 07:00-19:00", "sat"), "Europe/Berlin"),
    )
    assert cameras.parse(text) == [expected]


def test_a_camera_with_only_what_it_needs():
    assert cameras.parse(one(name="gate", url="a.mp4")) == [Camera("gate", "a.mp4")]
    assert cameras.parse("cameras: []") == []
    assert cameras.parse("$schema: x\ncameras: []  # none") == []


def test_json_is_yaml():
    text = '{"cameras": [{"name": "gate", "url": "a.mp4", "loop": false}]}'
    assert cameras.parse(text) == [Camera("gate", "a.mp4", loop=False)]


def test_what_all_cameras_take_each_may_say_otherwise():
    text = """
defaults:
  models: [yunet]
  framerate: 5
  schedule: mon-fri
cameras:
  - {name: a, url: a}
  - {name: b, url: b, models: [], framerate: null, schedule: ~}
"""
    usual = Camera("a", "a", ("yunet",), 5.0, schedule=Schedule(("mon-fri",)))
    assert cameras.parse(text) == [usual, Camera("b", "b")]


def test_aliases_and_merges():
    text = """
defaults: &usual
  framerate: 5
  models: &models [a, b]
cameras:
  - &gate {name: gate, url: g, fresh: 3}
  - <<: *gate
    name: yard
    models: *models
  - {<<: [{fresh: 7}, *gate], name: wall}
"""
    assert cameras.parse(text) == [
        Camera("gate", "g", ("a", "b"), 5.0, fresh=3.0),
        Camera("yard", "g", ("a", "b"), 5.0, fresh=3.0),
        Camera("wall", "g", ("a", "b"), 5.0, fresh=7.0),
    ]


def test_words_mean_what_editors_think_they_mean():
    """YAML 1.1 took on and no for true and false, and 12:30 for a number."""
    (camera,) = cameras.parse(one(name="on", url="12:30", models="[no]", paused="yes", loop="off"))
    assert camera == Camera("on", "12:30", ("no",), paused=True, loop=False)


GOOD = {"name": "gate", "url": "a.mp4"}
LINE_4 = [
    ({"framrate": 5}, "unknown field 'framrate'; did you mean framerate?"),
    ({"fps": 5}, "unknown field 'fps'; did you mean framerate?"),
    ({"model": "yunet"}, "unknown field 'model'; did you mean models?"),
    ({"password": "x"}, "unknown field 'password'; a login is a part of the url"),
    ({"enabled": "no"}, "unknown field 'enabled'; write paused: true"),
    ({"zzzz": 1}, "unknown field 'zzzz'; there are name, url, models"),
    ({"models": "yolox-nano"}, "models must be a list, as in [yolox-nano], not 'yolox-nano'"),
    ({"models": "a, b"}, "models must be a list, as in [a, b], not 'a, b'"),
    ({"models": ""}, "models must be a list, as in [yolox-nano], not nothing; write [] for none"),
    ({"models": "[1]"}, "each of the models must be text, not 1; write '1', with the quotes"),
    ({"models": "[a, a]"}, "models must be up to 16 different models"),
    ({"models": "[yolox-nano, yoloxnano]"}, "up to 16 different models"),
    ({"models": "[YOLOX_Nano]"}, "not 'YOLOX_Nano'; did you mean yolox-nano?"),
    ({"models": [f"m{n}" for n in range(MAX_MODELS + 1)]}, "up to 16 different models"),
    ({"framerate": 0}, "framerate must be a number from 0.01 to 1000, not 0"),
    ({"framerate": ".nan"}, "framerate must be a number from 0.01 to 1000, not nan"),
    ({"framerate": ".inf"}, "framerate must be a number from 0.01 to 1000, not inf"),
    ({"framerate": "true"}, "framerate must be a number from 0.01 to 1000, not true"),
    ({"framerate": "fast"}, "framerate must be a number from 0.01 to 1000, not 'fast'"),
    ({"framerate": "5 fps"}, "not '5 fps'; write 5"),
    ({"framerate": "'5'"}, "not '5'; write 5, without quotes"),
    ({"framerate": "2,5"}, "not '2,5'; write 2.5"),
    ({"framerate": "9" * 60}, "framerate must be a number"),
    ({"segment": "1s"}, "segment must be a number from 0.1 to 10, not '1s'; write 1"),
    ({"segment": 60}, "segment must be a number from 0.1 to 10, not 60"),
    ({"segment": "null"}, "segment must be a number from 0.1 to 10, not nothing"),
    ({"size": "1280*720"}, "not '1280*720'; did you mean 1280x720?"),
    ({"size": "[1280, 720]"}, "not a list; did you mean 1280x720?"),
    ({"size": "720p"}, "size must be WIDTHxHEIGHT, as in 1280x720, not '720p'"),
    ({"transport": "TCP"}, "transport must be one of tcp, udp, not 'TCP'; did you mean tcp?"),
    ({"behind": "drop"}, "behind must be one of thin, oldest, newest, not 'drop'"),
    ({"loop": "maybe"}, "loop must be true or false, not 'maybe'"),
    ({"paused": 1}, "paused must be true or false, not 1"),
    ({"paused": "'true'"}, "paused must be true or false, not 'true'; write true"),
    ({"schedule": "12:30"}, "schedule: '12:30' must be like mon-fri 07:00-19:00"),
    ({"schedule": "mo-fr 07:00-19:00"}, "'mo' in 'mo-fr 07:00-19:00' is no day; write mon, tue"),
    ({"schedule": "25:00-26:00"}, "times are from 00:00 to 24:00"),
    ({"schedule": "07:00-07:00"}, "ends as it begins; a whole day is 00:00-24:00"),
    ({"schedule": "[]"}, "schedule must be from 1 to 50 spans"),
    ({"schedule": "{timezone: UTC}"}, "schedule says no when"),
    ({"schedule": "{when: sat, zone: UTC}"}, "unknown field 'zone'; did you mean timezone?"),
    ({"schedule": "{when: sat, timezone: Berlin}"}, "'Berlin'; did you mean Europe/Berlin?"),
    ({"schedule": "{when: sat, timezone: ../../etc/passwd}"}, "no timezone is called"),
    ({"fresh": "!secret x"}, "!secret means nothing here"),
    ({"url": "b.mp4"}, "url is said twice, on lines 3 and 4"),
]


@pytest.mark.parametrize(("field", "words"), LINE_4)
def test_a_mistake_in_a_field_is_named_with_its_line(field, words):
    lines = [one(**GOOD), *(f"    {name}: {value}" for name, value in field.items())]
    said = mistakes("\n".join(lines))
    assert said.startswith("cameras.yaml line 4: camera ")
    assert words in said


URLS = [
    ("192.168.1.20:554/stream1", "needs a scheme; did you mean rtsp://192.168.1.20:554/stream1?"),
    ("192.168.1.20", "did you mean rtsp://192.168.1.20?"),
    ("admin:geheim@cam7/1", "did you mean rtsp://admin:***@cam7/1?"),
    ("cam7.local/1", "did you mean rtsp://cam7.local/1?"),
    ("rstp://cam/1", "no camera has the scheme rstp://; did you mean rtsp://?"),
    ("htttp://cam/1", "did you mean http://?"),
    ("rtsp:/cam/1", "with two slashes"),
    ("ftp://cam/1", "no camera has the scheme ftp://; docs/cameras.md has what can be read"),
    ("rtp://cam:1", "no camera has the scheme rtp://"),
    ("srt://cam:9000", "srt:// can't be read here; docs/cameras.md shows how ffmpeg passes it on"),
    ("hsl+http://cam/1", "hsl+http:// is none; hls, mjpeg, snapshot can stand before +http://"),
    ("snapshot+rtsp://cam/1", "snapshot+rtsp:// is none"),
    ("testsrc:?size=99x99&rte=5&rate=0", "size must be even numbers from 160x90"),
    ("testsrc:?size=99x99&rte=5&rate=0", "no setting 'rte': there are size, rate"),
    ("testsrc:?size=99x99&rte=5&rate=0", "rate (frames a second) must be from 1 to 60, not '0'"),
    ("rtsp//cam/1", "needs a : behind rtsp, as in rtsp://cam/1"),
    ("rtsp://", "url has no host"),
    ("rtsp://cam/a b", "write %20"),
    ("rtsp://admin:ge/heim@cam/1", "write %2F for a /"),
    ("rtsp://admin:***@cam/1", "*** stands for a password that is not shown"),
    ("http://cam/1.jpg?pwd=***", "*** stands for a password that is not shown"),
    ("rtsp://u:${NAME@cam/1", "has no } that ends it"),
    ("rtsp://u:${MY PASSWORD}@cam/1", "${MY PASSWORD} can't be a key of a Secret"),
    ('"a\\nb"', "another letter in it that no url has"),
    ("''", "url is empty"),
    ("7", "url must be text, not 7; write '7', with the quotes"),
    ("[a]", "url must be text, not a list"),
    ("{testsrc: }", 'url: a value that ends with a : needs quotes, as in "testsrc:"'),
    ("{rtsp://u:geheim@h/: }", 'needs quotes, as in "rtsp://u:***@h/:"'),
    ("{a: 1}", "url must be text, not a mapping"),
    ("0x10", "write '0x10', with the quotes"),
]


@pytest.mark.parametrize(("url", "words"), URLS)
def test_a_mistake_in_a_url_is_named_and_shows_no_password(url, words):
    said = mistakes(one(name="gate", url=url))
    assert said.startswith("cameras.yaml line 3: camera gate: url")
    assert words in said
    assert "heim" not in said


@pytest.mark.parametrize(
    "entry",
    [
        "rtsp://u:geheim@h/1",
        "{name: rtsp://u:geheim@h/1, url: x}",
        "{name: x, url: y, models: rtsp://u:geheim@h/1}",
        "{name: x, url: y, models: [rtsp://u:geheim@h/1]}",
        "{name: x, url: y, behind: rtsp://u:geheim@h/1}",
        "{name: x, url: y, fresh: rtsp://u:geheim@h/1}",
        "{name: x, url: y, rtsp://u:geheim@h/1: 1}",
        "{name: x, url: y, schedule: rtsp://u:geheim@h/1}",
    ],
)
def test_a_url_where_none_should_be_shows_no_password(entry):
    assert "geheim" not in mistakes(f"cameras:\n- {entry}\n")


@pytest.mark.parametrize(
    "url",
    [
        *("gate.mp4", "films/gate.mp4", "/films/a b.mp4", "film.com.mp4", "C:/films/gate.mp4"),
        *("rtsp://u:p@10.0.0.7:554/1?channel=1", "rtsp://${LOGIN}@[fe80::1]/1", "${URL}"),
        *("testsrc:", "v4l2:/dev/video0", "screen:", "push:", "snapshot+http://cam/1.jpg"),
        *("file:///films/a%20b.mp4", "/v/$HOME/$(n).mp4", "udp://@239.1.1.7:5000"),
        *("testsrc:?size=640x360&codec=h265", "testsrc:?rate=${RATE}", "${SCHEME}://cam/1"),
    ],
)
def test_what_may_be_a_camera_is_left_to_who_opens_it(url):
    assert cameras.parse(one(name="gate", url=f'"{url}"')) == [Camera("gate", url)]


SHAPES = [
    ("", "cameras.yaml is empty; write cameras: [] for none"),
    ("# none\n", "cameras.yaml is empty"),
    ("[]", "cameras.yaml must be a list under the word cameras:, as in\ncameras:\n  - name: gate"),
    ("{}", "must be a list under the word cameras"),
    ("cameras:", "line 1: cameras has nothing under it; write cameras: [] for none"),
    ("cameras: gate", "line 1: cameras must be a list of cameras, not 'gate'"),
    ("cameras:\n  gate:\n    url: a", "line 2: cameras must be a list: begin each camera with a"),
    ("cameras: [gate]", "line 1: camera 1 must have a name and a url, not 'gate'"),
    ("cameras:\n- []", "line 2: camera 1 must have a name and a url, not a list"),
    ("camera: []\ncameras: []", "line 1: unknown field 'camera'; did you mean cameras?"),
    (one(name="gate"), "line 2: camera gate: url is missing"),
    (one(url="a.mp4"), "line 2: camera 1: name is missing"),
    (one(name="007", url="a.mp4"), "name must be text, not 7; write '007', with the quotes"),
    ("cameras:\n- {name: a, url: testsrc:}", "line 2: a value that ends with a : needs quotes"),
    (one(name=7, url="a.mp4"), "line 2: camera 1: name must be text, not 7; write '7'"),
    (one(name="Gate 2", url="a.mp4"), "line 2: camera Gate 2: name must be up to 63 of a-z"),
    (one(name="Gate 2", url="a.mp4"), "not 'Gate 2'; did you mean gate-2?"),
    (one(name="../x", url="a.mp4"), "did you mean x?"),
    ("cameras:\n- {name: a, url: b}\n- {name: a, url: c}", "line 3: camera a: line 2 has a camera"),
    ("defaults: {url: x}\ncameras: []", "line 1: defaults: url is each camera's own"),
    ("defaults: []\ncameras: []", "line 1: defaults must be fields"),
    ("cameras:\n- name: gate\n\turl: x", "line 3: a tab; indent with spaces"),
    ("cameras:\n  - name: gate\n   url: b", "line 3: this is indented otherwise"),
    ("cameras:\n  - name: gate\n      url: b", "line 3: a : where none can be"),
    ("cameras:\n- name: 'gate\n  url: b\n", "line 2: a quote begins here and never ends"),
    ("cameras:\n- name:gate\n  url: x", "line 2: write a space behind the colon of name:"),
    ("cameras:\n- name: a\n  url:rtsp://x", "line 3: write a space behind the colon of url:"),
    ("cameras:\n  -name: a\n   url: x", "line 2: write a space behind the dash, as in - name:"),
    ("cameras:\n<<<<<<< HEAD\n- name: a\n=======", "line 2: a conflict of two versions is left"),
    ("cameras:\n- name: a\n- url: b", "line 3: camera 2: name is missing; or is the - before it"),
    ("cameras:\n  name: gate\n  url: x", "begin each camera with a dash, as in - name: gate"),
    ("cameras:\n- name: a\n  url: *.mp4", "line 3: a value that begins with * or & needs quotes"),
    (
        "cameras:\n- name: a\n  url: push:\n",
        'line 3: a value that ends with a : needs quotes, as in "push',
    ),
    ("cameras: [x", "line 1: a [ begins here"),
    ("cameras:\n- {name: gate\n", "line 2: a { begins here"),
    ("cameras:\n- name: gate\n  url: @x\n", "line 3: a value that begins with @ needs quotes"),
    ("cameras:\n- name: *x\n", "line 2: nothing above is called &x"),
    ("cameras: []\n---\ncameras: []", "line 2: --- begins a second document"),
    ("cameras:\n- name: \x01\n", "line 2: a letter that YAML does not know"),
    ("cameras:\n- name: \ud800\n", "line 2: a letter that is none"),
    ("!!python/object/apply:os.system ['true']", "must be a list under the word cameras"),
    ("cameras:\n- <<: 7\n  name: a\n  url: b", "line 2: camera 1: << must be followed by an alias"),
    ("cameras:\n- ? [a]\n  : b\n", "line 2: camera 1: a field's name must be a word"),
]


@pytest.mark.parametrize(("text", "words"), SHAPES)
def test_a_mistake_in_the_shape_is_named(text, words):
    assert words in mistakes(text)


def test_all_mistakes_are_told_in_the_order_of_their_lines():
    text = "x: 1\ncameras:\n- {name: A, url: 10.0.0.7}\n- {name: b}\ndefaults: {fps: 1}\n"
    lines = [line.split(":")[0] for line in mistakes(text).splitlines()]
    assert lines == [f"cameras.yaml line {n}" for n in (1, 3, 3, 4, 5)]


def test_a_mistake_knows_its_column_and_the_file_its_name():
    with pytest.raises(CameraError) as caught:
        cameras.parse("cameras:\n- {name: gate, url: a.mp4, fps: 5}", "mine.yaml")
    assert str(caught.value).startswith("mine.yaml line 2: camera gate: unknown field 'fps'")
    ((line, column),) = ((one.line, one.column) for one in caught.value.mistakes)
    assert (line, column) == (2, 28)


def test_of_too_many_cameras_the_first_that_is_is_named():
    text = "cameras:\n" + "".join(f"- {{name: c{n}, url: x}}\n" for n in range(1001))
    assert mistakes(text) == (
        "cameras.yaml line 1002: this is one camera too many: there can be 1000"
    )


def test_of_many_mistakes_only_some_are_told():
    text = "cameras:\n" + "- {name: a}\n" * 500
    lines = mistakes(text).splitlines()
    assert len(lines) < 30
    assert lines[-1].endswith("more mistakes")


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 15)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 15)
)
HUGE = [
    ("x" * (1 << 20), "over 512 KiB"),
    ("ü" * (300 << 10), "over 512 KiB"),
    ("cameras: " + "[" * 100_000, "nested more than 20 deep"),
    ("- " * 100_000, "nested more than 20 deep"),
    ("cameras:\n" + "".join(f"- {{name: a{n}, url: b}}\n" for n in range(10_000)), "can be 1000"),
    ("cameras: [" + "a," * 200_000 + "]", "too much"),
    (BOMB + "cameras: *a14", "camera 1 must have a name"),
    (BOMB + "cameras: [{name: a, url: b, models: *a14, schedule: *a14}]", "models must be text"),
    (MERGES + "cameras: [*a14]", "name is missing"),
    ("cameras: ['" + "?" * 500_000 + "']", "camera 1 must have a name"),
    ("cameras: ['" + "://a:" * 100_000 + "']", "camera 1 must have a name"),
    ("cameras: &a [*a]", "nothing above is called &a"),
]


@pytest.mark.parametrize(("text", "words"), HUGE)
def test_what_is_too_much_costs_little(text, words):
    began = time.process_time()
    assert words in mistakes(text)
    assert time.process_time() - began < 10  # a bomb that goes off takes hours


names = some.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
urls = some.sampled_from(
    [
        "a.mp4",
        "on",
        "7",
        "1e3",
        "12:30",
        "é #: x.mp4",
        "rtsp://u:p@h/1",
        "'",
        '"',
        "- a",
        "~",
        "0o7",
    ]
)
spans = some.sampled_from(["sat", "mon-fri 07:00-19:00", "22:00-06:00"])
whatever = some.builds(
    Camera,
    name=names,
    url=urls,
    models=some.lists(names, unique_by=lambda name: name.replace("-", ""), max_size=MAX_MODELS).map(
        tuple
    ),
    framerate=some.none() | some.floats(0.01, 1000),
    size=some.none() | some.tuples(some.integers(10, 99999), some.integers(10, 99999)),
    transport=some.sampled_from(["tcp", "udp"]),
    segment=some.floats(0.1, 10),
    behind=some.sampled_from(["thin", "oldest", "newest"]),
    fresh=some.floats(1, 3600),
    loop=some.booleans(),
    paused=some.booleans(),
    schedule=some.none()
    | some.builds(
        Schedule,
        some.lists(spans, min_size=1, max_size=3).map(tuple),
        some.sampled_from(["", "Europe/Berlin"]),
    ),
)


@settings(max_examples=40)
@given(some.lists(whatever, unique_by=lambda camera: camera.name, max_size=5))
def test_what_is_dumped_is_parsed_again(list_of_cameras):
    text = cameras.dump(list_of_cameras)
    assert cameras.parse(text) == list_of_cameras
    as_others_read = yaml.safe_load(text)["cameras"]
    assert as_others_read == [camera.plain() for camera in list_of_cameras]


@settings(max_examples=50)
@given(
    some.recursive(
        some.none() | some.booleans() | some.floats() | some.text(),
        lambda inner: (
            some.lists(inner, max_size=3)
            | some.dictionaries(
                some.sampled_from(["name", "url", "models", "framerate", "loop", "schedule", "<<"])
                | some.integers(),
                inner,
                max_size=5,
            )
        ),
    )
)
def test_anything_at_all_is_a_camera_or_a_mistake(entry):
    with contextlib.suppress(CameraError):
        cameras.parse(yaml.safe_dump({"cameras": [entry]}))


@settings(max_examples=100)
@given(some.text(alphabet="cameras: -[]{}&*<>|'\"#\n\t,ax1!%@?", max_size=40))
def test_any_text_is_cameras_or_a_mistake(text):
    for begin in ("", "cameras:", "cameras:\n- name: a\n  url: b\n"):
        with contextlib.suppress(CameraError):
            cameras.parse(begin + text)
