"""Asking a cluster through kubectl, which knows how to reach it."""

import json
import subprocess
from functools import cache
from typing import Any

from cnap.errors import CnapError

TIMEOUT = "--request-timeout=10s"

Object = dict[str, Any]


class KubectlError(CnapError):
    """kubectl is missing, or what it said of a cluster that does not answer or may not be asked."""


def ask(*words: str, partly: bool = False) -> str:
    """What kubectl prints. `partly`: some of it is enough."""
    try:
        done = subprocess.run(  # noqa: S603 (our own words)
            ["kubectl", TIMEOUT, *words],  # noqa: S607 (whichever the person has)
            capture_output=True,
            text=True,
            timeout=30,
        )
    except FileNotFoundError:
        raise KubectlError(
            "kubectl is not on this machine; see https://kubernetes.io/docs/tasks/tools"
        ) from None
    except subprocess.TimeoutExpired:
        raise KubectlError("the cluster did not answer kubectl within 30 s") from None
    if done.returncode and not (partly and done.stdout):
        *_, said = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise KubectlError(f"kubectl {' '.join(words[:2])}: {said}")
    return done.stdout


@cache
def kubectl(*words: str, partly: bool = False) -> str:
    """The same; each question is asked once."""
    return ask(*words, partly=partly)


def items(kind: str, *words: str) -> list[Object]:
    """The objects of a kind; `words` are a namespace, a selector."""
    return json.loads(kubectl("get", kind, *words, "-o", "json"))["items"]


def one(kind: str, name: str, *words: str) -> Object | None:
    """One object by its name, if it is there."""
    found = kubectl("get", kind, name, *words, "--ignore-not-found", "-o", "json")
    return json.loads(found) if found.strip() else None


def settings(name: str, namespace: str) -> dict[str, str]:
    """A ConfigMap's data; of one that is not there, none."""
    return (one("configmap", name, "-n", namespace) or {}).get("data") or {}


def kinds() -> set[tuple[str, str]]:
    """What the cluster knows, as (apiVersion, kind), even while one of its API servers is down."""
    lines = kubectl("api-resources", "--no-headers", partly=True).splitlines()
    return {(words[-3], words[-1]) for line in lines if len(words := line.split()) > 3}
