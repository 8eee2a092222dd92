"""`PATCH /api/streams/{name}`: pausing and resuming a camera. The ConfigMap is the one truth."""

import asyncio
import json
from dataclasses import replace

from aiohttp import web

from cnap import cameras
from cnap.dashboard.answers import refusal
from cnap.events.attributes import stream_name
from cnap.kubernetes import Kubernetes


class Control:
    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes
        self._turn = asyncio.Lock()

    async def patch(self, request: web.Request) -> web.Response:
        name = stream_name(request.match_info["name"])
        if request.content_type != "application/json":
            return refusal(415, 'send application/json, for example {"paused": true}')
        try:
            change = json.loads(await request.read())
        except (ValueError, RecursionError):
            return refusal(400, "the body is not JSON")
        if not isinstance(change, dict) or set(change) != {"paused"}:
            return refusal(400, 'send an object with one field: {"paused": true} or false')
        if not isinstance(change["paused"], bool):
            return refusal(400, f"paused must be true or false, not {str(change['paused'])[:40]!r}")
        return await self._pause(name, change["paused"])

    async def _pause(self, name: str, paused: bool) -> web.Response:
        async with self._turn:  # two changes at once must not undo each other
            data, version = await self._kubernetes.config_map(cameras.CONFIG_MAP)
            known = cameras.parse(data.get(cameras.KEY, ""))
            if name not in [camera.name for camera in known]:
                return refusal(404, f"there is no camera called {name}")
            changed = [
                replace(camera, paused=paused) if camera.name == name else camera
                for camera in known
            ]
            if changed != known:
                text = cameras.dump(changed)
                await self._kubernetes.patch_config_map(
                    cameras.CONFIG_MAP, {cameras.KEY: text}, version
                )
        return web.json_response({"name": name, "paused": paused})
