import pytest
from aiohttp.test_utils import TestClient

from cnap.cameras import Camera
from tests.dashboard.conftest import FakeKubernetes

PATH = "/api/streams/gate"


@pytest.fixture(autouse=True)
def cameras(kubernetes: FakeKubernetes) -> None:
    kubernetes.cameras = [
        Camera("gate", "gate.mp4", ("yolox-nano",), framerate=5.0),
        Camera("yard", "yard.mp4"),
    ]


async def test_pause_and_resume(
    client: TestClient, kubernetes: FakeKubernetes, authorised: dict[str, str]
) -> None:
    before = list(kubernetes.cameras)
    for paused in (True, False):
        response = await client.patch(PATH, json={"paused": paused}, headers=authorised)
        assert response.status == 200
        assert await response.json() == {"name": "gate", "paused": paused}
        assert kubernetes.cameras[0].paused is paused
        assert kubernetes.cameras[1] == before[1]
    assert kubernetes.cameras == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "the-token"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer the-tokén"},
        {"Cookie": "token=the-token"},
    ],
)
async def test_no_token_no_control(
    client: TestClient, kubernetes: FakeKubernetes, headers: dict[str, str]
) -> None:
    response = await client.patch(PATH, json={"paused": True}, headers=headers)

    assert response.status == 401
    assert "token" in (await response.json())["error"]
    assert not kubernetes.cameras[0].paused


async def test_a_service_without_a_token_lets_nobody_control(
    start, kubernetes: FakeKubernetes
) -> None:
    client = await start(token="")
    headers = {"Authorization": "Bearer "}

    assert (await client.patch(PATH, json={"paused": True}, headers=headers)).status == 401
    assert not kubernetes.cameras[0].paused


async def test_no_such_camera(client: TestClient, authorised: dict[str, str]) -> None:
    response = await client.patch("/api/streams/nobody", json={"paused": True}, headers=authorised)

    assert response.status == 404
    assert "nobody" in (await response.json())["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"paused": 1}', b'{"paused": true, "url": "x"}', b"\xff"],
)
async def test_bodies_that_make_no_sense(
    client: TestClient, authorised: dict[str, str], body: bytes
) -> None:
    headers = authorised | {"Content-Type": "application/json"}

    response = await client.patch(PATH, data=body, headers=headers)

    assert response.status == 400
    assert (await response.json())["error"]


async def test_a_form_is_not_json(client: TestClient, authorised: dict[str, str]) -> None:
    response = await client.patch(PATH, data={"paused": "true"}, headers=authorised)

    assert response.status == 415


async def test_too_much(client: TestClient, authorised: dict[str, str]) -> None:
    headers = authorised | {"Content-Type": "application/json"}

    response = await client.patch(PATH, data=b" " * 100_000, headers=headers)

    assert response.status == 413


async def test_kubernetes_away(
    client: TestClient, kubernetes: FakeKubernetes, authorised: dict[str, str]
) -> None:
    kubernetes.away = True

    response = await client.patch(PATH, json={"paused": True}, headers=authorised)

    assert response.status == 503
