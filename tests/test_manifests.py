"""The project's YAML: well formed, complete, and true to what the code expects of it."""

import json
import os
import re
from pathlib import Path

import fastjsonschema
import pytest
import yaml

from cnap.events import frames, outcome, segment, state, wants
from cnap.files import folder
from cnap.manifests import IMAGE, TEMPLATE_MODEL, of_model

REPOSITORY = Path(__file__).parents[1]

FOLDERS = [folder("eventing"), folder("knative") / "base"]
FILES = sorted(path for place in FOLDERS for path in place.glob("*.yaml"))
FUNC_FILES = sorted([*REPOSITORY.glob("func.yaml"), *folder("functions").glob("*/func.yaml")])


def documents():
    for path in FILES:
        if path.name != "kustomization.yaml":
            yield from ((path, one) for one in yaml.safe_load_all(path.read_text()) if one)


def of_kind(kind, group=""):
    found = {}
    for _, one in documents():
        if one["kind"] == kind and one["apiVersion"].startswith(group):
            found[one["metadata"]["name"]] = one
    return found


SERVICES = of_kind("Service", "serving.knative.dev")
TRIGGERS = of_kind("Trigger")
EXAMPLES = [
    yaml.safe_load(path.read_text()) for path in (folder("eventing") / "examples").glob("*.yaml")
]
CONTAINERS = [
    pytest.param(one["spec"]["template"]["spec"], id=one["metadata"]["name"])
    for one in [*SERVICES.values(), *of_kind("Deployment").values(), *EXAMPLES]
]


@pytest.mark.parametrize("place", FOLDERS, ids=lambda place: place.name)
def test_a_kustomization_names_every_file_beside_it(place):
    listed = yaml.safe_load((place / "kustomization.yaml").read_text())["resources"]
    beside = {path.name for path in place.glob("*.yaml")} - {"kustomization.yaml"}

    assert {name for name in listed if name.endswith(".yaml")} == beside
    assert all((place / name).exists() for name in listed)


def test_no_two_things_of_a_kind_have_one_name():
    names = [(one["kind"], one["apiVersion"], one["metadata"]["name"]) for _, one in documents()]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", name) for *_, name in names)


def matched(trigger):
    """The attributes that some of a Trigger's filters match exactly."""
    spec = trigger["spec"]
    filters = spec.get("filters", [{"exact": spec.get("filter", {}).get("attributes", {})}])
    pairs, todo = [], list(filters)
    while todo:
        one = todo.pop()
        pairs += one.get("exact", {}).items()
        todo += one.get("any", []) + one.get("all", [])
    return pairs


def types(name):
    return {value for key, value in matched(TRIGGERS[name]) if key == "type"}


def test_every_type_of_event_has_somebody_who_takes_it():
    infer = f"infer-{TEMPLATE_MODEL}"
    assert types("transcode") == {segment.TYPE}
    assert types(infer) == {frames.TYPE}
    assert types("publish") == {outcome.RESULT, outcome.DROPPED, state.TYPE}
    assert (wants.attribute(TEMPLATE_MODEL), "true") in matched(TRIGGERS[infer])
    for name in ("wake-publish", f"wake-{TEMPLATE_MODEL}"):
        assert types(name) == {segment.TYPE}
        assert ("wake", "true") in matched(TRIGGERS[name])


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_s_subscriber_and_dead_letters_are_there(name):
    spec = TRIGGERS[name]["spec"]
    assert spec["broker"] in of_kind("Broker")
    assert spec["subscriber"]["ref"]["name"] in SERVICES
    dead = spec.get("delivery", {}).get("deadLetterSink")
    if dead:
        assert dead["ref"]["name"] == "publish"
        whose = name.removeprefix("infer-")
        assert dead["uri"] == f"?deadletter={whose}"


def test_what_has_no_dead_letter_sink_of_its_own_has_the_broker_s():
    (broker,) = of_kind("Broker").values()

    assert broker["spec"]["delivery"]["deadLetterSink"]["uri"] == "?deadletter=publish"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_scales_from_zero_and_only_the_page_is_public(name):
    service = SERVICES[name]
    annotations = service["spec"]["template"]["metadata"]["annotations"]
    labels = service["metadata"]["labels"]

    assert annotations["autoscaling.knative.dev/min-scale"] == "0"
    assert int(annotations["autoscaling.knative.dev/max-scale"]) >= 1
    private = labels.get("networking.knative.dev/visibility") == "cluster-local"
    assert private is (name != "dashboard")


@pytest.mark.parametrize("pod", CONTAINERS)
def test_containers_may_do_nothing_they_need_not(pod):
    for container in pod["containers"]:
        allowed = container["securityContext"]
        assert allowed["runAsNonRoot"] is True
        assert allowed["allowPrivilegeEscalation"] is False
        assert allowed["capabilities"] == {"drop": ["ALL"]}
        assert not container["image"].endswith(":latest")


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "dashboard"])
def test_a_service_runs_a_function_that_is_there(name):
    (container,) = SERVICES[name]["spec"]["template"]["spec"]["containers"]
    settings = {one["name"]: one.get("value") for one in container["env"]}

    assert container["command"] == ["python", "-m", "cnap.runner"]
    assert (folder("functions") / settings["CNAP_FUNCTION"] / "func.py").is_file()


def test_the_sources_events_go_to_the_broker():
    (binding,) = of_kind("SinkBinding").values()

    assert binding["spec"]["subject"]["name"] in of_kind("Deployment")
    assert binding["spec"]["sink"]["ref"]["name"] in of_kind("Broker")


@pytest.fixture(scope="session")
def func_schema():
    usual = REPOSITORY.parent / "shared" / "data"
    shared = Path(os.environ.get("CNAP_ASSETS", usual)).parent
    path = shared / "vectors" / "knative" / "func_yaml-schema.json"
    if not path.exists():
        pytest.skip("the schema of func.yaml is not here")
    return fastjsonschema.compile(json.loads(path.read_text()))


@pytest.mark.parametrize("path", FUNC_FILES, ids=lambda path: path.parent.name)
def test_func_yaml_is_as_its_schema_says(func_schema, path):
    func_schema(load(path))


def load(path):
    """YAML with its times as text, which is what JSON Schema speaks of."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text()), default=lambda t: t.isoformat()))


@pytest.mark.parametrize("name", ["transcode", "infer", "publish"])
def test_func_yaml_and_the_service_ask_for_the_same(name):
    path = folder("functions") / name / "func.yaml"
    if not path.exists():
        pytest.skip(f"{name} has no func.yaml")
    func = load(path)
    template = SERVICES[func["name"]]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    options, annotations = func["deploy"]["options"], template["metadata"]["annotations"]

    wanted = {one["name"]: one["value"] for one in func["run"]["envs"] if "name" in one}
    assert wanted.items() <= {one["name"]: one.get("value") for one in container["env"]}.items()
    for key, annotation in (("min", "min-scale"), ("max", "max-scale"), ("target", "target")):
        assert str(options["scale"][key]) == annotations[f"autoscaling.knative.dev/{annotation}"]
    limits = dict(options["resources"]["limits"])
    assert limits.pop("concurrency") == template["spec"]["containerConcurrency"]
    resources = {"requests": options["resources"]["requests"], "limits": limits}
    assert resources == container["resources"]


@pytest.mark.parametrize("model", ["yunet", "yolox-nano-int8"])
def test_one_more_model_has_a_service_and_triggers_of_its_own(model):
    texts = of_model(model, "registry.example.com/cnap:9").values()
    found = [one for text in texts for one in yaml.safe_load_all(text)]
    (service,) = (one for one in found if one["kind"] == "Service")
    triggers = {one["metadata"]["name"]: one for one in found if one["kind"] == "Trigger"}
    (container,) = service["spec"]["template"]["spec"]["containers"]

    assert service["metadata"]["name"] == f"infer-{model}"
    assert container["image"] == "registry.example.com/cnap:9"
    assert {"name": "CNAP_MODEL", "value": model} in container["env"]
    assert set(triggers) == {f"infer-{model}", f"wake-{model}"}
    for trigger in triggers.values():
        assert (wants.attribute(model), "true") in matched(trigger)
        assert trigger["spec"]["subscriber"]["ref"]["name"] == f"infer-{model}"
    dead = triggers[f"infer-{model}"]["spec"]["delivery"]["deadLetterSink"]
    assert dead["uri"] == f"?deadletter={model}"


def test_every_part_runs_the_one_image():
    pods = [one.values[0] for one in CONTAINERS]

    assert {container["image"] for pod in pods for container in pod["containers"]} == {IMAGE}
