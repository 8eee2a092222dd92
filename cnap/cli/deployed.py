"""`cnap doctor --cluster`: the pipeline that is deployed in a namespace."""

from collections.abc import Iterator

from cnap import cameras, models
from cnap.cli.finding import Finding, found
from cnap.cli.kubectl import Object, items, kubectl, one, settings
from cnap.source.triggers import unserved

KINDS = {
    "services.serving.knative.dev": "functions and the page",
    "brokers.eventing.knative.dev": "Broker",
    "triggers.eventing.knative.dev": "Triggers",
    "sinkbindings.sources.knative.dev": "SinkBinding",
}
ENFORCE = "pod-security.kubernetes.io/enforce"
STARTING = ("ContainerCreating", "PodInitializing")
SECRETS = {
    "cnap": "passwords of the store and Redis",
    "cnap-control": "the token that the page asks for",
}


def deployed(namespace: str) -> Iterator[Finding]:
    """Whether each part in the namespace is there and ready, or the reason why not."""
    space = one("namespace", namespace)
    if space is None:
        mend = "kubectl apply -k knative/overlays/quickstart"
        yield Finding("optional", f"no pipeline: there is no namespace {namespace}", mend)
        return
    yield _security(space)
    checks = [lambda kind=kind: _ready(kind, namespace) for kind in KINDS]
    checks += [
        lambda: _deployments(namespace),
        lambda: _pods(namespace),
        lambda: _secrets(namespace),
        lambda: _cameras(namespace),
    ]
    yield from found(checks)


def _security(space: Object) -> Finding:
    name = space["metadata"]["name"]
    level = space["metadata"].get("labels", {}).get(ENFORCE)
    if level == "restricted":
        return Finding("ok", f"{name}: Pod Security {level}")
    words = (
        f"{name}: Pod Security is {level or 'not enforced'}; every pod of ours may be restricted"
    )
    return Finding("advice", words, f"kubectl label --overwrite ns {name} {ENFORCE}=restricted")


def _ready(kind: str, namespace: str) -> Iterator[Finding]:
    objects = items(kind, "-n", namespace)
    if not objects:
        mend = "kubectl apply -k knative/overlays/quickstart"
        yield Finding("missing", f"{namespace}: {KINDS[kind]}", mend)
    reasons = {each["metadata"]["name"]: _unready(each) for each in objects}
    well = [name for name, reason in reasons.items() if not reason]
    if well:
        yield Finding("ok", f"{KINDS[kind]}: {', '.join(well)}")
    for name, reason in reasons.items():
        if reason:
            mend = f"kubectl describe {kind} {name} -n {namespace}"
            yield Finding("trouble", f"{kind.partition('s.')[0]} {name}: {reason}", mend)


def _unready(each: Object) -> str:
    """Why an object is not ready; empty if it is."""
    status = each.get("status", {})
    ready = {"status": "Unknown"}
    for condition in status.get("conditions", ()):
        if condition["type"] == "Ready":
            ready = condition
    if status.get("observedGeneration", 0) < each["metadata"].get("generation", 0):
        return "Knative has not looked at it yet"
    if ready["status"] == "True":
        return ""
    return ": ".join(ready[n] for n in ("reason", "message") if ready.get(n)) or "not ready yet"


def _deployments(namespace: str) -> Iterator[Finding]:
    objects = items("deployments", "-n", namespace, "-l", "!serving.knative.dev/service")
    well = []
    for each in objects:
        name, wanted = each["metadata"]["name"], each["spec"].get("replicas", 1)
        if each["status"].get("availableReplicas", 0) < wanted:
            mend = f"kubectl describe deploy {name} -n {namespace}"
            yield Finding("trouble", f"{name}: no pod of it is ready", mend)
        else:
            well.append(name)
    if well:
        yield Finding("ok", f"Deployments: {', '.join(well)}")


def _pods(namespace: str) -> Iterator[Finding]:
    """What a pod waits for is said only by the pod: an image, a Secret."""
    for pod in items("pods", "-n", namespace):
        name, status = pod["metadata"]["name"], pod.get("status", {})
        containers = [
            *status.get("initContainerStatuses", ()),
            *status.get("containerStatuses", ()),
        ]
        waiting = [each["state"].get("waiting") or {} for each in containers]
        troubles = [
            condition.get("message", "")
            for condition in status.get("conditions", ())
            if condition.get("reason") == "Unschedulable"
        ]
        troubles += [
            f"{each['reason']}: {each.get('message', '')}"
            for each in waiting
            if each.get("reason", STARTING[0]) not in STARTING
        ]
        if troubles:
            mend = f"kubectl describe pod {name} -n {namespace}"
            yield Finding("trouble", f"pod {name}: {troubles[0]}", mend)


def _secrets(namespace: str) -> Iterator[Finding]:
    """By name only: what is in them is nobody's business."""
    said = kubectl("get", "secrets", *SECRETS, "-n", namespace, "--ignore-not-found", "-o", "name")
    here = {line.partition("/")[2] for line in said.split()}
    if well := [name for name in SECRETS if name in here]:
        yield Finding("ok", f"Secrets: {', '.join(well)}")
    for name in SECRETS.keys() - here:
        mend = (
            f"kubectl logs job/credentials -n {namespace}, which makes it; apply the overlay again "
            "if that Job is gone"
        )
        yield Finding("missing", f"Secret {name}: {SECRETS[name]}", mend)


def _cameras(namespace: str) -> Iterator[Finding]:
    text = settings(cameras.CONFIG_MAP, namespace).get(cameras.KEY, cameras.NONE)
    edit = f"kubectl edit configmap {cameras.CONFIG_MAP} -n {namespace}"
    try:
        wanted = cameras.parse(text)
    except cameras.CameraError as error:
        yield Finding("trouble", str(error), edit)
        return
    names = sorted({model for camera in wanted for model in camera.models})
    lacking = unserved(names, items("triggers.eventing.knative.dev", "-n", namespace))
    well = [camera.name for camera in wanted if not lacking.keys() & set(camera.models)]
    if well or not wanted:
        served = f" (models: {', '.join(n for n in names if n not in lacking)})" if names else ""
        yield Finding("ok", f"cameras: {', '.join(well) or 'none'}{served}")
    for model, why in lacking.items():
        askers = ", ".join(camera.name for camera in wanted if model in camera.models)
        known = model in models.names()
        mend = f"cnap models --yaml {model} | kubectl apply -n {namespace} -f -" if known else edit
        yield Finding("trouble", f"camera {askers} wants {model}: {why}", mend)
