"""Makes docs/page.png, the README's picture, from the real page over a real pipeline.

    python docs/screenshot.py [NAME=FILE...]

Needs Chromium and playwright (`pip install -e .[test]`); films and models are found as `cnap up`
finds them, or in the folder that CNAP_ASSETS names.
"""

import asyncio
import os
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph
from playwright.async_api import Page, async_playwright

from cnap.cameras import Camera
from cnap.models import clip, default, fetch
from cnap.pipeline import Pipeline

PICTURE = Path(__file__).with_name("page.png")
SIZE = {"width": 1280, "height": 860}
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
MOST = 400 << 10
PATIENCE = 90_000
FILMS = {
    "lobby": "one-by-one-person-detection.mp4",
    "counter": "bottle-detection.mp4",
    "street": "bikes.mp4",
    "road": "udacity_test_video.mp4",
}


def films(arguments: list[str]) -> dict[str, str]:
    """Streams by name: those of the command line, the samples in CNAP_ASSETS, or the demo clip."""
    if arguments:
        return dict(argument.split("=", 1) for argument in arguments)
    if not os.environ.get("CNAP_ASSETS"):
        return {"demo": str(fetch(clip("bikes")))}
    folder = Path(os.environ["CNAP_ASSETS"]) / "videos"
    return {name: str(folder / film) for name, film in FILMS.items()}


async def boxes(page: Page) -> None:
    """Waits a while for a moment when there is something in every picture."""
    for _ in range(400):
        described = [
            await tile.get_attribute("aria-label") or ""
            for tile in await page.locator(".overlay").all()
        ]
        if not any(one.endswith("nothing found") for one in described):
            return
        await asyncio.sleep(0.2)


async def photograph(url: str) -> bytes:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        page = await browser.new_page(viewport=SIZE, color_scheme="dark")
        page.set_default_timeout(PATIENCE)
        await page.goto(url)
        await page.wait_for_selector('.tile[data-state="live"]')
        await asyncio.sleep(40)  # long enough for a history of replicas
        await boxes(page)
        picture = await page.screenshot()
        await browser.close()
        return picture


def small(png: bytes) -> bytes:
    """The same picture with a palette of 256 colours, which is half the bytes."""
    path = PICTURE.with_suffix(".full.png")
    path.write_bytes(png)
    try:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
    finally:
        path.unlink()
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1)
    )
    split, palette, use = (
        graph.add("split"),
        graph.add("palettegen"),
        graph.add("paletteuse", "dither=sierra2_4a"),
    )
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(palette, 0, 0)
    split.link_to(use, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.push(frame)
    graph.push(None)
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "pal8"
    encoder.time_base, encoder.options = Fraction(1), {"pred": "none", "compression_level": "9"}
    reduced = graph.pull()
    return b"".join(bytes(packet) for packet in [*encoder.encode(reduced), *encoder.encode(None)])


async def main() -> None:
    model, _ = default()
    cameras = [
        Camera(name, film, (model.name,), framerate=3.0)
        for name, film in films(sys.argv[1:]).items()
    ]
    pipeline = Pipeline(cameras, [model.name], 0)
    try:
        running = await pipeline.start()
        picture = small(await photograph(f"{running.page}/#token={running.token}"))
    finally:
        await pipeline.stop()
    if len(picture) > MOST:
        raise SystemExit(f"the picture has {len(picture) >> 10} KiB, and may have {MOST >> 10}")
    PICTURE.write_bytes(picture)
    print(f"{PICTURE}: {len(picture) >> 10} KiB")


if __name__ == "__main__":
    asyncio.run(main())
