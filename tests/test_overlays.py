"""Every overlay, as kubectl renders it: valid, complete, and no container may more than it must."""

import re
from ipaddress import ip_address, ip_network

import kubernetes_validate
import pytest

from cnap.cameras import KEY
from tests.rendered import KNATIVE, by_kind, containers, overlay, templates

SHIPPED = sorted(path.name for path in (KNATIVE / "overlays").iterdir())
COMBINED = ["production+kafka+models-s3+monitoring+tdx"]
KUBERNETES = "1.31"
"""What Knative 1.17 runs on."""
IMAGES = {"ghcr.io/cnap/cnap", "quay.io/minio/minio", "docker.io/library/redis"}
OURS = ("serving.knative.dev", "eventing.knative.dev", "sources.knative.dev")
OPERATOR = "monitoring.coreos.com"


@pytest.fixture(params=SHIPPED + COMBINED)
def objects(request):
    return overlay(request.param)


def test_there_is_one_of_each():
    assert SHIPPED == ["kafka", "monitoring", "production", "quickstart", "tdx"]


def test_kubernetes_own_kinds_are_valid(objects):
    for one in objects:
        if not one["apiVersion"].startswith((*OURS, OPERATOR)):
            kubernetes_validate.validate(one, KUBERNETES, strict=True)


def test_a_knative_service_s_pods_are_valid_pods(objects):
    for service in by_kind(objects, "Service", "serving.knative.dev").values():
        template = service["spec"]["template"]
        own = ("containerConcurrency", "timeoutSeconds")
        pod = {key: value for key, value in template["spec"].items() if key not in own}
        pod["containers"] = [dict(container) for container in pod["containers"]]
        for container in pod["containers"]:
            for probe in ("livenessProbe", "readinessProbe"):  # Knative knows the port
                get = container[probe]["httpGet"]
                container[probe] = container[probe] | {"httpGet": {"port": 8080} | get}
        whole = {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": pod}
        kubernetes_validate.validate(whole, KUBERNETES, strict=True)
        assert set(service["spec"]) == {"template"}


def test_annotations_and_labels_are_text(objects):
    for one in objects:
        metadata = [one["metadata"], *(template["metadata"] for _, template in templates([one]))]
        for facts in metadata:
            for kind in ("annotations", "labels"):
                assert all(isinstance(value, str) for value in facts.get(kind, {}).values())


def test_everything_is_in_one_namespace_that_admits_nothing_dangerous(objects):
    ((name, namespace),) = by_kind(objects, "Namespace").items()

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for one in objects:
        assert one["kind"] == "Namespace" or one["metadata"]["namespace"] == name


def test_no_value_is_missing(objects):
    def values(part, path=""):
        if isinstance(part, dict):
            for key, value in part.items():
                yield from values(value, f"{path}.{key}")
        elif isinstance(part, list):
            for index, value in enumerate(part):
                yield from values(value, f"{path}[{index}]")
        else:
            yield path, part

    for one in objects:
        for path, value in values(one):
            what = f"{one['kind']}/{one['metadata']['name']}{path}"
            core = path.endswith((".apiGroups[0]", ".apiGroup"))
            assert value is not None and (value != "" or core), what
            assert not re.search(r"TODO|CHANGE|FIXME|<[A-Za-z]", str(value)), what


def test_containers_may_do_nothing_they_need_not(objects):
    for name, pod, container in containers(objects):
        allowed = pod.get("securityContext", {}) | container["securityContext"]
        assert allowed["runAsNonRoot"] is True, name
        assert allowed["readOnlyRootFilesystem"] is True, name
        assert allowed["allowPrivilegeEscalation"] is False, name
        assert allowed["capabilities"] == {"drop": ["ALL"]}, name
        assert allowed["seccompProfile"] == {"type": "RuntimeDefault"}, name


def test_who_does_not_use_the_api_has_no_token_for_it(objects):
    for name, pod, _ in containers(objects):
        assert "serviceAccountName" in pod or pod["automountServiceAccountToken"] is False, name


def test_images_are_known_and_of_one_version(objects):
    for name, _, container in containers(objects):
        image, _, version = container["image"].rpartition(":")
        assert image in IMAGES, name
        assert version and version != "latest", name


def test_what_is_named_is_there(objects):
    services = by_kind(objects, "Service", "serving.knative.dev")
    brokers = by_kind(objects, "Broker")
    accounts = by_kind(objects, "ServiceAccount")
    maps = by_kind(objects, "ConfigMap")
    secrets = {*by_kind(objects, "Secret"), "cnap", "cnap-control"}  # the Job makes those two

    for trigger in by_kind(objects, "Trigger").values():
        spec = trigger["spec"]
        assert spec["broker"] in brokers
        assert spec["subscriber"]["ref"]["name"] in services
        dead = spec.get("delivery", {}).get("deadLetterSink")
        assert not dead or dead["ref"]["name"] in services
    for broker in brokers.values():
        assert "config" not in broker["spec"] or broker["spec"]["config"]["name"] in maps
    for name, pod, container in containers(objects):
        assert pod.get("serviceAccountName", "default") in {*accounts, "default"}, name
        for source in container.get("envFrom", []):
            (kind, ref) = next(iter(source.items()))
            assert ref["name"] in (maps if kind == "configMapRef" else secrets), name
        for env in container.get("env", []):
            key = env.get("valueFrom", {}).get("secretKeyRef")
            assert not key or key["name"] in secrets, name
    for binding in by_kind(objects, "RoleBinding").values():
        assert binding["roleRef"]["name"] in by_kind(objects, "Role")
        assert {one["name"] for one in binding["subjects"]} <= set(accounts)


def test_the_page_finds_who_takes_uploads_and_both_have_the_token(objects):
    deployment = by_kind(objects, "Deployment")["cameras"]["spec"]["template"]
    page = by_kind(objects, "Service", "serving.knative.dev")["dashboard"]["spec"]["template"]
    service = by_kind(objects, "Service", "v1")["cameras"]["spec"]
    (port,) = service["ports"]
    (source,) = deployment["spec"]["containers"]
    (dashboard,) = page["spec"]["containers"]
    (listens,) = source["ports"]
    theirs, ours = ({one["name"]: one for one in each["env"]} for each in (source, dashboard))

    assert service["selector"].items() <= deployment["metadata"]["labels"].items()
    assert ours["CNAP_SOURCE"]["value"] == f"http://cameras:{port['port']}"
    assert port["targetPort"] == listens["name"]
    assert theirs["PORT"]["value"] == str(listens["containerPort"])
    assert theirs["CNAP_TOKEN"] == ours["CNAP_TOKEN"]


def test_the_source_and_the_page_may_change_no_more_than_two_configmaps(objects):
    roles = by_kind(objects, "Role")
    granted = {
        (who, *rule["resources"], *rule.get("resourceNames", ())): set(rule["verbs"])
        for who in ("cameras", "dashboard")
        for rule in roles[who]["rules"]
    }

    assert granted == {
        ("cameras", "configmaps", "cameras", "watched"): {"get", "list", "watch"},
        ("cameras", "triggers"): {"list"},
        ("dashboard", "configmaps", "cameras", "watched"): {"get", "patch"},
        ("dashboard", "services"): {"get", "list"},
        ("dashboard", "deployments"): {"get", "list"},
    }
    assert {"cameras", "watched"} <= by_kind(objects, "ConfigMap").keys()


def test_the_cameras_stay_when_an_overlay_is_applied_again():
    """A key that kubectl applies goes back to what the YAML says; the page and the API write it."""
    for name in ("production", *COMBINED):
        assert KEY not in by_kind(overlay(name), "ConfigMap")["cameras"]["data"]


def test_a_delivery_waits_for_its_function(objects):
    for trigger in by_kind(objects, "Trigger").values():
        given = re.fullmatch(r"PT(\d+)S", trigger["spec"].get("delivery", {}).get("timeout", ""))
        service = by_kind(objects, "Service", "serving.knative.dev")[
            trigger["spec"]["subscriber"]["ref"]["name"]
        ]
        assert not given or int(given[1]) > service["spec"]["template"]["spec"]["timeoutSeconds"]


@pytest.mark.parametrize("name", ["production", *COMBINED])
def test_production_limits_every_container(name):
    for owner, _, container in containers(overlay(name)):
        for kind in ("requests", "limits"):
            assert set(container["resources"][kind]) == {"cpu", "memory"}, owner


@pytest.mark.parametrize("name", ["production", *COMBINED])
def test_production_keeps_nothing_in_the_cluster_and_nobody_may_talk_to_anybody(name):
    objects = overlay(name)
    policies = by_kind(objects, "NetworkPolicy")

    assert not {"minio", "redis"} & set(by_kind(objects, "Deployment"))
    assert policies["deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    labels = [template["metadata"].get("labels", {}) for _, template in templates(objects)]
    for policy in policies.values():
        selector = policy["spec"]["podSelector"].get("matchLabels", {})
        assert any(selector.items() <= one.items() for one in labels), policy["metadata"]["name"]
        for expression in policy["spec"]["podSelector"].get("matchExpressions", []):
            named = {one.get(expression["key"]) for one in labels}
            assert set(expression.get("values", [])) <= named, policy["metadata"]["name"]


def test_production_s_source_reaches_cameras_anywhere_and_only_the_page_reaches_it():
    policies = [one["spec"] for one in by_kind(overlay("production"), "NetworkPolicy").values()]
    source = {"app.kubernetes.io/name": "cameras", "app.kubernetes.io/component": "source"}
    wanted = [(one, one["podSelector"].get("matchLabels", {})) for one in policies]
    of_it = [one for one, labels in wanted if labels and labels.items() <= source.items()]
    comes = [rule for one in of_it for rule in one.get("ingress", ())]
    goes = [rule for one in of_it for rule in one.get("egress", ()) if "ports" not in rule]

    page = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "dashboard"}}}
    assert comes == [{"from": [page], "ports": [{"port": 8080}]}]
    reached = [ip_network(to["ipBlock"]["cidr"]) for rule in goes for to in rule["to"]]
    for camera in ("10.1.2.3", "172.31.255.1", "192.168.1.64"):
        assert any(ip_address(camera) in network for network in reached), camera
    assert not any(ip_address("169.254.169.254") in network for network in reached)


def test_a_budget_is_for_what_is_more_than_one():
    objects = overlay("production")
    (budget,) = by_kind(objects, "PodDisruptionBudget").values()
    dashboard = by_kind(objects, "Service", "serving.knative.dev")["dashboard"]["spec"]["template"]

    wanted = budget["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= dashboard["metadata"]["labels"].items()
    assert int(dashboard["metadata"]["annotations"]["autoscaling.knative.dev/min-scale"]) > 1


@pytest.mark.parametrize("name", ["kafka", *COMBINED])
def test_kafka_delivers_a_stream_s_segments_in_order(name):
    objects = overlay(name)
    (broker,) = by_kind(objects, "Broker").values()
    partitions = by_kind(objects, "ConfigMap")["kafka-broker-config"]["data"]

    assert broker["metadata"]["annotations"]["eventing.knative.dev/broker.class"] == "Kafka"
    assert broker["spec"]["config"]["namespace"] == broker["metadata"]["namespace"]
    for trigger, one in by_kind(objects, "Trigger").items():
        annotations = one["metadata"]["annotations"]
        order = annotations.get("kafka.eventing.knative.dev/delivery.order")
        assert order == ("ordered" if trigger == "transcode" else None)
        most = annotations["autoscaling.eventing.knative.dev/max-scale"]
        assert most == partitions["default.topic.partitions"]


@pytest.mark.parametrize("name", ["tdx", *COMBINED])
def test_tdx_leaves_out_nothing_that_sees_a_picture(name):
    unseeing = {"Job/credentials", "CronJob/janitor"}
    for owner, template in templates(overlay(name)):
        if owner not in unseeing:
            assert template["spec"]["runtimeClassName"] == "kata-qemu-tdx", owner
            assert template["spec"]["nodeSelector"], owner


@pytest.mark.parametrize("name", ["monitoring", *COMBINED])
def test_each_pod_is_monitored_and_only_the_page_is_told_its_token(name):
    objects = overlay(name)
    monitors = by_kind(objects, "PodMonitor")
    services = by_kind(objects, "Service", "serving.knative.dev")

    for service in services.values():
        labels = service["spec"]["template"]["metadata"]["labels"]
        labels = labels | {"serving.knative.dev/service": service["metadata"]["name"]}
        selecting = [one for one, facts in monitors.items() if selects(facts["spec"], labels)]
        page = service["metadata"]["name"] == "dashboard"
        assert selecting == ["cnap-dashboard" if page else "cnap"]
    assert "authorization" not in str(monitors["cnap"])
    annotations = services["dashboard"]["spec"]["template"]["metadata"]["annotations"]
    assert int(annotations["autoscaling.knative.dev/min-scale"]) >= 1


def selects(spec, labels):
    wanted = spec["selector"]
    for rule in wanted.get("matchExpressions", []):
        value = labels.get(rule["key"])
        if value is None or (rule["operator"] == "NotIn" and value in rule["values"]):
            return False
    return wanted["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", ["quickstart+models-s3", *COMBINED])
def test_models_from_s3_have_a_place_in_the_pod(name):
    objects = overlay(name)
    services = by_kind(objects, "Service", "serving.knative.dev")
    infer = services["infer-yolox-nano"]["spec"]["template"]["spec"]
    (container,) = infer["containers"]

    assert by_kind(objects, "ConfigMap")["cnap"]["data"]["CNAP_MODELS"].startswith("s3://")
    (mount,) = container["volumeMounts"]
    assert {"name": "CNAP_CACHE", "value": mount["mountPath"]} in container["env"]
    assert [one["name"] for one in infer["volumes"] if "emptyDir" in one] == [mount["name"]]
    assert {"name": "CNAP_MODEL", "value": "yolox-nano"} in container["env"]
    assert "volumes" not in services["transcode"]["spec"]["template"]["spec"]
