"""Changes of a cameras.yaml: the cameras they should make, and every other letter as it was."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cnap import cameras
from cnap.cameras import CameraError, edits

TEXT = """\
# all of them
defaults:
  framerate: 5   # each

cameras:
  # of the house

  # the gate
  - name: gate    # G
    url: "rtsp://a/b"
    # of the gate
    models:
      - a   # x
      - b
    fresh: 5 # f

  # the yard
  - {name: yard, url: 'x y.mp4', models: [a,  b]}   # Y

  - url: c.mp4
    name: garden
    paused: no
    # framerate: 3
  # the end
"""


def changed(old, new):
    """The lines that are gone and those that are new."""
    before, after = old.splitlines(), new.splitlines()
    return [x for x in before if x not in after], [x for x in after if x not in before]


def test_a_camera_is_added_at_the_end():
    camera = {"name": "new", "url": "rtsp://h/1", "models": ["a"], "schedule": "sat 07:00-08:00"}
    text = edits.add(TEXT, camera)
    assert changed(TEXT, text) == (
        [],
        [
            "  - name: new",
            "    url: rtsp://h/1",
            "    models: [a]",
            "    schedule: sat 07:00-08:00",
        ],
    )
    assert text.endswith("sat 07:00-08:00\n  # the end\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "cameras:\n  - name: c\n    url: d\n"),
        ("cameras: []  # none\n# end\n", "cameras:  # none\n  - name: c\n    url: d\n# end\n"),
        ("cameras: []", "cameras:\n  - name: c\n    url: d"),
        ("cameras: [\n  # none\n]\n", "cameras: [{name: c, url: d}\n  # none\n]\n"),
        ("{cameras: []}", "{cameras: [{name: c, url: d}]}"),
        ('{\n"cameras": []\n}', '{\n"cameras": [{name: c, url: d}]\n}'),
        (
            "cameras: [{name: a, url: b}, ]",
            "cameras: [{name: a, url: b}, {name: c, url: d}, ]",
        ),
        (
            "cameras:\r\n- name: a\r\n  url: b",
            "cameras:\r\n- name: a\r\n  url: b\r\n- name: c\r\n  url: d",
        ),
        (
            "cameras:\n- name: a\n  url: >\n    b\n\ndefaults: {}\n",
            None,
        ),
    ],
)
def test_it_is_added_as_the_others_are_written(text, expected):
    if expected is None:
        with pytest.raises(CameraError):
            edits.add(text, {"name": "c", "url": "d"})
    else:
        assert edits.add(text, {"name": "c", "url": "d"}) == expected


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("gate", ["  # the gate", "  - name: gate    # G", '    url: "rtsp://a/b"']),
        ("yard", ["  # the yard", "  - {name: yard, url: 'x y.mp4', models: [a,  b]}   # Y"]),
        ("garden", ["  - url: c.mp4", "    name: garden", "    paused: no", "    # framerate: 3"]),
    ],
)
def test_a_camera_is_removed_with_its_own_comments(name, gone):
    before, after = changed(TEXT, edits.remove(TEXT, name))
    assert before[: len(gone)] == gone
    assert after == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cameras:  # c: d\n  # k\n- name: a\n  url: b", "cameras: []  # c: d\n  # k\n"),
        ("{cameras: [{name: a, url: b}, ]}", "{cameras: [ ]}"),
        ("cameras:\n-\n  # k\n  name: a\n  url: b\n# e\n", "cameras: []\n# e\n"),
    ],
)
def test_of_the_last_one_an_empty_list_is_left(text, expected):
    assert re.sub(" +]", " ]", edits.remove(text, "a")) == expected


def test_fields_are_changed_where_they_stand():
    text = edits.patch(TEXT, "gate", {"models": ["z"], "fresh": None, "paused": True})
    gone, new = changed(TEXT, text)
    assert gone == ["    models:", "      - a   # x", "      - b", "    fresh: 5 # f"]
    assert new == ["    models: [z]", "    paused: true"]

    text = edits.patch(TEXT, "yard", {"models": None, "framerate": 2.5, "url": "a: b"})
    assert "  - {name: yard, url: 'a: b', framerate: 2.5}   # Y\n" in text

    text = edits.patch(TEXT, "garden", {"url": "d.mp4", "paused": None})
    assert "  - url: d.mp4\n    name: garden\n    # framerate: 3\n" in text


def test_a_field_that_says_the_same_is_not_touched():
    same = {"name": "yard", "url": "x y.mp4", "models": ["a", "b"]}
    assert edits.patch(TEXT, "yard", same) == TEXT
    assert edits.replace(TEXT, "yard", same) == TEXT


def test_a_camera_is_replaced_with_all_its_fields():
    text = edits.replace(TEXT, "gate", {"name": "gate", "url": "1e3", "framerate": None})
    assert edits.entries(text)["gate"] == {"name": "gate", "url": "1e3", "framerate": None}
    assert cameras.parse(text)[0].framerate is None
    assert "    # of the gate\n" in text


REFUSED = [
    (400, lambda: edits.patch(TEXT, "gate", {"framrate": 1}), "did you mean framerate?"),
    (400, lambda: edits.patch(TEXT, "gate", {"framerate": "x"}), "camera gate: framerate must be"),
    (400, lambda: edits.patch(TEXT, "gate", {"paused": 1}), "paused must be true or false, not 1"),
    (400, lambda: edits.patch(TEXT, "gate", {"url": None}), "camera gate: url is missing"),
    (400, lambda: edits.patch(TEXT, "gate", {"name": "x"}), "can't be given another name"),
    (400, lambda: edits.patch(TEXT, "gate", {"url": "rtsp://u:***@h/"}), "that is not shown"),
    (400, lambda: edits.patch(TEXT, "gate", {"url": object()}), "must be what JSON has"),
    (400, lambda: edits.add(TEXT, {"name": "New", "url": "x"}), "did you mean new?"),
    (400, lambda: edits.add(TEXT, {"name": "x", "url": "y", "models": "z"}), "must be a list"),
    (400, lambda: edits.add(TEXT, {"name": "x", "url": "y", "fps": 1}), "did you mean framerate"),
    (400, lambda: edits.add(TEXT, {"url": "x"}), "has no name"),
    (409, lambda: edits.add(TEXT, {"name": "gate", "url": "x"}), "called gate already"),
    (404, lambda: edits.remove(TEXT, "gat"), "there is no camera called gat"),
    (404, lambda: edits.patch(TEXT, "gat", {}), "there is no camera called gat"),
    (409, lambda: edits.remove("cameras: [x", "gate"), "must be mended first:\ncameras.yaml line"),
]


@pytest.mark.parametrize(("status", "change", "words"), REFUSED)
def test_what_is_refused_says_why_without_lines_of_a_text_nobody_saw(status, change, words):
    with pytest.raises(CameraError) as caught:
        change()
    assert caught.value.status == status
    assert words in str(caught.value)
    assert status != 400 or "line" not in str(caught.value)


def test_a_mistake_of_a_camera_with_a_long_name_is_its_own():
    name = "a" * 50
    with pytest.raises(CameraError) as caught:
        edits.patch(f"cameras:\n  - {{name: {name}, url: a.mp4}}\n", name, {"framerate": "fast"})
    assert caught.value.status == 400
    assert "framerate must be a number" in str(caught.value)


ANCHORS = """\
cameras:
- &gate
  name: a
  url: b
  models: &models [x]
- <<: *gate
  name: c
- name: d
  url: e
  models: *models
"""


@pytest.mark.parametrize(
    "change",
    [
        lambda: edits.remove(ANCHORS, "a"),
        lambda: edits.patch(ANCHORS, "a", {"models": ["y"]}),
        lambda: edits.patch(ANCHORS, "a", {"fresh": 3}),
        lambda: edits.patch(ANCHORS, "c", {"models": None}),
    ],
)
def test_what_others_refer_to_is_not_changed(change):
    with pytest.raises(CameraError) as caught:
        change()
    assert caught.value.status == 409


def test_aliases_are_changed_where_only_one_camera_is_meant():
    assert changed(ANCHORS, edits.patch(ANCHORS, "c", {"url": "z"})) == ([], ["  url: z"])
    assert changed(ANCHORS, edits.patch(ANCHORS, "d", {"models": ["q"]})) == (
        ["  models: *models"],
        ["  models: [q]"],
    )
    assert changed(ANCHORS, edits.remove(ANCHORS, "c")) == (["- <<: *gate", "  name: c"], [])


NAMES = ["gate", "yard", "garden", "new", "on", "1e3"]
fields = some.fixed_dictionaries(
    {},
    optional={
        "url": some.sampled_from(["a.mp4", "x: y #.mp4", "12:30", "no", "é'\".mp4", "{a}, [b]"]),
        "models": some.lists(some.sampled_from(["a", "b", "on"]), unique=True, max_size=3),
        "framerate": some.sampled_from([1, 2.5, 1000]),
        "size": some.just("1280x720"),
        "paused": some.booleans(),
        "schedule": some.sampled_from(
            ["sat", ["mon-fri 07:00-19:00", "sun"], {"when": "22:00-06:00", "timezone": "UTC"}]
        ),
    },
)
changes = some.lists(
    some.one_of(
        some.tuples(some.just("add"), some.sampled_from(NAMES), fields),
        some.tuples(some.just("remove"), some.sampled_from(NAMES), some.just({})),
        some.tuples(some.just("replace"), some.sampled_from(NAMES), fields),
        some.tuples(
            some.just("patch"),
            some.sampled_from(NAMES),
            some.tuples(
                fields, some.sets(some.sampled_from(["models", "framerate", "paused"]))
            ).map(lambda both: both[0] | dict.fromkeys(both[1])),
        ),
    ),
    max_size=8,
)
FLOW = """\
# all of them
{cameras: [ # of the house
 {name: gate, url: g}, # G
 # the yard
 {name: yard, url: y} # Y
]}
"""
HOUSE = ["# all of them", "# of the house"]
TEXTS = [
    (TEXT, [*HOUSE, "# each", "# the end"], {"gate": ["# G", "# the gate"], "yard": ["# Y"]}),
    (TEXT.replace("\n", "\r\n"), [*HOUSE, "# each"], {"gate": ["# of the gate"]}),
    ("\ufeff" + TEXT, [*HOUSE, "# each"], {"gate": ["# G"]}),
    (FLOW, HOUSE, {"gate": ["# G"], "yard": ["# the yard"]}),
    ("cameras: [] # none", ["# none"], {}),
]


@settings(max_examples=60, deadline=None)
@given(some.sampled_from(TEXTS), changes)
def test_any_changes_give_what_they_give_of_plain_dicts(begin, sequence):
    text, of_all, of_each = begin
    expected, removed = edits.entries(text), set()
    for kind, name, given_fields in sequence:
        camera = {"name": name, "url": "u.mp4", **given_fields}
        if (kind == "add") == (name in expected):
            with pytest.raises(CameraError):
                applied(text, kind, name, camera)
            continue
        text = applied(text, kind, name, given_fields if kind == "patch" else camera)
        if kind == "remove":
            del expected[name]
            removed.add(name)
        elif kind == "patch":
            merged = {**expected[name], **given_fields}
            expected[name] = {key: value for key, value in merged.items() if value is not None}
        else:
            expected[name] = camera
        assert edits.entries(text) == expected
        assert list(edits.entries(text)) == list(expected)
    others = [one for name, found in of_each.items() if name not in removed for one in found]
    assert [comment for comment in of_all + others if comment not in text] == []
    assert ("\r" in text) == ("\r" in begin[0])


def applied(text, kind, name, camera):
    if kind == "add":
        return edits.add(text, camera)
    return (
        edits.remove(text, name) if kind == "remove" else getattr(edits, kind)(text, name, camera)
    )
