"""`cnap doctor --cluster`: what it says of the pipeline in a namespace."""

import pytest

from tests.clusters import condition, doctor, of_state, only


def test_nothing_deployed_is_no_failure(cluster):
    findings, code = doctor(cluster, "--namespace", "elsewhere")

    assert code == 0
    assert findings[-1]["state"] == "optional"
    assert "there is no namespace elsewhere" in findings[-1]["words"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("services.serving.knative.dev", "publish"),
        ("brokers.eventing.knative.dev", "default"),
        ("triggers.eventing.knative.dev", "wake-publish"),
        ("sinkbindings.sources.knative.dev", "cameras"),
    ],
)
def test_what_is_not_ready_says_why(cluster, kind, name):
    cluster.object(kind, name)["status"] = condition("False", "NotFound", "who knows")

    findings, code = doctor(cluster)

    assert code == 1
    words, mend = only(findings)
    assert words.endswith(f"{name}: NotFound: who knows")
    assert mend == f"kubectl describe {kind} {name} -n cnap"


def test_a_change_that_knative_has_not_seen_is_not_ready(cluster):
    cluster.object("services.serving.knative.dev", "publish")["metadata"]["generation"] = 2

    findings, _ = doctor(cluster)

    assert only(findings)[0] == "service publish: Knative has not looked at it yet"


def test_nothing_of_a_kind_is_missing(cluster):
    cluster.objects["sinkbindings.sources.knative.dev"] = []

    findings, code = doctor(cluster)

    assert code == 1
    assert only(findings)[0] == "cnap: SinkBinding"


def test_a_deployment_without_its_pod_and_what_the_pod_waits_for(cluster):
    cluster.object("deployments", "redis")["status"] = {}
    waiting = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    cluster.objects["pods"] = [
        {"metadata": {"name": "redis-1", "namespace": "cnap"},
         "status": {"containerStatuses": [{"state": waiting}]}},
        {"metadata": {"name": "young", "namespace": "cnap"}, "status": {"containerStatuses": [
            {"state": {"waiting": {"reason": "ContainerCreating"}}}, {"state": {"running": {}}}]}},
    ]  # fmt: skip

    findings, code = doctor(cluster)

    assert code == 1
    assert set(of_state(findings, "trouble")) == {
        "redis: no pod of it is ready",
        "pod redis-1: ErrImagePull: no such image",
    }


def test_secrets_are_looked_for_by_name_only(cluster):
    cluster.remove("secrets", "cnap-control")

    findings, code = doctor(cluster)

    assert code == 1
    assert only(findings)[0] == "Secret cnap-control: the token that the page asks for"
    asked = [line for line in cluster.asked() if "secret" in line]
    assert asked
    assert all("-o name" in line for line in asked)


def test_a_camera_that_wants_what_nobody_serves(cluster):
    entries = "cameras: [{name: gate, url: a.mp4, models: [yolox-nano, yunet, mine]}]"
    cluster.config["cameras"]["data"]["cameras.yaml"] = entries

    findings, code = doctor(cluster)

    assert code == 1
    mends = list(of_state(findings, "trouble").values())
    assert mends == [
        "kubectl edit configmap cameras -n cnap",
        "cnap models --yaml yunet | kubectl apply -n cnap -f -",
    ]
    assert of_state(findings, "trouble").keys() == {
        words for words in of_state(findings, "trouble") if words.startswith("camera gate wants ")
    }


def test_no_camera_was_named_yet(cluster):
    del cluster.config["cameras"]["data"]["cameras.yaml"]

    findings, code = doctor(cluster)

    assert code == 0
    assert "cameras: none" in of_state(findings, "ok")


def test_a_mistake_among_the_cameras(cluster):
    cluster.config["cameras"]["data"]["cameras.yaml"] = "cameras: [{name: gate}]"

    findings, code = doctor(cluster)

    assert code == 1
    assert "url is missing" in only(findings)[0]


def test_a_namespace_without_pod_security_is_told_of(cluster):
    cluster.object("namespaces", "cnap")["metadata"]["labels"] = {}

    findings, code = doctor(cluster)

    words, mend = only(findings)
    assert code == 0
    assert words.startswith("cnap: Pod Security is not enforced")
    assert mend.endswith("pod-security.kubernetes.io/enforce=restricted")
