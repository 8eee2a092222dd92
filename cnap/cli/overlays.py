"""What the overlays `tdx`, `kafka` and `monitoring` need of a cluster, beyond the rest."""

from collections.abc import Iterator

from cnap.cli.finding import Check, Finding, patch
from cnap.cli.kubectl import items, kinds, settings

FEATURES = ("kubernetes.podspec-runtimeclassname", "kubernetes.podspec-nodeselector")
RUNTIME = "kata-qemu-tdx"
NODES = "intel.feature.node.kubernetes.io/tdx=true"


def _tdx() -> Iterator[Finding]:
    config = settings("config-features", "knative-serving")
    off = [name for name in FEATURES if config.get(name, "").lower() not in ("enabled", "allowed")]
    yield _need(
        "tdx",
        not off,
        f"config-features: {', '.join(off or FEATURES)}",
        patch("config-features", "knative-serving", dict.fromkeys(off, "enabled")),
    )
    classes = {one["metadata"]["name"] for one in items("runtimeclasses")}
    yield _need(
        "tdx",
        RUNTIME in classes,
        f"RuntimeClass {RUNTIME}",
        "install Kata Containers: https://github.com/kata-containers/kata-containers",
    )
    yield _need(
        "tdx",
        bool(items("nodes", "-l", NODES)),
        f"nodes labelled {NODES}",
        "install Node Feature Discovery, or: kubectl label node NAME " + NODES,
    )


def _kafka() -> Iterator[Finding]:
    names = {one["metadata"]["name"] for one in items("deployments", "-n", "knative-eventing")}
    broker = {"kafka-controller", "kafka-broker-receiver"} <= names
    yield _need(
        "kafka",
        broker,
        "Knative's Kafka Broker",
        "see https://knative.dev/docs/eventing/brokers/broker-types/kafka-broker",
    )
    yield _need(
        "kafka",
        ("keda.sh/v1alpha1", "ScaledObject") in kinds(),
        "KEDA",
        "see https://keda.sh/docs/latest/deploy",
    )
    if not broker:
        return
    flag = "controller-autoscaler-keda"
    config = settings("config-kafka-features", "knative-eventing")
    yield _need(
        "kafka",
        config.get(flag) == "enabled",
        f"config-kafka-features: {flag}",
        patch("config-kafka-features", "knative-eventing", {flag: "enabled"}),
    )


def _monitoring() -> Iterator[Finding]:
    yield _need(
        "monitoring",
        ("monitoring.coreos.com/v1", "PodMonitor") in kinds(),
        "the Prometheus operator",
        "see https://prometheus-operator.dev/docs/getting-started/installation",
    )
    flag = "request-metrics-protocol"
    config = settings("config-observability", "knative-serving")
    yield _need(
        "monitoring",
        config.get(flag) == "prometheus",
        f"config-observability: {flag} (the queue-proxies' own counts)",
        patch("config-observability", "knative-serving", {flag: "prometheus"}),
    )


def _need(overlay: str, here: bool, words: str, mend: str) -> Finding:
    if here:
        return Finding("ok", f"{overlay}: {words}")
    return Finding("optional", f"{overlay} needs {words}", mend)


OVERLAYS: tuple[Check, ...] = (_tdx, _kafka, _monitoring)
