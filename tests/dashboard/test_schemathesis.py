"""The dashboard as it runs, asked everything that its description lets one ask, and more."""

import json
import tempfile
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import schemathesis
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from cnap.cameras import Camera
from cnap.dashboard import events, segments
from cnap.dashboard.app import create_app
from cnap.dashboard.settings import Settings
from cnap.events.attributes import STREAM
from cnap.source.feeds.pushed.feed import PushedFeed
from cnap.source.feeds.pushed.upload import FORMATS
from cnap.source.receiver import receiving
from tests import media
from tests.dashboard.conftest import TOKEN, FakeKubernetes
from tests.threads import in_thread

load_all_checks()
DOCUMENT = json.loads(files("cnap.dashboard").joinpath("openapi.json").read_text())
HOW = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# A schema can't say everything: which urls are some, or what a film is.
LENIENT = [positive_data_acceptance]
CAMERAS = [
    Camera("gate", "rtsp://admin:secret@10.0.0.7/", ("yolox-nano",)),
    Camera("door", "push:"),
]
schema = schemathesis.openapi.from_dict(DOCUMENT)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """One name in two is a camera's."""
    name = (path_parameters or {}).get("name")
    if isinstance(name, str) and STREAM.fullmatch(name) and len(name) % 2:
        path_parameters["name"] = CAMERAS[len(name) // 2 % 2].name
    return path_parameters


@schemathesis.hook
def map_headers(context, headers):
    """Most instants are not now."""
    if headers and len(str(headers.get("Cnap-Captured"))) % 2:
        headers.pop("Cnap-Captured", None)
    return headers


@schemathesis.serializer(*FORMATS)
def serialize(context, value):
    """Any bytes, and one time in two a film."""
    data = getattr(value, "data", None) or str(value).encode(errors="replace")
    return film() if len(data) % 2 else data


@cache
def film():
    with tempfile.TemporaryDirectory() as folder:
        return media.clip(Path(folder) / "film.mp4", frames=5).read_bytes()


@pytest.fixture(scope="module")
def kubernetes():
    return FakeKubernetes()


@pytest.fixture(scope="module")
def url(kubernetes, redis_url, tmp_path_factory):
    """The address of a dashboard, with a source that takes uploads."""
    folder = tmp_path_factory.mktemp("dashboard")
    (folder / "store").mkdir()
    source = f"unix://{folder}/source.sock"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNAP_STORE", f"file://{folder}/store")
        patch.setenv("CNAP_NAMESPACE", "cnap")
        patch.setenv("CNAP_SOURCE", source)
        patch.setenv("CNAP_TOKEN", TOKEN)
        patch.setattr(events, "LONGEST", 0.05)
        wait = segments._wait
        patch.setattr(segments, "_wait", lambda request: min(0.01, wait(request)))

        @asynccontextmanager
        async def dashboard():
            async with TestServer(kubernetes.app()) as api, receiving() as uploads:
                patch.setenv("CNAP_KUBERNETES", str(api.make_url("/")))
                uploads.follow(CAMERAS)
                feed = PushedFeed(CAMERAS[1], uploads)
                given = Settings(token=TOKEN, redis=redis_url, source=source)
                async with TestServer(create_app(given)) as server:
                    yield str(server.make_url("/")).rstrip("/")
                feed.close()

        with in_thread(dashboard()) as url:
            yield url


@pytest.fixture(autouse=True)
def cameras(kubernetes):
    kubernetes.cameras = CAMERAS


@schema.parametrize()
@HOW
def test_every_answer_is_as_the_description_says(case, url, kubernetes):
    case.call_and_validate(
        base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, excluded_checks=LENIENT
    )
    assert isinstance(kubernetes.cameras, list)  # whatever was sent, the text can be read


@schema.parametrize()
@settings(HOW, max_examples=5)
def test_so_it_is_without_the_token(case, url, kubernetes):
    before = kubernetes.text
    response = case.call_and_validate(base_url=url, excluded_checks=LENIENT)

    assert case.method == "GET" or response.status_code in (401, 404, 405)
    assert kubernetes.text == before


class Workflow(schema.as_state_machine()):
    """Cameras are added, looked at, changed and removed, each by what the one before answered."""

    url = ""

    def get_call_kwargs(self, case):
        return {"base_url": self.url, "headers": {"Authorization": f"Bearer {TOKEN}"}}

    def validate_response(self, response, case, **more):
        case.validate_response(response, excluded_checks=LENIENT)


def test_one_after_the_other(url):
    Workflow.url = url
    Workflow.run(settings=settings(HOW, max_examples=8, stateful_step_count=8))
