"""ConfigMaps that can be read, changed and watched."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

from cnap.local.manifests import Resource

Changed = Callable[[str, dict[str, str]], None]


class Conflict(Exception):
    """A change of a ConfigMap that is not as the one who changes it has read it."""


class ConfigMaps:
    """The ConfigMaps of all namespaces, as the Kubernetes API shows them.

    `changed` is called with the name and the data of each that a client changes.
    """

    def __init__(self, changed: Changed | None = None) -> None:
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}
        self._versions = itertools.count(1)
        self._watchers: set[asyncio.Queue[tuple[str, dict[str, Any]]]] = set()
        self._changed = changed

    def add(self, resource: Resource) -> None:
        self._put(resource.namespace, resource.name, resource.body)

    def get(self, namespace: str, name: str) -> dict[str, Any] | None:
        return self._objects.get((namespace, name))

    def list(self, namespace: str, name: str | None = None) -> list[dict[str, Any]]:
        return [
            item
            for (space, own), item in sorted(self._objects.items())
            if space == namespace and name in (None, own)
        ]

    def patch(self, namespace: str, name: str, patch: dict[str, Any]) -> dict[str, Any] | None:
        """Applies a merge patch (RFC 7386) to its data; None when there is no such ConfigMap.

        Raises ValueError when it would not be a ConfigMap any more, and Conflict when the patch
        names another resourceVersion than the one that is there.
        """
        old = self.get(namespace, name)
        if old is None:
            return None
        read = _facts(patch).get("resourceVersion")
        if read and read != old["metadata"]["resourceVersion"]:
            raise Conflict(name)
        merged = _merge(old, patch)
        data = merged.get("data", {})
        if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
            raise ValueError("data must be texts")
        metadata = {**_facts(merged), "name": name}
        new = self._put(namespace, name, {**merged, "metadata": metadata})
        for watcher in self._watchers:
            watcher.put_nowait(("MODIFIED", new))
        if self._changed:
            self._changed(name, dict(data))
        return new

    async def watch(
        self, namespace: str, name: str | None
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """What is there as ADDED, and then each change, for ever."""
        queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            for item in self.list(namespace, name):
                yield "ADDED", item
            while True:
                event, item = await queue.get()
                metadata = item["metadata"]
                if metadata["namespace"] == namespace and name in (None, metadata["name"]):
                    yield event, item
        finally:
            self._watchers.discard(queue)

    def _put(self, namespace: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        version = str(next(self._versions))
        metadata = {**body["metadata"], "namespace": namespace, "resourceVersion": version}
        stored = {**body, "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        self._objects[namespace, name] = stored
        return stored


def _facts(body: dict[str, Any]) -> dict[str, Any]:
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise ValueError("metadata must be an object")
    return metadata


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged
