"""A list of cameras that is followed while they run: a mistake costs nobody else."""

from cnap.cameras import followed, parse

BEFORE = """cameras:
  - {name: gate, url: gate.mp4}
  - {name: yard, url: yard.mp4}
"""


def test_without_a_mistake_it_is_what_the_text_says():
    assert followed(BEFORE, ()) == (parse(BEFORE), "")
    assert followed("cameras: []", parse(BEFORE)) == ([], "")


def test_a_camera_with_a_mistake_stays_as_it_was_and_others_follow():
    text = BEFORE.replace("gate.mp4", "gate.mp4, framerate: fast").replace("yard.mp4", "new.mp4")
    found, problem = followed(text, parse(BEFORE))

    assert [(one.name, one.url) for one in found] == [("gate", "gate.mp4"), ("yard", "new.mp4")]
    assert problem.startswith("cameras.yaml line 2: camera gate: framerate")


def test_nobody_ends_by_a_mistake():
    found, problem = followed(BEFORE.replace("name: gate", "name: GATE"), parse(BEFORE))

    assert [one.name for one in found] == ["gate", "yard"]
    assert "line 2" in problem


def test_a_source_that_begins_with_a_mistake_has_the_other_cameras():
    found, problem = followed(BEFORE + "  - {name: dock}\n", ())

    assert [one.name for one in found] == ["gate", "yard"]
    assert problem == "cameras.yaml line 4: camera dock: url is missing"


def test_of_two_of_one_name_the_first_counts():
    found, _ = followed(BEFORE + "  - {name: gate, url: other.mp4}\n", ())

    assert [(one.name, one.url) for one in found] == [("gate", "gate.mp4"), ("yard", "yard.mp4")]


def test_where_the_text_is_not_understood_all_stay():
    before = parse(BEFORE)
    for text in ("cameras: [", "", "defaults: {framerate: fast}\n" + BEFORE, "camera: []"):
        found, problem = followed(text.replace("yard.mp4", "new.mp4"), before)
        assert found == before
        assert problem
