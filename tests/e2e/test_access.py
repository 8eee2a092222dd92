"""Who may do what: without a token nothing, functions for the cluster only, nothing as root."""

from urllib.error import HTTPError

import pytest

from tests.e2e.cluster import FUNCTIONS, Cluster, kubectl, until


@pytest.mark.parametrize("token", ["", "wrong"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/status", None),
        ("GET", "/api/events", None),
        ("PATCH", "/api/cameras/street", {"paused": True}),
    ],
)
def test_without_the_token_nothing_is_told_and_nothing_done(
    cluster: Cluster, token: str, method: str, path: str, body: object
) -> None:
    with pytest.raises(HTTPError) as refused:
        cluster.open(path, token, method, body)

    assert refused.value.code == 401


def test_the_token_s_owner_pauses_and_resumes(cluster: Cluster, stream: str) -> None:
    cluster.film(stream, loop=True, framerate=5)
    until(lambda: cluster.account(stream).get("inferred"), 120, "results")
    cluster.open(f"/api/cameras/{stream}", method="PATCH", body={"paused": True})
    until(lambda: cluster.account(stream)["state"] == "paused", 10, "the pause")
    cluster.open(f"/api/cameras/{stream}", method="PATCH", body={"paused": False})
    until(lambda: cluster.account(stream)["state"] in ("live", "degraded"), 10, "the stream again")
    cluster.film()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_answer_only_inside_the_cluster(cluster: Cluster, function: str) -> None:
    (service,) = cluster.get("ksvc", f"--field-selector=metadata.name={function}")
    assert service["status"]["url"].endswith(".svc.cluster.local")

    with pytest.raises(HTTPError) as refused:
        cluster.open("/health/readiness", host=cluster.host.replace("dashboard", function, 1))
    assert refused.value.code == 404


def test_no_container_runs_as_root_or_may_become_it(cluster: Cluster) -> None:
    namespace = kubectl("get", "namespace", "cnap", "-o", "jsonpath={.metadata.labels}")
    assert '"pod-security.kubernetes.io/enforce":"restricted"' in namespace
    assert int(cluster.kubectl("exec", "deploy/cameras", "--", "id", "-u")) > 0

    for pod in cluster.get("pods"):
        for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
            allowed = container["securityContext"]
            assert allowed["allowPrivilegeEscalation"] is False
            assert allowed["capabilities"]["drop"] == ["ALL"]


def test_the_source_and_the_page_may_do_what_they_need_and_no_more(cluster: Cluster) -> None:
    def may(who: str, verb: str, what: str) -> bool:
        account = f"--as=system:serviceaccount:cnap:{who}"
        return cluster.kubectl("auth", "can-i", verb, what, account, check=False).strip() == "yes"

    for name in ("cameras", "watched"):
        assert may("cameras", "watch", f"configmaps/{name}")
        assert may("dashboard", "patch", f"configmaps/{name}")
        assert not may("cameras", "patch", f"configmaps/{name}")
    for who in ("cameras", "dashboard", "default"):
        for verb, what in (
            ("get", "secrets"),
            ("list", "configmaps"),
            ("patch", "configmaps/cnap"),
            ("create", "pods"),
            ("delete", "services.serving.knative.dev"),
        ):
            assert not may(who, verb, what), f"{who} may {verb} {what}"
