"""Video that moves, with boxes where the results say."""

import json
from datetime import datetime

from cnap.redis import connect
from tests import real
from tests.browser.conftest import Served
from tests.browser.looking import OVERLAY, moves, tile, until

LABEL = "person" if real.WHOLE else "car"


def results(pipeline: Served) -> dict[int, tuple[float, list[dict]]]:
    """The picture's aspect and its detections by capture time in whole milliseconds, as publish
    wrote them."""
    found = {}
    with connect(pipeline.redis) as database:
        for _, entry in database.xrevrange("cnap:results:lobby", count=40):
            data = json.loads(entry["data"])
            for frame in data["frames"]:
                moment = datetime.fromisoformat(frame["time"]).timestamp() * 1000
                found[round(moment)] = data["width"] / data["height"], frame["detections"]
    return found


def test_video_moves(page) -> None:
    video = tile(page, "lobby").locator("video")
    until(lambda: video.evaluate("(video) => video.currentTime > 0 && !video.paused"))
    before = video.evaluate("(video) => video.currentTime")
    until(lambda: video.evaluate("(video) => video.currentTime") > before + 1)
    moves(page, "lobby", "video")


LATE = """
async () => {
  const { Player } = await import("/ui/js/player.js");
  const { parse } = await import("/ui/js/mp4.js");
  const { segment } = await import("/ui/js/api.js");
  const found = await segment("lobby", null);
  const piece = { ...parse(found.data), epoch: found.epoch };
  const video = document.createElement("video");
  // The source is open, and takes segments, some time before the event says so.
  let [late, source] = [() => {}, null];
  MediaSource.prototype.addEventListener = function (type, handler) {
    [late, source] = [handler, this];
  };
  const append = SourceBuffer.prototype.appendBuffer;
  SourceBuffer.prototype.appendBuffer = function (data) {
    append.call(this, data);
    if ([...(source?.sourceBuffers ?? [])].includes(this)) late(); // not the page's own
  };
  return await new Promise((resolve) => {
    const [shown, failed] = ["shown", "failed"].map((word) => () => resolve(word));
    const clock = { now: piece.epoch + piece.start * 1000 };
    const player = new Player(video, clock, shown, failed);
    const again = setInterval(() => player.append(piece), 100);
    setTimeout(() => (clearInterval(again), resolve("nothing")), 60_000);
  });
}
"""


def test_segments_that_come_before_the_browser_says_it_is_ready(page) -> None:
    until(lambda: tile(page, "lobby").locator("video").evaluate("(video) => video.currentTime > 0"))
    assert page.evaluate(LATE) == "shown"


def test_boxes_are_where_the_results_say(page, pipeline: Served) -> None:
    canvas = tile(page, "lobby").locator(".overlay")

    def matched() -> bool:
        overlay = canvas.evaluate(OVERLAY)
        near = [
            (abs(moment - overlay["moment"]), found) for moment, found in results(pipeline).items()
        ]
        distance, (aspect, detections) = min(near, default=(1000, (1, [])), key=lambda p: p[0])
        if distance > 2 or not detections:
            return False  # an empty frame, or one between those that were looked at
        return all(outlined(overlay, aspect, one["box"]) for one in detections)

    until(matched, 120)


def outlined(overlay: dict, aspect: float, box: list[float]) -> bool:
    """Whether three edges of a box are drawn, the label's place aside."""
    width, height, drawn = overlay["width"], overlay["height"], overlay["drawn"]
    wide, high = min(width, height * aspect), min(height, width / aspect)
    beside, above = (width - wide) / 2, (height - high) / 2

    def ink(x: float, y: float) -> bool:
        columns = range(max(0, round(x) - 2), min(width, round(x) + 3))
        rows = range(max(0, round(y) - 2), min(height, round(y) + 3))
        return any(drawn[row * width + column] for row in rows for column in columns)

    left, right = (beside + x * wide for x in (box[0], box[2]))
    top, bottom = (above + y * high for y in (box[1], box[3]))
    steps = [0.1 + 0.08 * n for n in range(11)]
    edges = [[ink(x, top + (bottom - top) * part) for part in steps] for x in (left, right)]
    edges.append([ink(left + (right - left) * part, bottom) for part in steps])
    inside = ink(left + (right - left) * 0.5, top + (bottom - top) * 0.8)
    return all(sum(edge) >= 10 for edge in edges) and not inside


def test_the_account_adds_up(page) -> None:
    account = tile(page, "lobby").locator(".account")
    until(lambda: not account.get_attribute("aria-label").startswith("0 "))
    words = account.get_attribute("aria-label").replace(",", "")
    numbers = [int(word) for word in words.split() if word.isdigit()]
    captured, *parts = numbers

    assert captured == sum(parts) > 0


def test_functions_are_awake(page) -> None:
    for name in ("transcode", f"infer-{real.MODEL}", "publish", "dashboard"):
        page.wait_for_selector(f'[data-function="{name}"][data-state="awake"]')


def test_focus_lists_what_is_in_the_picture(page) -> None:
    tile(page, "lobby").locator('button[aria-label="Focus lobby"]').click()
    panel = page.locator("#panel")

    panel.locator(".found li").first.wait_for()
    panel.locator(f'.chips button:has-text("{LABEL}")').click()
    until(lambda: panel.locator(f".found li:has-text('{LABEL}')").count() == 0)
    panel.locator(f'.chips button:has-text("{LABEL}")').click()
    assert not tile(page, "old").is_visible()
    page.keyboard.press("Escape")
    tile(page, "old").wait_for()
    assert panel.is_hidden()
