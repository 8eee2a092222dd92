"""The Knative Service that knative/func's deployer makes of a func.yaml on `func deploy`."""

import re

FROM = {"configMap": "configMapRef", "secret": "secretRef"}


def service(func, image):
    """`func` is a func.yaml as data; `image` what --image says."""
    deploy, options = func["deploy"], func["deploy"]["options"]
    labels = {one["key"]: one["value"] for one in deploy["labels"]}
    labels |= {"boson.dev/function": "true", "function.knative.dev/name": func["name"]}
    scale, resources = options["scale"], options["resources"]
    limits = dict(resources["limits"])
    concurrency = limits.pop("concurrency")
    annotations = {
        "autoscaling.knative.dev/min-scale": str(scale["min"]),
        "autoscaling.knative.dev/max-scale": str(scale["max"]),
        "autoscaling.knative.dev/metric": scale["metric"],
        "autoscaling.knative.dev/target": f"{scale['target']:f}",
    }
    if "utilization" in scale:
        percentage = f"{scale['utilization']:f}"
        annotations["autoscaling.knative.dev/target-utilization-percentage"] = percentage
    envs = func["run"]["envs"]
    container = {
        "image": image,
        "env": [{"name": "ADDRESS", "value": "0.0.0.0"}, *(one for one in envs if "name" in one)],
        "envFrom": [whole(one["value"]) for one in envs if "name" not in one],
        "resources": {"requests": resources["requests"], "limits": limits},
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    for probe in ("liveness", "readiness"):
        path = {"path": deploy["healthEndpoints"][probe], "port": 8080}
        container[f"{probe}Probe"] = {"httpGet": path}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": func["name"], "labels": labels},
        "spec": {
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": {"containerConcurrency": concurrency, "containers": [container]},
            }
        },
    }


def whole(value):
    """All of a ConfigMap or a Secret: '{{ configMap:NAME }}'."""
    kind, name = re.fullmatch(r"{{\s*(\w+):([\w-]+)\s*}}", value).groups()
    return {FROM[kind]: {"name": name}}
