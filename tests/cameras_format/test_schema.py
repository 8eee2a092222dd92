"""The schema says of cameras.yaml what the parser says, and so do the docs."""

import json
import re
from dataclasses import MISSING, fields

import fastjsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from cnap import cameras
from cnap.cameras import Camera, CameraError, schema
from cnap.files import folder

CHECKED = fastjsonschema.compile(schema.document())
ROOT = folder("eventing").parent


def agreed(document):
    """Whether the document is right, which both must say."""
    try:
        cameras.parse(json.dumps(document))
    except CameraError:
        by_parser = False
    else:
        by_parser = True
    try:
        CHECKED(document)
    except fastjsonschema.JsonSchemaException:
        by_schema = False
    else:
        by_schema = True
    assert by_parser == by_schema, document
    return by_parser


def test_fields_and_defaults_are_those_of_a_camera():
    assert {field.name for field in fields(Camera)} == set(schema.rules())
    for field in fields(Camera):
        rule = schema.rules()[field.name]
        if field.default is MISSING:
            assert field.name in schema.document()["definitions"]["camera"]["required"]
        else:
            default = rule["default"]
            assert (tuple(default) if isinstance(default, list) else default) == field.default
    assert set(schema.usual()) == set(schema.rules()) - {"name", "url"}


def test_every_field_is_described_and_its_examples_are_right():
    for name, rule in schema.rules().items():
        assert rule["title"] and rule["description"] and rule["examples"]
        for example in rule["examples"]:
            camera = {"name": "x", "url": "y"} | {name: example}
            assert agreed({"cameras": [camera]}), (name, example)
    assert agreed({"cameras": schema.document()["definitions"]["camera"]["examples"]})


numbers = some.sampled_from([-1, 0, 0.01, 0.1, 1, 5.5, 10, 10.5, 1000, 3600, 3601])
words = some.sampled_from(["a", "tcp", "udp", "thin", "newest", "sat", "1280x720", "0x7", "A", ""])
odd = some.sampled_from([None, True, False, [], {}, ["a"], ["a", "a"], ["A"], [1], [["a"]]])
schedules = some.sampled_from(
    [["sat"], {"when": "sat"}, {"when": ["sat"], "timezone": "UTC"}, {"timezone": "UTC"}, {"x": 1}]
)


@settings(max_examples=300)
@given(
    some.dictionaries(
        some.sampled_from([name for name in schema.rules() if name not in ("url", "schedule")]),
        numbers | words | odd,
        max_size=2,
    )
)
def test_both_agree_about_any_field(given_fields):
    agreed({"cameras": [{"name": "gate", "url": "a.mp4"} | given_fields]})
    agreed({"cameras": [], "defaults": given_fields})


@given(numbers | odd | schedules)
def test_both_agree_about_the_shape_of_a_schedule(schedule):
    if schedule != ["a", "a"] and schedule not in (["a"], ["A"]):  # which only the parser reads
        agreed({"cameras": [{"name": "gate", "url": "a.mp4", "schedule": schedule}]})


@pytest.mark.parametrize(
    ("document", "right"),
    [
        ({"cameras": []}, True),
        ({"$schema": "x", "defaults": {}, "cameras": []}, True),
        ({"cameras": None}, False),
        ({"cameras": {}}, False),
        ({}, False),
        ([], False),
        ({"cameras": [], "camera": []}, False),
        ({"cameras": [], "defaults": {"name": "x"}}, False),
        ({"cameras": [{"name": "x"}]}, False),
        ({"cameras": [{"url": "x"}]}, False),
        ({"cameras": [{"name": "x", "url": ""}]}, False),
        ({"cameras": [{"name": "x", "url": 7}]}, False),
        ({"cameras": [{"name": f"c{n}", "url": "x"} for n in range(1001)]}, False),
    ],
)
def test_both_agree_about_the_whole(document, right):
    assert agreed(document) == right


def test_the_table_of_the_docs_is_the_schema():
    text = (ROOT / "docs" / "cameras.md").read_text()
    text = text.partition("## Fields")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert [row[0] for row in rows] == list(schema.rules())
    for name, value, default, meaning in rows:
        rule = schema.rules()[name]
        assert meaning.startswith(f"{rule['title']}."), name
        if "minimum" in rule:
            assert value == f"{rule['minimum']} to {rule['maximum']}"
        if "enum" in rule:
            assert value == ", ".join(f"`{one}`" for one in rule["enum"])
        if rule.get("default") is not None:
            assert default == f"`{json.dumps(rule['default']).strip(chr(34))}`"


def examples():
    """Every cameras.yaml that the docs and the YAML of the cluster show."""
    for block in re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs" / "cameras.md").read_text(), re.DOTALL
    ):
        if re.search("^cameras:", block, re.MULTILINE):
            yield block
    shipped = yaml.safe_load_all((ROOT / "eventing" / "cameras.yaml").read_text())
    told = next(one for one in shipped if one["kind"] == "ConfigMap")["data"]
    yield told["_example"]
    yield cameras.NONE


@pytest.mark.parametrize("text", list(examples()))
def test_every_example_is_right(text):
    cameras.parse(text)
    CHECKED(yaml.safe_load(text))
