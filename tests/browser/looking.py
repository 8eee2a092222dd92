"""What is on the screen, asked of the page itself."""

import time
from collections.abc import Callable

TILE = '.tile[data-stream="{}"]'

PIXELS = """
(node) => {
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(node, 0, 0, 64, 36);
  return [...context.getImageData(0, 0, 64, 36).data];
}
"""

OVERLAY = """
(canvas) => {
  const { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  const drawn = [];
  for (let n = 3; n < data.length; n += 4) drawn.push(data[n] > 60 ? 1 : 0);
  return { moment: Number(canvas.dataset.moment), width, height, drawn };
}
"""


def tile(page, stream: str):
    return page.locator(TILE.format(stream))


def until(condition: Callable[[], object], seconds: float = 60) -> object:
    """What the condition gives, once it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.1)
    return found


def moves(page, stream: str, surface: str) -> None:
    """Waits until the picture of a stream has changed twice, and is no single colour."""
    node = tile(page, stream).locator(surface)
    first = node.evaluate(PIXELS)
    second = until(lambda: changed(node.evaluate(PIXELS), first))
    third = until(lambda: changed(node.evaluate(PIXELS), second))
    assert len(set(third)) > 8


def changed(pixels: list[int], before: list[int]) -> list[int] | None:
    differing = sum(abs(a - b) > 8 for a, b in zip(pixels, before, strict=True))
    return pixels if differing > 20 else None
