"""`cnap doctor --cluster`: does the cluster have what the pipeline needs?"""

import json
import re
from collections.abc import Iterator

import yaml

from cnap.cli.deployed import deployed
from cnap.cli.finding import Finding, found, patch
from cnap.cli.kubectl import KubectlError, items, kinds, kubectl, one, settings
from cnap.cli.overlays import OVERLAYS

SERVING, EVENTING = "knative-serving", "knative-eventing"
OLDEST = (1, 17)
KINDS = {
    ("serving.knative.dev/v1", "Service"): SERVING,
    ("eventing.knative.dev/v1", "Broker"): EVENTING,
    ("eventing.knative.dev/v1", "Trigger"): EVENTING,
    ("sources.knative.dev/v1", "SinkBinding"): EVENTING,
    ("batch/v1", "CronJob"): "Kubernetes",
}
"""What our YAML is made of, beyond what every cluster has, and where it comes from."""
MESH = ("istio-injection", "istio.io/rev", "istio.io/dataplane-mode", "linkerd.io/inject")
RELEASES = "https://github.com/knative"
INSTALL = {
    SERVING: f"{RELEASES}/serving/releases/latest/download/serving",
    EVENTING: f"{RELEASES}/eventing/releases/latest/download/eventing",
}
KOURIER = f"{RELEASES}-extensions/net-kourier/releases/latest/download/kourier.yaml"
BROKER = [
    f"{RELEASES}/eventing/releases/latest/download/{name}.yaml"
    for name in ("in-memory-channel", "mt-channel-broker")
]


def cluster(namespace: str) -> Iterator[Finding]:
    """Looks at the cluster of the current kubeconfig, and at the pipeline in a namespace.
    Raises KubectlError where there is no kubectl, or no answer."""
    version = json.loads(kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    yield Finding("ok", f"Kubernetes {version.removeprefix('v')}{_where()}")
    yield from found(
        (
            lambda: _knative("Serving", SERVING, "activator"),
            lambda: _knative("Eventing", EVENTING, "eventing-controller"),
            _kinds,
            _network,
            _broker,
            lambda: _mesh(namespace),
            _domain,
            *OVERLAYS,
        )
    )
    yield from deployed(namespace)


def _where() -> str:
    try:
        return f" at {kubectl('config', 'view', '--minify', '-o', 'jsonpath={..server}')}"
    except KubectlError:  # inside a cluster there is no kubeconfig
        return ""


def _knative(name: str, namespace: str, part: str) -> Iterator[Finding]:
    parts = {one["metadata"]["name"]: one for one in items("deployments", "-n", namespace)}
    if part not in parts:
        crds, core = (f"kubectl apply -f {INSTALL[namespace]}-{n}.yaml" for n in ("crds", "core"))
        mend = f"{crds} && kubectl wait --for=condition=established --all crd && {core}"
        yield Finding("missing", f"Knative {name} is not installed", mend)
        return
    # as the release's own YAML and the operator label it; a build from source says "devel"
    label = parts[part]["metadata"].get("labels", {}).get("app.kubernetes.io/version", "")
    version = re.match(r"v?(\d+)\.(\d+)", label)
    if version and tuple(map(int, version.groups())) < OLDEST:
        mend = "one minor version at a time: https://knative.dev/docs/install/upgrade"
        yield Finding("missing", f"Knative {name} 1.17 or newer; this is {label}", mend)
    elif version:
        yield Finding("ok", f"Knative {name} {label.removeprefix('v')}")
    else:
        words = f"Knative {name} says it is version {label!r}; 1.17 or newer is needed"
        yield Finding("unknown", words)
    for name, one_part in parts.items():
        if one_part["spec"].get("replicas", 1) and not one_part["status"].get("availableReplicas"):
            mend = f"kubectl describe pods -n {namespace}"
            yield Finding("trouble", f"{namespace}: {name} does not run", mend)


def _kinds() -> Iterator[Finding]:
    here = kinds()
    absent = {kind: source for kind, source in KINDS.items() if kind not in here}
    for (version, kind), source in absent.items():
        mend = f"kubectl apply -f {INSTALL[source]}-crds.yaml" if source in INSTALL else ""
        yield Finding("missing", f"{kind} {version}, which comes with {source}", mend)
    if not absent:
        yield Finding("ok", f"kinds: {', '.join(kind for _, kind in KINDS)}")


def _network() -> Iterator[Finding]:
    config = settings("config-network", SERVING)
    wanted = config.get("ingress-class") or config.get("ingress.class") or "istio.ingress"
    wanted = wanted.partition(".")[0]
    label = "networking.knative.dev/ingress-provider"
    here = sorted(
        {one["metadata"]["labels"][label] for one in items("deployments", "-A", "-l", label)}
    )
    use = patch(
        "config-network",
        SERVING,
        {"ingress-class": f"{here[0] if here else 'kourier'}.ingress.networking.knative.dev"},
    )
    if wanted in here:
        yield Finding("ok", f"network layer: {wanted}")
    elif here:
        words = f"Knative is told to use {wanted}, but the network layer here is {here[0]}"
        yield Finding("missing", words, use)
    else:
        mend = f"kubectl apply -f {KOURIER} && {use}"
        yield Finding("missing", "no network layer for Knative (Kourier, Contour, Istio …)", mend)


def _broker() -> Iterator[Finding]:
    defaults = yaml.safe_load(settings("config-br-defaults", EVENTING).get("default-br-config", ""))
    usual = (defaults or {}).get("clusterDefault") or {}
    kind = usual.get("brokerClass", "MTChannelBasedBroker")
    if kind != "MTChannelBasedBroker":
        yield Finding("ok", f"Brokers are of class {kind}")
        return
    names = {one["metadata"]["name"] for one in items("deployments", "-n", EVENTING)}
    where = usual.get("namespace", EVENTING)
    config = settings(usual.get("name", "config-br-default-channel"), where)
    channel = yaml.safe_load(config.get("channel-template-spec", "")) or {}
    install = f"kubectl apply {' '.join(f'-f {address}' for address in BROKER)}"
    if "mt-broker-controller" not in names:
        yield Finding("missing", "Brokers of the default class, MTChannelBasedBroker", install)
    elif (channel.get("apiVersion"), channel.get("kind")) not in kinds():
        words = f"Brokers are made of {channel.get('kind', 'no')} channels, which are not here"
        yield Finding("missing", words, install)
    else:
        yield Finding("ok", f"Brokers are of class {kind}, over {channel['kind']}")


def _mesh(namespace: str) -> Iterator[Finding]:
    mode = settings("config-network", SERVING).get("mesh-compatibility-mode", "auto")
    facts = [(one("namespace", name) or {}).get("metadata", {}) for name in (SERVING, namespace)]
    signs = {
        name for each in facts for kind in ("labels", "annotations") for name in each.get(kind, {})
    }
    if mode == "disabled" or signs.intersection(MESH):
        yield Finding("ok", f"mesh-compatibility-mode: {mode}")
        return
    mend = patch("config-network", SERVING, {"mesh-compatibility-mode": "disabled"})
    yield Finding(
        "advice",
        f"no service mesh, but mesh-compatibility-mode is {mode}: a segment that comes while a "
        "function's last pod drains waits up to 20 s",
        f"{mend} && kubectl rollout restart deploy/activator -n {SERVING}",
    )


def _domain() -> Iterator[Finding]:
    names = [name for name in settings("config-domain", SERVING) if name != "_example"]
    public = [name for name in names if name != "svc.cluster.local"]
    if public:
        yield Finding("ok", f"the page's domain: {', '.join(public)}")
        return
    mend = patch("config-domain", SERVING, {"127.0.0.1.sslip.io": ""})
    words = "no domain: the page has no address outside the cluster (docs/knative.md, The page)"
    yield Finding("advice", words, mend)
