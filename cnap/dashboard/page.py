"""The page's own files, as they are in the folder ui/."""

from pathlib import Path

from aiohttp import web

from cnap.files import folder

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Page:
    """Serves what is in the folder when the service starts, and no other path."""

    def __init__(self) -> None:
        root = folder("ui")
        self._files = {
            path.relative_to(root).as_posix(): path
            for path in root.rglob("*")
            if path.is_file() and path.suffix in TYPES
        }

    async def index(self, _: web.Request) -> web.StreamResponse:
        return self._file("index.html")

    async def file(self, request: web.Request) -> web.StreamResponse:
        return self._file(request.match_info["path"])

    def _file(self, name: str) -> web.StreamResponse:
        path: Path | None = self._files.get(name)
        if path is None:
            raise web.HTTPNotFound
        # no-cache: kept, and asked for again with its ETag, so that a new version is seen at once.
        headers = {"Cache-Control": "no-cache", "Content-Type": TYPES[path.suffix]}
        return web.FileResponse(path, headers=headers)
