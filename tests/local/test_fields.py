from pathlib import Path

import pytest

from cnap.local import fields
from cnap.local.manifests import Resource


def problems(api_version, kind, **body):
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **body}
    resource = Resource(kind, "x", "cnap", body, Path("some.yaml"))
    return list(fields.problems(resource))


def test_a_kind_that_is_not_run_here():
    (problem,) = problems("v1", "Pod", spec={})
    assert problem.startswith("some.yaml: Pod/x: kind: v1 is not run here")
    (problem,) = problems("example.com/v1", "Service", spec={})
    assert "Service/x" in problem


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"volumes": [{"configMap": {"name": "a"}}]}, "volumes[0].configMap"),
        ({"initContainers": []}, "initContainers"),
        ({"containers": [{"image": "cnap", "workingDir": "/"}]}, "containers[0].workingDir"),
        (
            {"containers": [{"env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]}]},
            "containers[0].env[0].valueFrom.fieldRef",
        ),
        ({"containers": [{"readinessProbe": {"exec": {}}}]}, "containers[0].readinessProbe.exec"),
        ({"containers": {}}, "containers"),
    ],
)
def test_a_field_that_is_not_supported_is_named_with_its_path(spec, path):
    (problem,) = problems("serving.knative.dev/v1", "Service", spec={"template": {"spec": spec}})
    assert problem.startswith(f"some.yaml: Service/x: spec.template.spec.{path}: ")


def test_annotations_of_the_autoscaler_are_supported_or_named():
    annotations = {
        "autoscaling.knative.dev/window": "10s",
        "autoscaling.knative.dev/bogus": "1",
        "prometheus.io/scrape": "true",
    }
    template = {"metadata": {"annotations": annotations}}
    (problem,) = problems("serving.knative.dev/v1", "Service", spec={"template": template})
    assert "annotations.autoscaling.knative.dev/bogus: not supported" in problem


def test_what_has_no_meaning_here_is_accepted():
    container = {"image": "cnap", "resources": {"limits": {"cpu": "1"}}, "securityContext": {}}
    pod = {"containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}]}
    assert not problems("serving.knative.dev/v1", "Service", spec={"template": {"spec": pod}})
    assert not problems("v1", "ServiceAccount", secrets=[])
    assert not problems("rbac.authorization.k8s.io/v1", "Role", rules=[{"verbs": ["get"]}])


def test_the_documentation_lists_what_is_ignored():
    page = (Path(__file__).parents[2] / "docs" / "local.md").read_text()
    for path in fields.ignored():
        assert path.rpartition(".")[2] in page, path
