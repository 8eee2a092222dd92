"""Which kinds and fields of the YAML mean something here, and which are accepted without."""

from typing import Any

USED = "used"
IGNORED = "ignored"  # meaningless on one machine

# A dict is an object with these fields, a list of one schema is a list of such objects, and a
# field name that ends in "*" stands for all names that begin so; None refuses what it stands for.
Schema = str | dict[str, Any] | list[Any]

_REF: Schema = {"apiVersion": USED, "kind": USED, "name": USED, "namespace": USED}
_DESTINATION: Schema = {"ref": _REF, "uri": USED}
_DELIVERY: Schema = {
    "retry": USED,
    "backoffPolicy": USED,
    "backoffDelay": USED,
    "timeout": USED,
    "deadLetterSink": _DESTINATION,
}
_METADATA: Schema = {
    "name": USED,
    "namespace": USED,
    "labels": IGNORED,
    "annotations": IGNORED,
    "creationTimestamp": IGNORED,
}
_KEY: Schema = {"name": USED, "key": USED, "optional": USED}
_SOURCE: Schema = {"name": USED, "optional": USED}
_HTTP_GET: Schema = {"path": USED, "port": IGNORED, "scheme": IGNORED}
_TUNING: dict[str, Schema] = {
    "initialDelaySeconds": IGNORED,
    "successThreshold": IGNORED,
    "terminationGracePeriodSeconds": IGNORED,
}
_READINESS: Schema = {
    "httpGet": _HTTP_GET,
    "tcpSocket": IGNORED,  # a port that accepts is asked for anyway
    "periodSeconds": IGNORED,
    "timeoutSeconds": IGNORED,
    "failureThreshold": IGNORED,
    **_TUNING,
}
_LIVENESS: Schema = {
    "httpGet": _HTTP_GET,
    "periodSeconds": USED,
    "timeoutSeconds": USED,
    "failureThreshold": USED,
    **_TUNING,
}
_CONTAINER: dict[str, Schema] = {
    "name": IGNORED,
    "image": USED,
    "imagePullPolicy": IGNORED,
    "command": USED,
    "args": USED,
    "env": [
        {
            "name": USED,
            "value": USED,
            "valueFrom": {"configMapKeyRef": _KEY, "secretKeyRef": _KEY},
        }
    ],
    "envFrom": [{"prefix": USED, "configMapRef": _SOURCE, "secretRef": _SOURCE}],
    "ports": IGNORED,  # PORT says which
    "resources": IGNORED,
    "securityContext": IGNORED,
    "readinessProbe": _READINESS,
    "startupProbe": IGNORED,
    "terminationMessagePath": IGNORED,
    "terminationMessagePolicy": IGNORED,
    "volumeMounts": IGNORED,  # of the volumes below, which are empty here
}
_SERVICE_CONTAINER: Schema = {**_CONTAINER, "livenessProbe": _LIVENESS}
_POD: dict[str, Schema] = {
    "containers": [_CONTAINER],
    "serviceAccountName": USED,
    "automountServiceAccountToken": IGNORED,
    "enableServiceLinks": IGNORED,
    "securityContext": IGNORED,
    "imagePullSecrets": IGNORED,
    "nodeSelector": IGNORED,
    "affinity": IGNORED,
    "tolerations": IGNORED,
    "topologySpreadConstraints": IGNORED,
    "runtimeClassName": IGNORED,
    "priorityClassName": IGNORED,
    "terminationGracePeriodSeconds": IGNORED,
    "restartPolicy": IGNORED,
    "volumes": [
        {
            "name": IGNORED,
            "emptyDir": IGNORED,
            "secret": {"secretName": USED, "optional": USED, "defaultMode": IGNORED},
        }
    ],
}
_AUTOSCALING = "autoscaling.knative.dev/"
_SERVICE_ANNOTATIONS: Schema = {
    **{
        f"{_AUTOSCALING}{name}": USED
        for name in (
            "class",
            "metric",
            "min-scale",
            "max-scale",
            "initial-scale",
            "activation-scale",
            "target",
            "target-utilization-percentage",
            "window",
            "panic-window-percentage",
            "panic-threshold-percentage",
            "scale-down-delay",
            "scale-to-zero-pod-retention-period",
        )
    },
    f"{_AUTOSCALING}target-burst-capacity": IGNORED,  # the activator is always in the path
    f"{_AUTOSCALING}*": None,
    "serving.knative.dev/progress-deadline": USED,
    "serving.knative.dev/progressDeadline": None,
    "*": IGNORED,
}
_SINK: dict[str, Schema] = {"sink": _DESTINATION, "ceOverrides": {"extensions": USED}}
_NO_MEANING: Schema = {"*": IGNORED}
_TEMPLATE: Schema = {"metadata": {**_METADATA, "name": IGNORED}, "spec": _POD}

KINDS: dict[tuple[str, str], Schema] = {
    ("eventing.knative.dev", "Broker"): {
        "metadata": _METADATA,
        "spec": {"config": IGNORED, "delivery": _DELIVERY},
    },
    ("eventing.knative.dev", "Trigger"): {
        "metadata": _METADATA,
        "spec": {
            "broker": USED,
            "filter": {"attributes": USED},
            "filters": USED,
            "subscriber": _DESTINATION,
            "delivery": _DELIVERY,
        },
    },
    ("serving.knative.dev", "Service"): {
        "metadata": {**_METADATA, "labels": USED},
        "spec": {
            "template": {
                "metadata": {**_METADATA, "annotations": _SERVICE_ANNOTATIONS},
                "spec": {
                    **_POD,
                    "containers": [_SERVICE_CONTAINER],
                    "containerConcurrency": USED,
                    "timeoutSeconds": USED,
                },
            },
            "traffic": IGNORED,  # there is one revision: the YAML's
        },
    },
    ("sources.knative.dev", "ContainerSource"): {
        "metadata": _METADATA,
        "spec": {"template": _TEMPLATE, **_SINK},
    },
    ("sources.knative.dev", "SinkBinding"): {
        "metadata": _METADATA,
        "spec": {"subject": _REF, **_SINK},
    },
    ("sources.knative.dev", "PingSource"): {
        "metadata": _METADATA,
        "spec": {
            "schedule": USED,
            "timezone": USED,
            "contentType": USED,
            "data": USED,
            "dataBase64": USED,
            **_SINK,
        },
    },
    ("apps", "Deployment"): {
        "metadata": _METADATA,
        "spec": {
            "replicas": USED,
            "selector": IGNORED,
            "strategy": IGNORED,
            "revisionHistoryLimit": IGNORED,
            "progressDeadlineSeconds": IGNORED,
            "minReadySeconds": IGNORED,
            "template": _TEMPLATE,
        },
    },
    ("", "ConfigMap"): {"metadata": _METADATA, "data": USED, "immutable": IGNORED},
    ("", "Secret"): {
        "metadata": _METADATA,
        "data": USED,
        "stringData": USED,
        "type": IGNORED,
        "immutable": IGNORED,
    },
    ("", "Namespace"): _NO_MEANING,
    ("", "Service"): _NO_MEANING,  # no name is looked up here
    ("", "ServiceAccount"): _NO_MEANING,
    ("rbac.authorization.k8s.io", "Role"): _NO_MEANING,
    ("rbac.authorization.k8s.io", "RoleBinding"): _NO_MEANING,
}
