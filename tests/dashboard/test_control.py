import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cnap.cameras import Camera
from cnap.dashboard.control import AT_ONCE
from tests.dashboard.conftest import FakeKubernetes

PATH = "/api/cameras/gate"
TEXT = """\
# The cameras of the yard.
defaults: {framerate: 5}
cameras:
  - name: gate  # by the road
    url: rtsp://admin:secret@10.0.0.7/stream1
    models: [yolox-nano]

  - name: yard
    url: "push:"
"""
GATE = {
    "name": "gate",
    "url": "rtsp://admin:***@10.0.0.7/stream1",
    "models": ["yolox-nano"],
    "framerate": 5,
}
YARD = {"name": "yard", "url": "push:", "framerate": 5}


@pytest.fixture(autouse=True)
def text(kubernetes: FakeKubernetes) -> None:
    kubernetes.text = TEXT


@pytest.fixture
def send(client: TestClient, authorised: dict[str, str]):
    """Sends a request with the token; the status, the answer's JSON, or its error's words."""

    async def send(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = {} if body is None else {"json": body}
        async with client.request(method, path, headers=authorised, **sent) as response:
            if response.status == 204:
                return 204, await response.text()
            answer = await response.json()
            return response.status, answer["error"] if response.status >= 400 else answer

    return send


async def test_the_cameras_without_their_passwords(send) -> None:
    told = {"cameras": [GATE, YARD], "defaults": {"framerate": 5}, "problem": ""}
    assert await send("GET", "/api/cameras") == (200, told)
    assert await send("GET", PATH) == (200, GATE)
    assert await send("GET", "/api/cameras/none") == (404, "there is no camera called none")


async def test_pause_and_resume(send, kubernetes: FakeKubernetes) -> None:
    assert await send("PATCH", PATH, {"paused": True}) == (200, GATE | {"paused": True})
    assert [camera.paused for camera in kubernetes.cameras] == [True, False]
    assert await send("PATCH", PATH, {"paused": None}) == (200, GATE)
    assert kubernetes.text == TEXT


async def test_a_change_leaves_what_people_wrote(send, kubernetes: FakeKubernetes) -> None:
    status, answer = await send("PATCH", PATH, {"models": ["yunet"], "framerate": 10})

    assert (status, answer["models"], answer["framerate"]) == (200, ["yunet"], 10)
    lines = [line for line in TEXT.splitlines() if "models" not in line]
    assert set(lines) < set(kubernetes.text.splitlines())


async def test_add_and_remove(send, client: TestClient, kubernetes: FakeKubernetes) -> None:
    door = {"name": "door", "url": "testsrc:", "size": "640x360"}

    assert await send("POST", "/api/cameras", door) == (201, door | {"framerate": 5})
    assert await send("POST", "/api/cameras", door) == (
        409,
        "there is a camera called door already",
    )
    assert [camera.name for camera in kubernetes.cameras] == ["gate", "yard", "door"]
    assert await send("DELETE", "/api/cameras/door") == (204, "")
    assert (await send("DELETE", "/api/cameras/door"))[0] == 404
    assert kubernetes.text == TEXT


async def test_what_a_new_camera_has_by_itself(
    send, kubernetes: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNAP_CAMERA_MODELS", "yolox-nano")
    kubernetes.text = "defaults: {size: 640x360, behind: newest}\ncameras: []\n"
    defaults = {"models": ["yolox-nano"], "size": "640x360", "behind": "newest"}
    assert (await send("GET", "/api/cameras"))[1]["defaults"] == defaults

    said = {"models": [], "size": None, "behind": "thin"}
    assert (await send("POST", "/api/cameras", YARD | said))[0] == 201
    assert kubernetes.cameras == [Camera("yard", "push:", framerate=5.0)]


async def test_where_a_new_camera_is(client: TestClient, authorised: dict[str, str]) -> None:
    body = {"name": "door", "url": "testsrc:"}
    response = await client.post("/api/cameras", json=body, headers=authorised)
    again = await client.get(response.headers["Location"])

    assert await again.json() == await response.json()


async def test_the_first_camera(send, kubernetes: FakeKubernetes) -> None:
    kubernetes.maps["cameras"] = {}

    none = {"cameras": [], "defaults": {}, "problem": ""}
    assert (await send("GET", "/api/cameras"))[1] == none
    assert (await send("POST", "/api/cameras", YARD))[0] == 201
    assert kubernetes.cameras == [Camera("yard", "push:", framerate=5.0)]


async def test_put_replaces_all_of_a_camera(send, kubernetes: FakeKubernetes) -> None:
    status, answer = await send("PUT", PATH, {"url": "gate.mp4", "loop": False})

    assert (status, answer) == (
        200,
        {"name": "gate", "url": "gate.mp4", "loop": False, "framerate": 5},
    )
    assert await send("PUT", PATH, answer) == (200, answer)
    assert (await send("PUT", "/api/cameras/none", {"url": "x.mp4"}))[0] == 404


@pytest.mark.parametrize(
    ("method", "body", "words"),
    [
        ("PATCH", {"framrate": 5}, "did you mean framerate?"),
        ("PATCH", {"framerate": -1}, "framerate"),
        ("PATCH", {"paused": 1}, "paused"),
        ("PATCH", {"models": "yolox-nano"}, "models"),
        ("PATCH", {"name": "other"}, "another name"),
        ("PATCH", {"url": None}, "url is missing"),
        ("PATCH", {"url": GATE["url"]}, "*** stands for a password that is not shown"),
        ("PUT", GATE, "*** stands for a password that is not shown"),
        ("PUT", {"models": []}, "url is missing"),
        ("PATCH", [], "send an object"),
        ("PATCH", "paused", "send an object"),
    ],
)
async def test_what_is_no_camera(
    send, kubernetes: FakeKubernetes, method: str, body: Any, words: str
) -> None:
    status, answer = await send(method, PATH, body)

    assert status == 400
    assert words in answer
    assert "line" not in answer
    assert kubernetes.text == TEXT


@pytest.mark.parametrize(
    "body", [{}, {"name": "a"}, {"url": "x"}, {"name": "A b", "url": "x"}, {"name": 1, "url": "x"}]
)
async def test_what_can_t_be_added(send, kubernetes: FakeKubernetes, body: Any) -> None:
    assert (await send("POST", "/api/cameras", body))[0] == 400
    assert kubernetes.text == TEXT


async def test_a_text_with_a_mistake_is_told_and_never_overwritten(
    send, kubernetes: FakeKubernetes
) -> None:
    await send("GET", "/api/status")
    broken = kubernetes.text = TEXT.replace("models:", "modles:")

    _, listed = await send("GET", "/api/cameras")
    assert "line 6" in listed["problem"]
    assert "did you mean models?" in listed["problem"]
    _, status = await send("GET", "/api/status")
    assert status["problem"] == listed["problem"]
    # The source too reads its cameras as they were.
    assert [stream["name"] for stream in status["streams"]] == ["gate", "yard"]
    for request in (
        ("POST", "/api/cameras", {"name": "door", "url": "testsrc:"}),
        ("PATCH", PATH, {"paused": True}),
        ("PUT", PATH, {"url": "testsrc:"}),
        ("DELETE", PATH),
        ("GET", PATH),
    ):
        code, words = await send(*request)
        assert code == 409
        assert "line 6" in words
    assert kubernetes.text == broken


async def test_two_changes_at_once_never_undo_each_other(send, kubernetes: FakeKubernetes) -> None:
    others = iter(range(3))

    def interfere() -> None:
        if (number := next(others, None)) is not None:
            kubernetes.text += f"  - {{name: other-{number}, url: 'push:'}}\n"

    kubernetes.interferes = interfere
    assert (await send("PATCH", PATH, {"paused": True}))[0] == 200
    names = [camera.name for camera in kubernetes.cameras]
    assert names == ["gate", "yard", "other-0", "other-1", "other-2"]
    assert kubernetes.cameras[0].paused


async def test_a_text_that_never_rests_is_left_alone(send, kubernetes: FakeKubernetes) -> None:
    def interfere() -> None:
        kubernetes.text += "\n"

    kubernetes.interferes = interfere
    status, words = await send("PATCH", PATH, {"paused": True})

    assert (status, "try again" in words) == (409, True)
    assert not kubernetes.cameras[0].paused


async def test_many_changes_at_once(send, kubernetes: FakeKubernetes) -> None:
    bodies = [{"name": f"door-{n}", "url": "push:"} for n in range(3 * AT_ONCE)]
    answers = await asyncio.gather(*(send("POST", "/api/cameras", body) for body in bodies))

    taken = [answer for status, answer in answers if status == 201]
    assert {status for status, _ in answers} <= {201, 429}
    assert len(taken) >= AT_ONCE
    names = {camera.name for camera in kubernetes.cameras}
    assert names == {"gate", "yard"} | {camera["name"] for camera in taken}


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
    for method, path in (
        ("POST", "/api/cameras"),
        ("PUT", PATH),
        ("PATCH", PATH),
        ("DELETE", PATH),
        ("POST", "/streams/yard/segments"),
    ):
        response = await client.request(method, path, json={"paused": True}, headers=headers)
        assert response.status == 401
        assert "token" in (await response.json())["error"]
    assert kubernetes.text == TEXT


async def test_a_service_without_a_token_lets_nobody_control(
    start, kubernetes: FakeKubernetes
) -> None:
    client = await start(token="")
    headers = {"Authorization": "Bearer "}

    assert (await client.patch(PATH, json={"paused": True}, headers=headers)).status == 401
    assert kubernetes.text == TEXT


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"framerate": NaN}', b"[" * 60_000])
async def test_bodies_that_are_no_json(
    client: TestClient, authorised: dict[str, str], body: bytes
) -> None:
    headers = authorised | {"Content-Type": "application/json"}

    response = await client.patch(PATH, data=body, headers=headers)

    assert response.status == 400
    assert (await response.json())["error"] == "the body is not JSON"


async def test_a_form_is_not_json(client: TestClient, authorised: dict[str, str]) -> None:
    response = await client.patch(PATH, data={"paused": "true"}, headers=authorised)

    assert response.status == 415


async def test_too_much(client: TestClient, authorised: dict[str, str]) -> None:
    headers = authorised | {"Content-Type": "application/json"}

    response = await client.patch(PATH, data=b" " * 100_000, headers=headers)

    assert response.status == 413


async def test_a_body_that_never_comes(
    client: TestClient, authorised: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnap.dashboard.control.PATIENCE", 0.1)

    async def never():
        yield b"{"
        await asyncio.sleep(30)

    headers = authorised | {"Content-Type": "application/json"}
    response = await client.patch(PATH, data=never(), headers=headers)

    assert response.status == 408


async def test_kubernetes_away(send, kubernetes: FakeKubernetes) -> None:
    kubernetes.away = True

    for method, path in (("GET", "/api/cameras"), ("GET", PATH), ("DELETE", PATH)):
        assert (await send(method, path))[0] == 503
