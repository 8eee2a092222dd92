"""`cnap doctor --cluster`, on clusters that a kubectl of the tests' own tells of."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnap.cli.cluster import KINDS
from tests.clusters import CLASSES, doctor, of_state, only
from tests.rendered import overlay

CNAP = Path(sys.executable).with_name("cnap")
BUILT_IN = ("v1", "apps/v1", "rbac.authorization.k8s.io/v1")


def test_a_good_cluster_with_a_pipeline_lacks_nothing(cluster):
    findings, code = doctor(cluster)

    assert code == 0
    assert {each["state"] for each in findings} == {"ok", "optional"}
    assert all(each["words"].split()[0] in ("tdx", "kafka", "monitoring")
               for each in findings if each["state"] == "optional")  # fmt: skip
    assert "Knative Serving 1.17.0" in of_state(findings, "ok")


def test_a_person_reads_a_line_each_with_the_command_below(cluster):
    del cluster.config["config-domain"]
    ended = subprocess.run(
        [CNAP, "doctor", "--cluster"],
        env=cluster.environment(),
        capture_output=True,
        text=True,
    )

    lines = ended.stdout.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("advice   no domain"))
    assert lines[place + 1].startswith("         kubectl patch configmap/config-domain")
    assert lines[0] == "ok       Kubernetes 1.31.2 at https://10.0.0.1:6443"


def test_what_our_yaml_is_made_of_is_looked_for():
    used = {(one["apiVersion"], one["kind"]) for one in overlay("quickstart")}

    assert {kind for kind in used if kind[0] not in BUILT_IN and kind[1] != "Job"} == set(KINDS)


def test_without_kubectl_it_says_so_in_a_line(tmp_path):
    ended = subprocess.run(
        [CNAP, "doctor", "--cluster"],
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("cnap: kubectl is not on this machine; see https://")
    assert ended.stderr.count("\n") == 1


def test_a_cluster_that_does_not_answer_is_one_line(cluster):
    cluster.refused["version"] = "The connection to the server 10.0.0.1:6443 was refused"

    ended = subprocess.run(
        [CNAP, "doctor", "--cluster"], env=cluster.environment(), capture_output=True, text=True
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "10.0.0.1:6443 was refused" in ended.stderr


@pytest.mark.parametrize(
    ("namespace", "part", "name"),
    [
        ("knative-serving", "activator", "serving"),
        ("knative-eventing", "eventing-controller", "eventing"),
    ],
)
def test_knative_that_is_not_there_is_how_to_install_it(cluster, namespace, part, name):
    cluster.remove("deployments", part)

    findings, code = doctor(cluster)

    assert code == 1
    words, mend = only(findings)
    assert words == f"Knative {name.title()} is not installed"
    assert f"latest/download/{name}-core.yaml" in mend


@pytest.mark.parametrize(
    ("label", "state"),
    [("1.16.9", "missing"), ("v0.26.0", "missing"), ("1.17.0", "ok"), ("v1.23.1", "ok"),
     ("2.0.0", "ok"), ("devel", "unknown")],
)  # fmt: skip
def test_knative_must_be_new_enough(cluster, label, state):
    labels = cluster.object("deployments", "activator")["metadata"]["labels"]
    labels["app.kubernetes.io/version"] = label

    findings, code = doctor(cluster)

    assert code == (state == "missing")
    assert any("Knative Serving" in words and label.strip("v") in words
               for words in of_state(findings, state))  # fmt: skip


def test_a_part_of_knative_that_does_not_run_is_trouble_but_not_one_at_zero(cluster):
    cluster.object("deployments", "mt-broker-controller")["status"] = {}
    cluster.object("deployments", "pingsource-mt-adapter")

    findings, code = doctor(cluster)

    assert code == 1
    assert only(findings)[0] == "knative-eventing: mt-broker-controller does not run"


def test_a_kind_that_is_not_there_is_missing(cluster):
    cluster.kinds.remove(("sources.knative.dev/v1", "SinkBinding"))

    findings, code = doctor(cluster)

    assert code == 1
    assert any(words.startswith("SinkBinding sources.knative.dev/v1")
               for words in of_state(findings, "missing"))  # fmt: skip


def test_kinds_are_known_while_another_api_server_is_down(cluster):
    cluster.refused["api-resources"] = "metrics.k8s.io/v1beta1: stale GroupVersion discovery"

    _, code = doctor(cluster)

    assert code == 0


@pytest.mark.parametrize("told", ["ingress-class", "ingress.class"])
def test_a_network_layer_that_is_not_the_one_asked_for(cluster, told):
    config = cluster.config["config-network"]["data"]
    del config["ingress-class"]
    config[told] = "contour.ingress.networking.knative.dev"

    findings, code = doctor(cluster)

    assert code == 1
    words, mend = only(findings)
    assert words == "Knative is told to use contour, but the network layer here is kourier"
    assert '{"ingress-class":"kourier.ingress.networking.knative.dev"}' in mend


def test_no_network_layer(cluster):
    cluster.remove("deployments", "net-kourier-controller")

    findings, code = doctor(cluster)

    assert code == 1
    assert "net-kourier/releases" in only(findings)[1]


def test_brokers_need_their_channel(cluster):
    cluster.kinds.remove(("messaging.knative.dev/v1", "InMemoryChannel"))

    findings, code = doctor(cluster)

    assert code == 1
    words, mend = only(findings)
    assert words == "Brokers are made of InMemoryChannel channels, which are not here"
    assert "in-memory-channel.yaml" in mend


@pytest.mark.parametrize("mode", [{}, {"mesh-compatibility-mode": "auto"}])
def test_without_a_mesh_knative_should_not_look_for_one(cluster, mode):
    config = cluster.config["config-network"]["data"]
    del config["mesh-compatibility-mode"]
    config |= mode

    findings, code = doctor(cluster)

    words, mend = only(findings)
    assert code == 0
    assert words.startswith("no service mesh, but mesh-compatibility-mode is auto")
    assert '{"mesh-compatibility-mode":"disabled"}' in mend
    assert "rollout restart deploy/activator -n knative-serving" in mend


def test_with_a_mesh_it_stays_as_it_is(cluster):
    del cluster.config["config-network"]["data"]["mesh-compatibility-mode"]
    labels = cluster.object("namespaces", "knative-serving")["metadata"]["labels"]
    labels["istio-injection"] = "enabled"

    findings, _ = doctor(cluster)

    assert "mesh-compatibility-mode: auto" in of_state(findings, "ok")


def test_tdx_needs_only_what_is_off(cluster):
    cluster.config["config-features"]["data"] = {CLASSES: "Enabled"}
    findings, _ = doctor(cluster)
    needed = of_state(findings, "optional")

    words = "tdx needs config-features: kubernetes.podspec-nodeselector"
    assert needed[words].endswith('{"data":{"kubernetes.podspec-nodeselector":"enabled"}}\'')
    assert "tdx needs RuntimeClass kata-qemu-tdx" in needed

    cluster.objects["runtimeclasses"] = [{"metadata": {"name": "kata-qemu-tdx"}}]
    findings, _ = doctor(cluster)
    assert "tdx: RuntimeClass kata-qemu-tdx" in of_state(findings, "ok")


def test_what_one_may_not_look_at_is_unknown_and_the_rest_is_told(cluster):
    whole, _ = doctor(cluster)
    cluster.refused["get nodes"] = "Error from server (Forbidden): nodes is forbidden"

    findings, code = doctor(cluster)

    assert code == 0
    assert list(of_state(findings, "unknown")) == [
        "kubectl get nodes: Error from server (Forbidden): nodes is forbidden"
    ]
    assert len(findings) == len(whole)
