"""Which models somebody looks at frames for, as the cluster's Triggers say."""

import pytest
import yaml

from cnap.cameras import Camera
from cnap.errors import Unavailable
from cnap.events import frames, outcome, segment
from cnap.files import folder
from cnap.source.triggers import Served, unserved

TYPE = {"type": frames.TYPE}
WANTS = {"wantsyoloxnano": "true"}


def trigger(ready="True", why="", **spec):
    condition = {"type": "Ready", "status": ready, "message": why}
    return {"metadata": {"name": "t"}, "spec": spec, "status": {"conditions": [condition]}}


TRANSCODE = trigger(filter={"attributes": {"type": segment.TYPE}})
PUBLISH = trigger(
    filters=[{"any": [{"exact": {"type": outcome.RESULT}}, {"exact": {"type": "x"}}]}]
)
WAKE = trigger(filter={"attributes": {"type": segment.TYPE, "wake": "true"}})
OTHERS = [TRANSCODE, PUBLISH, WAKE]


@pytest.mark.parametrize(
    "spec",
    [
        {"filter": {"attributes": TYPE | WANTS}},
        {"filter": {"attributes": WANTS}},
        {"filters": [{"exact": TYPE | WANTS}]},
        {"filters": [{"exact": TYPE}, {"exact": WANTS}]},
        {"filters": [{"all": [{"exact": TYPE}, {"any": [{"exact": WANTS}]}]}]},
        {"filters": [{"cesql": "type = 'frames' AND wantsyoloxnano = 'true'"}]},
    ],
)
def test_a_trigger_that_takes_frames(spec):
    assert unserved(["yolox-nano"], [*OTHERS, trigger(**spec)]) == {}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"filter": None},
        {"filter": {"attributes": TYPE}},
        {"filter": {"attributes": {"wantsyoloxnano": "false"}}},
        {"filter": {"attributes": {"type": segment.TYPE, "wake": "true"} | WANTS}},
        {"filter": {"attributes": {"wantsyoloxnanoint8": "true"}}},
        {"filters": [{"not": {"exact": WANTS}}]},
        # `filters` wins over `filter`, as in Knative.
        {"filters": [{"exact": TYPE}], "filter": {"attributes": WANTS}},
    ],
)
def test_a_trigger_that_does_not(spec):
    (why,) = unserved(["yolox-nano"], [*OTHERS, trigger(**spec)]).values()

    assert why == (
        "nothing here runs yolox-nano: start it (docs/models.md), or take it from the camera"
    )


def test_a_model_that_there_is_not_is_said_to_be_none():
    (why,) = unserved(["yolox-nan"], OTHERS).values()

    assert why.startswith("nothing here runs yolox-nan: no model is called 'yolox-nan'; did you")


def test_a_trigger_that_knative_can_not_serve():
    spec = {"filter": {"attributes": WANTS}}
    sick = trigger("False", "subscriber not found", **spec)

    assert unserved(["yolox-nano"], [*OTHERS, sick]) == {
        "yolox-nano": "the Trigger t is not ready: subscriber not found"
    }
    assert unserved(["yolox-nano"], [*OTHERS, sick, trigger(**spec)]) == {}


def test_a_trigger_that_is_not_ready_yet():
    spec = {"filter": {"attributes": WANTS}}
    new = {"metadata": {"name": "t"}, "spec": spec}

    for fresh in (new, trigger("Unknown", "", **spec)):
        (why,) = unserved(["yolox-nano"], [*OTHERS, fresh]).values()
        assert why.startswith("the Trigger t is not ready")


@pytest.mark.parametrize(("gone", "name"), [(TRANSCODE, "transcode"), (PUBLISH, "publish")])
def test_a_way_that_ends_before_or_behind_the_model(gone, name):
    rest = [trigger(filter={"attributes": WANTS}), *(one for one in OTHERS if one is not gone)]

    assert unserved(["yolox-nano"], rest) == {
        "yolox-nano": f"no Trigger takes events for {name}: apply the YAML in eventing/"
    }


def test_the_projects_own_triggers_serve_the_default_model_and_no_other():
    triggers = [
        one | {"status": TRANSCODE["status"]}
        for name in ("transcode", "infer", "publish")
        for one in yaml.safe_load_all((folder("eventing") / f"{name}.yaml").read_text())
    ]

    assert list(unserved(["yolox-nano", "yunet"], triggers)) == ["yunet"]


class Cluster:
    def __init__(self):
        self.items, self.away = [], False

    async def triggers(self):
        if self.away:
            raise Unavailable("403")
        return self.items


async def test_what_is_known_stays_so_while_the_cluster_does_not_answer(caplog):
    cluster = Cluster()
    served, wanted = Served(cluster), [Camera("gate", "x.mp4", ("yunet",))]
    await served.look(wanted)
    assert list(served.missing) == ["yunet"]

    cluster.away = True
    await served.look(wanted)
    await served.look(wanted)
    assert list(served.missing) == ["yunet"]
    assert len(caplog.messages) == 1

    cluster.away, cluster.items = (
        False,
        [
            *OTHERS,
            trigger(filter={"attributes": {"wantsyunet": "true"}}),
        ],
    )
    await served.look(wanted)
    assert (served.missing, served.settled) == ({}, True)


async def test_where_one_may_not_look_every_model_is_taken_to_be_served():
    cluster = Cluster()
    cluster.away = True
    served = Served(cluster)
    await served.look([Camera("gate", "x.mp4", ("yunet",))])

    assert (served.missing, served.settled) == ({}, False)
