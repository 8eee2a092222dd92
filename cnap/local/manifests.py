"""Reads the YAML that goes to the cluster: files, directories, and kustomizations."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")
KUSTOMIZE_USED = {"resources", "configMapGenerator", "generatorOptions", "namespace"}
# `images` only renames what runs from the project's image anyway; labels select nothing here.
KUSTOMIZE_IGNORED = {
    "apiVersion",
    "kind",
    "metadata",
    "images",
    "labels",
    "commonLabels",
    "commonAnnotations",
}


class ManifestError(ValueError):
    """What the YAML asks for that cannot run here; `problems` has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Resource:
    """One object of the YAML, with the file it came from."""

    kind: str
    name: str
    namespace: str
    body: dict[str, Any]
    file: Path

    @property
    def api_version(self) -> str:
        return self.body.get("apiVersion", "")

    @property
    def spec(self) -> dict[str, Any]:
        return self.body.get("spec") or {}

    @property
    def metadata(self) -> dict[str, Any]:
        return self.body["metadata"]

    def at(self, path: str, text: str) -> str:
        """A problem with one field, for people."""
        return f"{self.file}: {self.kind}/{self.name}: {path}: {text}"


def load(paths: Iterable[Path], namespace: str) -> list[Resource]:
    """All objects of files, directories and kustomizations; those that name no namespace are
    in `namespace`. Raises ManifestError."""
    problems: list[str] = []
    resources: list[Resource] = []
    seen: dict[tuple[str, ...], Path] = {}
    for path in paths:
        for resource in _read(path, namespace, problems):
            identity = (resource.api_version, resource.kind, resource.namespace, resource.name)
            if identity in seen:
                problems.append(resource.at("metadata.name", f"also in {seen[identity]}"))
            seen[identity] = resource.file
            resources.append(resource)
    if problems:
        raise ManifestError(problems)
    return resources


def _read(path: Path, namespace: str, problems: list[str]) -> Iterator[Resource]:
    if path.is_dir():
        kustomization = next(
            (path / name for name in KUSTOMIZATION if (path / name).exists()), None
        )
        if kustomization:
            yield from _kustomization(kustomization, namespace, problems)
        else:
            for file in sorted([*path.glob("*.yaml"), *path.glob("*.yml")]):
                yield from _documents(file, namespace, problems)
    elif path.is_file():
        yield from _documents(path, namespace, problems)
    else:
        problems.append(f"{path}: no such file or directory")


def _documents(file: Path, namespace: str, problems: list[str]) -> Iterator[Resource]:
    try:
        documents = list(yaml.safe_load_all(file.read_text()))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problems.append(f"{file}: not YAML: {error}")
        return
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict) or not document.get("kind"):
            problems.append(f"{file}: a document without a kind")
        elif document["kind"] == "List":
            for item in document.get("items") or []:
                yield _resource(item, file, namespace)
        elif not (document.get("metadata") or {}).get("name"):
            problems.append(f"{file}: {document['kind']} without metadata.name")
        else:
            yield _resource(document, file, namespace)


def _resource(body: dict[str, Any], file: Path, namespace: str) -> Resource:
    metadata = body["metadata"]
    return Resource(
        body["kind"], metadata["name"], metadata.get("namespace", namespace), body, file
    )


def _kustomization(file: Path, namespace: str, problems: list[str]) -> Iterator[Resource]:
    try:
        body = yaml.safe_load(file.read_text()) or {}
    except yaml.YAMLError as error:
        problems.append(f"{file}: not YAML: {error}")
        return
    for field in sorted(set(body) - KUSTOMIZE_USED - KUSTOMIZE_IGNORED):
        problems.append(f"{file}: {field}: this field of kustomize is not supported here")
    namespace = body.get("namespace", namespace)
    for entry in body.get("resources") or []:
        if "://" in entry or entry.startswith("github.com/"):
            problems.append(f"{file}: resources: {entry}: remote resources are not fetched")
            continue
        for resource in _read(file.parent / entry, namespace, problems):
            moved = body.get("namespace", resource.namespace)
            yield Resource(resource.kind, resource.name, moved, resource.body, resource.file)
    options = body.get("generatorOptions") or {}
    for entry in body.get("configMapGenerator") or []:
        yield from _config_map(file, entry, options, namespace, problems)


def _config_map(
    file: Path, entry: dict[str, Any], options: dict[str, Any], namespace: str, problems: list[str]
) -> Iterator[Resource]:
    where = f"{file}: configMapGenerator {entry.get('name')!r}"
    for field in sorted(set(entry) - {"name", "namespace", "literals", "files", "options"}):
        problems.append(f"{where}: {field}: not supported here")
    options = {**options, **(entry.get("options") or {})}
    if not options.get("disableNameSuffixHash"):
        problems.append(
            f"{where}: needs disableNameSuffixHash: true, since kustomize does not rewrite "
            "hashed names inside Knative Services"
        )
    data = dict(literal.split("=", 1) for literal in entry.get("literals") or [])
    for item in entry.get("files") or []:
        key, _, path = item.rpartition("=")
        source = file.parent / path
        if source.is_file():
            data[key or source.name] = source.read_text()
        else:
            problems.append(f"{where}: files: no such file: {source}")
    metadata = {"name": entry["name"], "namespace": entry.get("namespace", namespace)}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    yield _resource(body, file, namespace)
