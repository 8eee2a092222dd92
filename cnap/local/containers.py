"""What a container of the YAML becomes here: a command line and an environment."""

import base64
import os
import re
import sys
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnap.local.manifests import ManifestError, Resource

IMAGE = "cnap"
ENTRYPOINT = ("python", "-m", "cnap.runner")
_REFERENCE = re.compile(r"\$(\$|\(([-._a-zA-Z][-._a-zA-Z0-9]*)\))")


@dataclass(frozen=True)
class Liveness:
    """A liveness probe: the path, and in seconds how often and how long; failures in a row."""

    path: str
    period: float = 10.0
    timeout: float = 1.0
    failures: int = 3


@dataclass(frozen=True)
class Container:
    """A command line, its environment, and how to ask whether it is ready and alive."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    account: str = "default"
    readiness: str | None = None
    liveness: Liveness | None = None
    withheld: Set[str] = frozenset()
    """Names of the runtime's own environment that it is not given; they may become more."""

    def environment(self) -> dict[str, str]:
        """All of it, with what it inherits from the runtime's own: nothing that would configure a
        function by accident."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CNAP_", "K_")) and name not in self.withheld
        }
        return {**inherited, **self.env}


@dataclass
class Library:
    """The ConfigMaps and Secrets that containers' environments refer to."""

    config_maps: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def add(self, resource: Resource) -> None:
        key = (resource.namespace, resource.name)
        if resource.kind == "ConfigMap":
            self.config_maps[key] = _texts(resource.body.get("data"))
        elif resource.kind == "Secret":
            encoded = resource.body.get("data") or {}
            data = {k: base64.b64decode(v).decode() for k, v in encoded.items()}
            self.secrets[key] = {**data, **_texts(resource.body.get("stringData"))}


def container(
    resource: Resource, pod: Mapping[str, Any], path: str, library: Library, env: Mapping[str, str]
) -> Container:
    """The one container of a pod's spec at `path`; `env` wins over what the YAML says.

    Raises ManifestError when there is not exactly one, its image is not the project's, its
    environment refers to what is not there and `env` does not give either, or it needs files of a
    Secret, which a process can't have mounted.
    """
    containers = pod.get("containers") or []
    if len(containers) != 1:
        raise ManifestError([resource.at(f"{path}.containers", "must be exactly one")])
    spec, where = containers[0], f"{path}.containers[0]"
    image = str(spec.get("image", ""))
    if image.split("@")[0].rpartition("/")[2].split(":")[0] != IMAGE:
        text = f"{image!r} cannot run here: only the project's own image, {IMAGE!r}, can"
        raise ManifestError([resource.at(f"{where}.image", text)])
    problems = list(_mounted(resource, pod, path, library))
    values: dict[str, str] = {}
    for name, value, problem in _environment(resource, spec, where, library):
        if problem and name not in env:
            problems.append(problem)
        values[name] = _expand(value, values)
    if problems:
        raise ManifestError(problems)
    values.update(env)
    command = [*(spec.get("command") or ENTRYPOINT), *(spec.get("args") or [])]
    readiness = ((spec.get("readinessProbe") or {}).get("httpGet") or {}).get("path")
    return Container(
        argv=(_program(command[0]), *(_expand(str(item), values) for item in command[1:])),
        env=values,
        account=pod.get("serviceAccountName", "default"),
        readiness=readiness,
        liveness=_liveness(spec.get("livenessProbe")),
    )


def _program(name: str) -> str:
    """What the image has on its PATH: its Python, and the scripts installed beside it."""
    if name in ("python", "python3"):
        return sys.executable
    beside = Path(sys.executable).parent / name
    return str(beside) if "/" not in name and beside.exists() else name


def _environment(
    resource: Resource, spec: Mapping[str, Any], where: str, library: Library
) -> Iterator[tuple[str, str, str | None]]:
    """Name, value, and what is wrong with it, if anything is."""
    stores = {"configMap": library.config_maps, "secret": library.secrets}
    for index, item in enumerate(spec.get("envFrom") or []):
        for kind, store in stores.items():
            ref = item.get(f"{kind}Ref")
            if not ref:
                continue
            data = store.get((resource.namespace, ref["name"]))
            if data is None and not ref.get("optional"):
                path = f"{where}.envFrom[{index}].{kind}Ref"
                raise ManifestError([resource.at(path, f"no {kind} {ref['name']!r}")])
            for name, value in (data or {}).items():
                yield item.get("prefix", "") + name, value, None
    for index, item in enumerate(spec.get("env") or []):
        sources = item.get("valueFrom") or {}
        if not sources:
            yield item["name"], str(item.get("value") or ""), None
        for kind, store in stores.items():
            ref = sources.get(f"{kind}KeyRef")
            if not ref:
                continue
            data = store.get((resource.namespace, ref["name"]), {})
            if ref["key"] in data:
                yield item["name"], data[ref["key"]], None
            elif not ref.get("optional"):
                path = f"{where}.env[{index}].valueFrom.{kind}KeyRef"
                text = f"no key {ref['key']!r} in a {kind} {ref['name']!r}"
                yield item["name"], "", resource.at(path, text)


def _mounted(
    resource: Resource, pod: Mapping[str, Any], path: str, library: Library
) -> Iterator[str]:
    for index, volume in enumerate(pod.get("volumes") or []):
        if secret := volume.get("secret"):
            name = secret.get("secretName", "")
            if not secret.get("optional") or (resource.namespace, name) in library.secrets:
                text = f"the Secret {name!r} can't be had as files here, only as environment"
                yield resource.at(f"{path}.volumes[{index}].secret", text)


def _expand(text: str, values: Mapping[str, str]) -> str:
    """Kubernetes' $(NAME); $$ is a dollar sign, and a name that is not set stays as it is."""

    def replace(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return values.get(match[2], match[0])

    return _REFERENCE.sub(replace, text)


def _liveness(probe: Mapping[str, Any] | None) -> Liveness | None:
    if not probe or "httpGet" not in probe:
        return None
    return Liveness(
        path=probe["httpGet"].get("path", "/"),
        period=float(probe.get("periodSeconds", 10)),
        timeout=float(probe.get("timeoutSeconds", 1)),
        failures=int(probe.get("failureThreshold", 3)),
    )


def _texts(data: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (data or {}).items()}
