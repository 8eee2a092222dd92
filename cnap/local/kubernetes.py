"""The part of the Kubernetes API that the dashboard and the sources use."""

import asyncio
import contextlib
import hmac
import json
import re
from typing import Any

from aiohttp import web

from cnap.local.configmaps import ConfigMaps, Conflict
from cnap.local.manifests import Resource
from cnap.local.service import Service
from cnap.local.sources import PingSource, Workload

SERVICE_LABEL = "serving.knative.dev/service"
SERVING = "serving.knative.dev/v1"
EVENTING = "eventing.knative.dev/v1"
REASONS = {401: "Unauthorized", 404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict"}


class Kubernetes:
    """Answers GET, watch and PATCH as an API server would; changes need the bearer token."""

    def __init__(
        self,
        services: dict[str, Service],
        sources: list[Workload | PingSource],
        triggers: list[Resource],
        config_maps: ConfigMaps,
        token: str,
    ) -> None:
        self._services, self._sources = services, sources
        self._triggers = triggers
        self._config_maps = config_maps
        self._token = token

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.path.strip("/").split("/"):
            case ["apis", "serving.knative.dev", "v1", "namespaces", namespace, "services"]:
                return self._read(request, self._service_list(namespace))
            case ["apis", "eventing.knative.dev", "v1", "namespaces", namespace, "triggers"]:
                return self._read(request, self._trigger_list(namespace))
            case ["apis", "apps", "v1", "namespaces", namespace, "deployments"]:
                return self._read(request, self._deployment_list(namespace, request))
            case ["apis", "apps", "v1", "namespaces", namespace, "deployments", name]:
                found = self._deployment(namespace, name)
                missing = _status(404, f'deployments.apps "{name}" not found')
                return self._read(request, found) if found else missing
            case ["api", "v1", "namespaces", namespace, "configmaps"]:
                return await self._configmap_list(namespace, request)
            case ["api", "v1", "namespaces", namespace, "configmaps", name]:
                return await self._configmap(namespace, name, request)
        return _status(404, "the local runtime has no such path of the Kubernetes API")

    def _read(self, request: web.BaseRequest, document: dict[str, Any]) -> web.Response:
        if request.method != "GET":
            return _status(405, "only GET here")
        return web.json_response(document)

    def _service_list(self, namespace: str) -> dict[str, Any]:
        items = [
            {
                "apiVersion": SERVING,
                "kind": "Service",
                "metadata": {"name": service.revision.name, "namespace": namespace},
                "status": {"conditions": [_ready(service)]},
            }
            for service in self._services.values()
            if service.revision.namespace == namespace
        ]
        return {"apiVersion": SERVING, "kind": "ServiceList", "items": items}

    def _trigger_list(self, namespace: str) -> dict[str, Any]:
        items = [
            {
                "apiVersion": EVENTING,
                "kind": "Trigger",
                "metadata": {"name": trigger.name, "namespace": namespace},
                "spec": trigger.spec,
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }
            for trigger in self._triggers
            if trigger.namespace == namespace
        ]
        return {"apiVersion": EVENTING, "kind": "TriggerList", "items": items}

    def _deployment_list(self, namespace: str, request: web.BaseRequest) -> dict[str, Any]:
        key, _, wanted = request.query.get("labelSelector", SERVICE_LABEL).partition("=")
        items = [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {
                    "name": f"{service.revision.name}-00001-deployment",
                    "namespace": namespace,
                    "labels": {SERVICE_LABEL: service.revision.name},
                },
                "spec": {"replicas": len(service.pool.standing)},
                "status": {
                    "replicas": len(service.pool.replicas),
                    "readyReplicas": service.pool.ready,
                },
            }
            for service in self._services.values()
            if service.revision.namespace == namespace
            and key == SERVICE_LABEL
            and wanted.lstrip("=") in ("", service.revision.name)
        ]
        return {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": items}

    def _deployment(self, namespace: str, name: str) -> dict[str, Any] | None:
        """One of the YAML's own, which is a source here."""
        found = [
            one
            for one in self._sources
            if isinstance(one, Workload)
            and (one.resource.kind, one.resource.namespace, one.resource.name)
            == ("Deployment", namespace, name)
        ]
        if not found:
            return None
        ready, failed = sum(one.runs for one in found), [one for one in found if not one.runs]
        available = {
            "type": "Available",
            "status": "False" if failed else "True",
            "lastTransitionTime": f"{max(one.changed for one in found):%Y-%m-%dT%H:%M:%SZ}",
            "message": "; ".join(filter(None, (one.failure for one in failed))),
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"replicas": len(found)},
            "status": {"readyReplicas": ready, "conditions": [available]},
        }

    async def _configmap_list(self, namespace: str, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "GET":
            return _status(405, "only GET here")
        field, _, name = request.query.get("fieldSelector", "").partition("=")
        if field not in ("", "metadata.name"):
            return _status(400, f"field selector {field!r} is not supported")
        if request.query.get("watch") not in ("true", "1"):
            items = self._config_maps.list(namespace, name or None)
            return web.json_response({"apiVersion": "v1", "kind": "ConfigMapList", "items": items})
        seconds = request.query.get("timeoutSeconds", "0")
        if not re.fullmatch("[0-9]{1,6}", seconds):
            return _status(400, f"timeoutSeconds can't be {seconds!r}")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(int(seconds) or None):
                async for event, item in self._config_maps.watch(namespace, name or None):
                    line = json.dumps({"type": event, "object": item})
                    await response.write(line.encode() + b"\n")
        return response

    async def _configmap(self, namespace: str, name: str, request: web.BaseRequest) -> web.Response:
        if request.method not in ("GET", "PATCH"):
            return _status(405, "only GET and PATCH here")
        item = self._config_maps.get(namespace, name)
        if request.method == "PATCH":
            given = request.headers.get("Authorization", "").encode(errors="replace")
            if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                return _status(401, "changes need the bearer token")
            if "merge-patch+json" not in request.content_type:
                return _status(415, "only application/merge-patch+json")
            try:
                patch = json.loads(await request.read())
                if not isinstance(patch, dict):
                    raise ValueError("it is no object")
                item = self._config_maps.patch(namespace, name, patch)
            except ValueError as error:
                return _status(400, f"no merge patch for a ConfigMap: {error}")
            except Conflict:
                return _status(409, f'configmaps "{name}" has been modified; read it again')
        if item is None:
            return _status(404, f'configmaps "{name}" not found')
        return web.json_response(item)


def _ready(service: Service) -> dict[str, str]:
    if service.pool.failure:
        return {
            "type": "Ready",
            "status": "False",
            "reason": "ReplicaFailed",
            "message": service.pool.failure,
        }
    return {"type": "Ready", "status": "True"}


def _status(code: int, message: str) -> web.Response:
    reason = REASONS.get(code, "Invalid")
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return web.json_response(body, status=code)
