"""The small part of the Kubernetes API that the project uses; the local runtime answers it too."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from cnap.errors import CnapError, Unavailable

SECRETS = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SERVICE_LABEL = "serving.knative.dev/service"
WATCHED = 60
"""Seconds after which a watch is begun anew: networks forget connections that say nothing."""
SILENT = 75.0
"""Seconds without a word after which the server is not there any more."""
LONGEST = 8 << 20
"""Bytes of a line of a watch: an object of 1.5 MiB, and what kubectl and JSON make of it."""


class Conflict(CnapError):
    """A ConfigMap has been changed by somebody else since it was read."""

    status = 409


class ConfigMap(NamedTuple):
    """The data of a ConfigMap, and its resourceVersion."""

    data: dict[str, str]
    version: str


class Kubernetes:
    """A client for one namespace. In a pod it finds the API server by itself; elsewhere
    CNAP_KUBERNETES is its address and CNAP_KUBERNETES_TOKEN, if set, the bearer token."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._namespace = _namespace()
        host = os.environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
        port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        self._url = os.environ.get("CNAP_KUBERNETES", f"https://{host}:{port}").rstrip("/")
        self._ssl: Any = True
        if (SECRETS / "ca.crt").exists():
            import ssl

            self._ssl = ssl.create_default_context(cafile=str(SECRETS / "ca.crt"))

    async def config_map(self, name: str) -> ConfigMap:
        found = await self._json("GET", f"api/v1/{self._in}/configmaps/{name}")
        return ConfigMap(found.get("data") or {}, found["metadata"]["resourceVersion"])

    async def patch_config_map(
        self, name: str, data: Mapping[str, str | None], version: str = ""
    ) -> None:
        """Sets these keys of a ConfigMap, and removes those that are None. Raises Conflict where
        `version` is given, and is not the ConfigMap's any more."""
        patch = {"data": data} | ({"metadata": {"resourceVersion": version}} if version else {})
        answer = await self._json(
            "PATCH",
            f"api/v1/{self._in}/configmaps/{name}",
            also=409,
            data=json.dumps(patch),
            headers={"Content-Type": "application/merge-patch+json"},
        )
        if answer.get("reason") == "Conflict":
            raise Conflict(f"the ConfigMap {name} is being changed by others too; try again")

    async def create_secret(self, name: str, data: dict[str, str]) -> bool:
        """Creates a Secret; False if there is one of this name, which stays as it is."""
        body = {"metadata": {"name": name}, "stringData": data}
        answer = await self._json("POST", f"api/v1/{self._in}/secrets", json=body, also=409)
        return answer.get("reason") != "AlreadyExists"

    async def watch_config_map(self, name: str) -> AsyncIterator[dict[str, str]]:
        """The data of a ConfigMap now, and after each change, until the server hangs up."""
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "timeoutSeconds": str(WATCHED),
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=SILENT)
        async with self._request(
            "GET",
            f"api/v1/{self._in}/configmaps",
            params=query,
            timeout=timeout,
            read_bufsize=LONGEST,
        ) as response:
            if response.status != 200:
                raise Unavailable(f"the Kubernetes API answered {response.status} to a watch")
            async for line in response.content:
                change = json.loads(line)
                if change["type"] in ("ADDED", "MODIFIED"):
                    yield change["object"].get("data") or {}

    async def deployments(self) -> list[dict[str, Any]]:
        """The Deployments behind the Knative Services of the namespace."""
        path = f"apis/apps/v1/{self._in}/deployments"
        return (await self._json("GET", path, params={"labelSelector": SERVICE_LABEL}))["items"]

    async def deployment(self, name: str) -> dict[str, Any] | None:
        """One Deployment of the namespace; None where there is none."""
        path = f"apis/apps/v1/{self._in}/deployments/{name}"
        found = await self._json("GET", path, also=404)
        return None if found.get("kind") == "Status" else found

    async def services(self) -> list[dict[str, Any]]:
        """The Knative Services of the namespace."""
        return (await self._json("GET", f"apis/serving.knative.dev/v1/{self._in}/services"))[
            "items"
        ]

    async def triggers(self) -> list[dict[str, Any]]:
        """The Triggers of the namespace."""
        return (await self._json("GET", f"apis/eventing.knative.dev/v1/{self._in}/triggers"))[
            "items"
        ]

    @property
    def _in(self) -> str:
        return f"namespaces/{self._namespace}"

    def _request(self, method: str, path: str, **more: Any) -> Any:
        headers = more.pop("headers", {})
        token = os.environ.get("CNAP_KUBERNETES_TOKEN")
        if not token and (SECRETS / "token").exists():
            token = (SECRETS / "token").read_text()  # read anew each time: it is rotated
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self._session.request(
            method, f"{self._url}/{path}", headers=headers, ssl=self._ssl, **more
        )

    async def _json(self, method: str, path: str, also: int = 200, **more: Any) -> dict[str, Any]:
        """The answer's JSON; `also` is a status that is no failure, besides 200 and 201."""
        more.setdefault("timeout", aiohttp.ClientTimeout(total=5))
        try:
            async with self._request(method, path, **more) as response:
                if response.status not in (200, 201, also):
                    said = (await response.text())[:200]
                    raise Unavailable(
                        f"the Kubernetes API answered {response.status} for {path}: {said}"
                    )
                return await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the Kubernetes API does not answer: {error}") from None


def _namespace() -> str:
    given = SECRETS / "namespace"
    return os.environ.get("CNAP_NAMESPACE") or (given.read_text() if given.exists() else "cnap")
