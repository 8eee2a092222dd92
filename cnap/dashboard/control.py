"""`/api/cameras`: the cameras, and changes of them. The ConfigMap's text is the one truth, which
people edit as well: a change leaves all of it as it is but what it is about."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NoReturn

from aiohttp import web

from cnap import cameras
from cnap.cameras import Camera, CameraError, NoSuchCamera, Uneditable, edits
from cnap.cameras.parsing import Parsing
from cnap.dashboard.answers import Refused
from cnap.errors import BadEvent, Busy
from cnap.events.attributes import stream_name
from cnap.kubernetes import Conflict, Kubernetes

AT_ONCE = 16
"""Changes that wait for their turn; one more is put off."""
TRIES = 5
"""How often a change is made again of a text that others have changed meanwhile."""
PATIENCE = 10.0
"""Seconds in which a body must have come."""


class Control:
    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def list(self, _: web.Request) -> web.Response:
        found = await self._kubernetes.config_map(cameras.CONFIG_MAP)
        text = found.data.get(cameras.KEY, cameras.NONE)
        try:
            known, defaults = await asyncio.to_thread(lambda: (shown(text), usual(text)))
            problem = found.data.get(cameras.PROBLEM, "")
        except CameraError as error:
            known, defaults, problem = {}, {}, str(error)
        return _answer({"cameras": [*known.values()], "defaults": defaults, "problem": problem})

    async def get(self, request: web.Request) -> web.Response:
        name = stream_name(request.match_info["name"])
        return _answer(await _one(await self._text(), name))

    async def add(self, request: web.Request) -> web.Response:
        camera = await _object(request)
        text = await self._edit(lambda text: edits.add(text, camera))
        name = camera["name"]
        return _answer(await _one(text, name), 201, {"Location": f"/api/cameras/{name}"})

    async def replace(self, request: web.Request) -> web.Response:
        return await self._changed(request, edits.replace)

    async def patch(self, request: web.Request) -> web.Response:
        return await self._changed(request, edits.patch)

    async def remove(self, request: web.Request) -> web.Response:
        name = stream_name(request.match_info["name"])
        await self._edit(lambda text: edits.remove(text, name))
        return web.Response(status=204)

    async def _changed(
        self, request: web.Request, change: Callable[[str, str, Mapping[str, Any]], str]
    ) -> web.Response:
        name = stream_name(request.match_info["name"])
        fields = await _object(request)
        text = await self._edit(lambda text: change(text, name, fields))
        return _answer(await _one(text, name))

    async def _text(self) -> str:
        found = await self._kubernetes.config_map(cameras.CONFIG_MAP)
        return found.data.get(cameras.KEY, cameras.NONE)

    async def _edit(self, change: Callable[[str], str]) -> str:
        """The new text. Raises CameraError, Busy, and Conflict where others change it all the
        time."""
        async with self._in_turn():
            for tried in range(1, TRIES + 1):
                data, version = await self._kubernetes.config_map(cameras.CONFIG_MAP)
                before = data.get(cameras.KEY, cameras.NONE)
                text = await asyncio.to_thread(change, before)
                if text == before:
                    return text
                try:
                    await self._kubernetes.patch_config_map(
                        cameras.CONFIG_MAP, {cameras.KEY: text}, version
                    )
                    return text
                except Conflict:
                    if tried == TRIES:
                        raise
            return text

    @contextlib.asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        if self._waiting >= AT_ONCE:
            raise Busy("too many changes of cameras at once")
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1


def shown(text: str) -> dict[str, dict[str, Any]]:
    """The cameras of the text by name, as people may see them. Raises CameraError.

    A field is there if the camera says it, or if it has another value than it has by itself.
    """
    known = cameras.parse(text)
    said = edits.entries(text)
    return {
        camera.name: said[camera.name] | camera.plain() | {"url": cameras.masked(camera.url)}
        for camera in known
    }


def usual(text: str) -> dict[str, Any]:
    """The fields that a new camera has without saying them: what `defaults:` in the text give, or
    the environment. Raises CameraError."""
    plain = Camera("", "", **Parsing(text).usual).plain()
    return {field: value for field, value in plain.items() if field not in ("name", "url")}


async def _one(text: str, name: str) -> dict[str, Any]:
    try:
        known = await asyncio.to_thread(shown, text)
    except CameraError as error:
        raise Uneditable(f"cameras.yaml must be mended first:\n{error}") from None
    if name not in known:
        raise NoSuchCamera(f"there is no camera called {name}")
    return known[name]


async def _object(request: web.Request) -> dict[str, Any]:
    """The body's JSON object."""
    if request.content_type != "application/json":
        raise Refused(415, 'send application/json, for example {"paused": true}')
    try:
        async with asyncio.timeout(PATIENCE):
            body = await request.read()
        found = json.loads(body, parse_constant=_no_number)
    except TimeoutError:
        raise Refused(408, f"the body did not come in {PATIENCE:g} s") from None
    except (ValueError, RecursionError):
        raise BadEvent("the body is not JSON") from None
    if not isinstance(found, dict):
        raise BadEvent('send an object with the camera\'s fields: {"paused": true}')
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _answer(
    body: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    told = {"Cache-Control": "no-store", **(headers or {})}
    return web.json_response(body, status=status, headers=told)
