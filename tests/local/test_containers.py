import sys
from pathlib import Path

import pytest

from cnap.local.containers import Library, Liveness, container
from cnap.local.manifests import ManifestError, Resource


def resource(kind, name, **body):
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **body}
    return Resource(kind, name, "cnap", body, Path("x.yaml"))


def made(given=None, image="ghcr.io/some/cnap:1.2@sha256:00", **spec):
    library = Library()
    library.add(resource("ConfigMap", "settings", data={"LEVEL": "info", "WORKERS": 2}))
    library.add(resource("Secret", "keys", data={"KEY": "czNjcmV0"}, stringData={"ID": "me"}))
    pod = {"containers": [{"image": image, **spec}]}
    return container(resource("Service", "fn"), pod, "spec", library, given or {})


def key(kind, name, key, **more):
    return {"name": "A", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key, **more}}}


@pytest.mark.parametrize(
    ("spec", "argv"),
    [
        ({}, (sys.executable, "-m", "cnap.runner")),
        ({"args": ["-v"]}, (sys.executable, "-m", "cnap.runner", "-v")),
        ({"command": ["python3"], "args": ["x.py"]}, (sys.executable, "x.py")),
        ({"command": ["/bin/sh", "$(A) $$(A) $(B)"]}, ("/bin/sh", "1 $(A) $(B)")),
    ],
)
def test_command_line(spec, argv):
    assert made({"A": "1"}, **spec).argv == argv


def test_environment():
    made_env = made(
        {"GIVEN": "yes", "LEVEL": "debug"},
        envFrom=[
            {"configMapRef": {"name": "settings"}},
            {"prefix": "S_", "secretRef": {"name": "keys"}},
            {"configMapRef": {"name": "none", "optional": True}},
        ],
        env=[
            {"name": "ID", "value": "$(S_ID)@$(WORKERS)"},
            {"name": "EMPTY"},
            key("secret", "keys", "KEY"),
        ],
    ).env
    assert made_env == {
        "LEVEL": "debug",
        "WORKERS": "2",
        "S_KEY": "s3cret",
        "S_ID": "me",
        "GIVEN": "yes",
        "ID": "me@2",
        "EMPTY": "",
        "A": "s3cret",
    }


@pytest.mark.parametrize(
    "item",
    [key("configMap", "settings", "NONE"), key("configMap", "none", "A"), key("secret", "s", "A")],
)
def test_a_key_that_is_not_there(item):
    with pytest.raises(ManifestError, match=r"spec.containers\[0\].env\[0\].*no key"):
        made(env=[item])
    assert made({"A": "given"}, env=[item]).env["A"] == "given"


def test_an_optional_key_is_left_out():
    assert "A" not in made(env=[key("secret", "none", "A", optional=True)]).env


def test_a_whole_map_that_is_not_there():
    with pytest.raises(ManifestError, match=r"envFrom\[0\].configMapRef: no configMap 'none'"):
        made(envFrom=[{"configMapRef": {"name": "none"}}])


@pytest.mark.parametrize("image", ["redis:7", "cnap/redis", "localhost:5000/other", ""])
def test_only_the_projects_image_runs(image):
    with pytest.raises(ManifestError, match="only the project's own image"):
        made(image=image)


@pytest.mark.parametrize("image", ["cnap", "cnap:1", "localhost:5000/x/cnap", "cnap@sha256:00"])
def test_any_name_of_the_projects_image(image):
    assert made(image=image).argv


def mounting(**secret):
    pod = {
        "containers": [{"image": "cnap"}],
        "volumes": [{"name": "secret", "secret": secret}, {"name": "tmp", "emptyDir": {}}],
    }
    library = Library()
    library.add(resource("Secret", "keys", stringData={"ID": "me"}))
    return container(resource("Deployment", "d"), pod, "spec", library, {})


def test_a_secret_that_need_not_be_there_is_not_mounted():
    assert mounting(secretName="none", optional=True).argv


@pytest.mark.parametrize(
    "secret", [{"secretName": "none"}, {"secretName": "keys", "optional": True}]
)
def test_a_secret_s_files_that_are_needed_are_refused(secret):
    with pytest.raises(ManifestError, match=r"spec.volumes\[0\].secret: .*can't be had as files"):
        mounting(**secret)


def test_probes():
    probe = {"httpGet": {"path": "/live"}, "periodSeconds": 5, "failureThreshold": 2}
    with_probes = made(livenessProbe=probe, readinessProbe={"httpGet": {"path": "/ready"}})
    assert with_probes.readiness == "/ready"
    assert with_probes.liveness == Liveness("/live", period=5, timeout=1, failures=2)
    assert made().liveness is None
