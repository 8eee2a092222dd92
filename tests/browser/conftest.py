import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cnap import cameras
from cnap.cameras import Camera
from tests import media, real
from tests.browser.fake import TOKEN, Fake, serving
from tests.real import MODEL

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVE = Path(__file__).with_name("serve.py")
QUIET = "log-level=error"
PATIENCE = 60_000
"""Milliseconds: on a busy machine everything takes its time."""


REFUSED = "error: Failed to load resource: the server responded with a status of "
"""What Chromium itself says of every answer that refuses something."""


@dataclass
class Served:
    page: str
    token: str
    redis: str


# For this package only: other tests want the processor, and the event loop, for themselves.
@pytest.fixture(scope="package")
def pipeline(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Five streams: people or cars, three codecs that Chromium can't play, and none."""
    folder = tmp_path_factory.mktemp("browser")
    how = {"size": (320, 240), "frames": 75, "gop": 25}
    old = media.clip(folder / "old.mp4", codec="mpeg4", **how)
    new = media.clip(folder / "new.mp4", codec="libx265", options={"x265-params": QUIET}, **how)
    cut = media.clip(folder / "cut.mov", codec="prores_ks", pixels="yuv422p10le", **how)
    people = assets / "videos" / "one-by-one-person-detection.mp4"
    lobby = people if people.exists() else real.clip(real.FILM)
    listed = folder / "cameras.yaml"
    listed.write_text(
        cameras.dump(
            [
                Camera("lobby", str(lobby), (MODEL,), framerate=5.0),
                Camera("old", str(old)),
                Camera("cut", str(cut)),
                Camera("new", str(new)),
                Camera("missing", str(folder / "nothing.mp4")),
            ]
        )
    )
    env = os.environ | {"CNAP_CACHE": str(folder / "cache")}
    process = subprocess.Popen(
        [sys.executable, SERVE, listed, MODEL],
        cwd=Path(__file__).parents[2],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        facts = json.loads(process.stdout.readline())
        yield Served(facts["page"], facts["token"], facts["redis"])
    finally:
        process.stdin.close()
        process.wait(20)


@pytest.fixture(scope="package")
def chromium() -> Iterator:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, and what it must not do."""

    page: object
    problems: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@contextlib.contextmanager
def opening(chromium, served: Served, but: str = "\n") -> Iterator:
    """Opens the page with the token in its address; checks at the end that it was quiet, `but` for
    what begins so."""
    opened: list[Opened] = []

    def start(token: bool = True, **context) -> object:
        given = {"viewport": {"width": 1280, "height": 800}} | context
        page = chromium.new_context(**given).new_page()
        page.set_default_timeout(PATIENCE)
        one = Opened(page)
        opened.append(one)
        page.on("console", lambda said: one.problems.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: one.problems.append(str(error)))
        page.on("request", lambda request: one.hosts.add(urlsplit(request.url).netloc))
        page.goto(served.page + (f"/#token={served.token}" if token else "/"))
        page.wait_for_selector("body[data-loaded]")
        return page

    yield start
    for one in opened:
        one.page.context.close()
        assert [said for said in one.problems if not said.startswith(but)] == []
        assert one.hosts <= {urlsplit(served.page).netloc, ""}


@pytest.fixture
def open_page(chromium, pipeline: Served) -> Iterator:
    with opening(chromium, pipeline) as start:
        yield start


@pytest.fixture
def page(open_page) -> object:
    return open_page()


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def open_fake(chromium, fake: Fake) -> Iterator:
    """As open_page, of a dashboard that tells what a test decides."""
    with (
        serving(fake) as address,
        opening(chromium, Served(address, TOKEN, ""), REFUSED) as start,
    ):
        yield start
