"""Clusters that are told of by a kubectl of our own: a script on the PATH, and a file."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cnap.cli import cli
from cnap.cli.kubectl import kubectl
from tests.rendered import by_kind, overlay

CLASSES = "kubernetes.podspec-runtimeclassname"
VERSION = "app.kubernetes.io/version"
PROVIDER = "networking.knative.dev/ingress-provider"
KUBECTL = """\
#!{python} -SI
import json, os, sys
here = os.path.dirname(__file__)
words = [word for word in sys.argv[1:] if not word.startswith("--request-timeout")]
with open(here + "/asked", "a") as asked:
    print(*words, file=asked)
told = json.load(open(here + "/cluster.json"))
refused = [why for what, why in told["refused"].items() if " ".join(words).startswith(what)]
if refused and words[0] != "api-resources":
    sys.exit(refused[0])
if words[0] == "version":
    print(json.dumps(told["version"]))
elif words[0] == "config":
    print("https://10.0.0.1:6443")
elif words[0] == "api-resources":
    for version, kind in told["kinds"]:
        print("names", "short", version, "true", kind)
    sys.exit(refused[0] if refused else 0)
else:
    _, kind, *names = words
    options = [n for n, word in enumerate(names) if word.startswith("-")]
    names, options = names[:options[0]], names[options[0]:]
    option = dict(zip(options, options[1:]))
    found = [
        one for one in told["objects"].get(kind, ())
        if one["metadata"].get("namespace") == option.get("-n", one["metadata"].get("namespace"))
        and (not names or one["metadata"]["name"] in names)
    ]
    label = option.get("-l", "").partition("=")[0]
    if label.startswith("!"):
        found = [one for one in found if label[1:] not in one["metadata"].get("labels", {{}})]
    elif label:
        found = [one for one in found if label in one["metadata"].get("labels", {{}})]
    if option.get("-o") == "name":
        print(*(kind.removesuffix("s") + "/" + one["metadata"]["name"] for one in found), sep="\\n")
    elif not names:
        print(json.dumps({{"kind": "List", "items": found}}))
    elif found:
        print(json.dumps(found[0]))
"""


class Cluster:
    """Its objects by kubectl's words for their kinds; tests change them before they ask."""

    def __init__(self, place: Path, objects: dict[str, list[Any]]) -> None:
        self._place = place
        self.objects = objects
        self.config = {one["metadata"]["name"]: one for one in objects["configmap"]}
        self.refused: dict[str, str] = {}
        """What kubectl is not told, by how the question begins, and what it says instead."""
        self.kinds = [
            ("v1", "Pod"),
            ("batch/v1", "CronJob"),
            ("serving.knative.dev/v1", "Service"),
            ("eventing.knative.dev/v1", "Broker"),
            ("eventing.knative.dev/v1", "Trigger"),
            ("sources.knative.dev/v1", "SinkBinding"),
            ("messaging.knative.dev/v1", "InMemoryChannel"),
        ]

    def object(self, kind: str, name: str) -> Any:
        return next(one for one in self.objects[kind] if one["metadata"]["name"] == name)

    def remove(self, kind: str, name: str) -> None:
        self.objects[kind].remove(self.object(kind, name))

    def environment(self) -> dict[str, str]:
        """The environment of a command that is to ask this cluster."""
        told = {
            "version": {"serverVersion": {"gitVersion": "v1.31.2"}},
            "kinds": self.kinds,
            "refused": self.refused,
            "objects": self.objects
            | {"configmap": list(self.config.values()), "namespace": self.objects["namespaces"]},
        }
        (self._place / "cluster.json").write_text(json.dumps(told))
        script = self._place / "kubectl"
        script.write_text(KUBECTL.format(python=sys.executable))
        script.chmod(0o755)
        return os.environ | {"PATH": f"{self._place}:/usr/bin:/bin"}

    def asked(self) -> list[str]:
        return (self._place / "asked").read_text().splitlines()


def doctor(cluster: Cluster, *words: str) -> tuple[list[dict[str, str]], int]:
    """Its findings and exit code."""
    kubectl.cache_clear()
    said = CliRunner().invoke(
        cli, ["doctor", "--cluster", "--json", *words], env=cluster.environment()
    )
    assert said.output, said.exception
    return json.loads(said.output), said.exit_code


def of_state(findings: list[dict[str, str]], *states: str) -> dict[str, str]:
    """What findings of some states say, each with how to mend it."""
    return {each["words"]: each["mend"] for each in findings if each["state"] in states}


def only(findings: list[dict[str, str]]) -> tuple[str, str]:
    """The one finding that is not well, beside what overlays need."""
    ((words, mend),) = of_state(findings, "missing", "trouble", "advice", "unknown").items()
    return words, mend


def _named(name: str, namespace: str | None = None, **more: Any) -> dict[str, Any]:
    """An object; `labels` go where they belong."""
    metadata = {"name": name, "labels": more.pop("labels", {})}
    return {"metadata": metadata | ({"namespace": namespace} if namespace else {})} | more


def _deployment(name: str, namespace: str, replicas: int = 1, **more: Any) -> dict[str, Any]:
    status = {"availableReplicas": replicas} if replicas else {}
    return _named(name, namespace, spec={"replicas": replicas}, status=status, **more)


def condition(status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    told = {"type": "Ready", "status": status, "reason": reason, "message": message}
    return {"conditions": [{"type": "Other", "status": "Unknown"}, told]}


def knative() -> dict[str, list[Any]]:
    """What Knative is made of, as `kubectl get -o json` tells of a real one, in short."""
    labels = {VERSION: "1.17.0"}
    serving, eventing = "knative-serving", "knative-eventing"
    return {
        "namespaces": [_named(serving), _named(eventing)],
        "deployments": [
            _deployment("activator", serving, labels=dict(labels)),
            _deployment("controller", serving, labels=dict(labels)),
            _deployment("net-kourier-controller", serving, labels={PROVIDER: "kourier"}),
            _deployment("eventing-controller", eventing, labels=dict(labels)),
            _deployment("mt-broker-controller", eventing),
            _deployment("pingsource-mt-adapter", eventing, 0),
        ],
        "configmap": [
            _named("config-features", serving),
            _named("config-domain", serving, data={"_example": "…", "example.com": ""}),
            _named("config-network", serving, data={
                "ingress-class": "kourier.ingress.networking.knative.dev",
                "mesh-compatibility-mode": "disabled"}),
            _named("config-br-defaults", eventing, data={"default-br-config": json.dumps(
                {"clusterDefault": {"brokerClass": "MTChannelBasedBroker", "kind": "ConfigMap",
                 "name": "config-br-default-channel", "namespace": eventing}})}),
            _named("config-br-default-channel", eventing, data={"channel-template-spec": json.dumps(
                {"apiVersion": "messaging.knative.dev/v1", "kind": "InMemoryChannel"})}),
        ],
    }  # fmt: skip


def deployed(namespace: str) -> dict[str, list[Any]]:
    """What is there with the quickstart: its own objects, ready."""
    objects, before = overlay("quickstart"), knative()
    kinds = {
        "services.serving.knative.dev": ("Service", "serving.knative.dev"),
        "brokers.eventing.knative.dev": ("Broker", ""),
        "triggers.eventing.knative.dev": ("Trigger", ""),
        "sinkbindings.sources.knative.dev": ("SinkBinding", ""),
    }
    own = {
        word: [one | {"status": condition("True")} for one in by_kind(objects, *kind).values()]
        for word, kind in kinds.items()
    }
    names = by_kind(objects, "Deployment")
    here = by_kind(objects, "Namespace")[namespace]
    whole = own | {
        "namespaces": [*before["namespaces"], here],
        "deployments": before["deployments"] + [_deployment(name, namespace) for name in names],
        "configmap": before["configmap"] + [by_kind(objects, "ConfigMap")["cameras"]],
        "secrets": [_named(name, namespace) for name in ("cnap", "cnap-control")],
        "pods": [],
    }
    return json.loads(json.dumps(whole))  # the overlay is shared between tests
