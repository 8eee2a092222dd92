import asyncio

import pytest
from aiohttp.test_utils import TestClient

from cnap.cameras import Camera


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:80", "192.168.1.4:8899"])
async def test_its_own_names(client: TestClient, host: str) -> None:
    assert (await client.get("/", headers={"Host": host})).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8080", "", "127.0.0.1.x"])
async def test_a_name_that_was_rebound(client: TestClient, host: str) -> None:
    for path in ("/", "/api/status"):
        assert (await client.get(path, headers={"Host": host})).status == 421


async def test_any_name_where_it_is_not_on_loopback(start) -> None:
    client = await start(host="0.0.0.0")

    assert (await client.get("/", headers={"Host": "cnap.example"})).status == 200


async def test_away_from_loopback_the_api_needs_the_token(
    start, authorised: dict[str, str]
) -> None:
    client = await start(host="0.0.0.0")

    looks = ("/api/status", "/api/events", "/api/streams/gate/segments", "/metrics")
    for path in (*looks, "/api/cameras", "/api/cameras/gate"):
        assert (await client.get(path)).status == 401
    for path in ("/api/status", "/metrics"):
        assert (await client.get(path, headers=authorised)).status == 200
    for path in ("/", "/ui/js/main.js", "/api/openapi.json", "/health/readiness"):
        assert (await client.get(path)).status == 200


@pytest.mark.parametrize(("host", "looks"), [("0.0.0.0", 401), ("127.0.0.1", 200)])
async def test_without_a_token_nobody_changes_anything_or_looks_from_afar(
    start, host, looks
) -> None:
    client = await start(host=host, token="")
    change = {"json": {"paused": True}}

    assert (await client.get("/api/status")).status == looks
    for header in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
        refused = await client.patch("/api/cameras/gate", headers=header, **change)
        assert refused.status == 401
        assert "set CNAP_TOKEN" in (await refused.json())["error"]


async def test_behind_any_host_name_the_token_s_owner_controls(
    start, kubernetes, authorised: dict[str, str]
) -> None:
    kubernetes.cameras = [Camera("gate", "x.mp4")]
    client = await start(host="0.0.0.0")
    at = authorised | {"Host": "dashboard.cnap.example", "X-Forwarded-Proto": "https"}
    change = {"json": {"paused": True}}

    assert (await client.patch("/api/cameras/gate", headers=at, **change)).status == 200
    assert kubernetes.cameras[0].paused
    at["Authorization"] = "Bearer another"
    assert (await client.patch("/api/cameras/gate", headers=at, **change)).status == 401


@pytest.mark.parametrize("path", ["/", "/ui/js/main.js", "/api/status", "/nothing"])
async def test_what_browsers_are_told(client: TestClient, path: str) -> None:
    headers = (await client.get(path)).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("host", "scheme", "told"),
    [
        ("127.0.0.1:8899", "http", True),
        ("cnap.example", "https", True),
        ("cnap.example", "http", False),
    ],
)
async def test_openers_are_kept_away_where_browsers_heed_it(start, host, scheme, told) -> None:
    client = await start(host="0.0.0.0")
    headers = (await client.get("/", headers={"Host": host, "X-Forwarded-Proto": scheme})).headers

    assert headers.get("Cross-Origin-Opener-Policy") == ("same-origin" if told else None)


@pytest.mark.parametrize(
    "header",
    [
        b"Authorization: Bearer \xff",
        b"Authorization: Bearer the-token\r\nIdempotency-Key: \xff",
        b"Authorization: Bearer the-token\r\nContent-Type: \xff",
        b"Authorization: Bearer the-token\r\nContent-Encoding: \xff",
        b"Host: \xff",
    ],
)
@pytest.mark.parametrize("path", [b"/streams/gate/segments", b"/api/cameras"])
async def test_headers_that_are_no_text(start, path: bytes, header: bytes) -> None:
    client = await start(source="http://127.0.0.1:1")
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n")
    writer.write(header + b"\r\n\r\nx")
    status = int((await reader.readline()).split()[1])
    writer.close()

    assert 400 <= status < 500
