import re

import pytest
from aiohttp.test_utils import TestClient

from cnap.files import folder


async def test_the_page_and_all_that_it_names(client: TestClient) -> None:
    response = await client.get("/")
    text = await response.text()

    assert response.content_type == "text/html"
    named = re.findall(r'(?:href|src)="(ui/[^"]+)"', text)
    assert named
    for path in named:
        assert (await client.get(f"/{path}")).status == 200
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=|https?://", text)


async def test_every_import_is_there() -> None:
    modules = list((folder("ui") / "js").glob("*.js"))
    assert modules
    for module in modules:
        for name in re.findall(r'from "(\./[^"]+)"', module.read_text()):
            assert (module.parent / name).is_file(), f"{module.name} imports {name}"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/ui/js/main.js", "text/javascript"),
        ("/ui/css/base.css", "text/css"),
        ("/ui/icon.svg", "image/svg+xml"),
    ],
)
async def test_kinds_and_etags(client: TestClient, path: str, kind: str) -> None:
    response = await client.get(path)
    assert (response.status, response.content_type) == (200, kind)

    again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    "path", ["/ui/", "/ui/../pyproject.toml", "/ui/%2e%2e/README.md", "/ui/js", "/ui//etc/passwd"]
)
async def test_no_other_files(client: TestClient, path: str) -> None:
    from yarl import URL

    response = await client.get(URL(path, encoded=True))

    assert response.status == 404


@pytest.mark.parametrize("path", ["/health/liveness", "/health/readiness", "/metrics"])
async def test_what_the_platform_asks(client: TestClient, path: str) -> None:
    assert (await client.get(path)).status == 200


async def test_methods_and_paths_that_are_not_there(client: TestClient) -> None:
    response = await client.delete("/api/status", headers={"Authorization": "Bearer the-token"})
    assert response.status == 405
    assert "GET" in response.headers["Allow"]

    response = await client.get("/api/nothing")
    assert response.status == 404
    assert "/api/nothing" in (await response.json())["error"]
