"""What the page shows of each state: its sign, why, since when, and what comes next."""

import re
import time

import pytest

from tests.browser.looking import moves, tile, until
from tests.browser.telling import examples, instant, stream

SAID = {
    "gate": ("Live", ""),
    "yard": ("Degraded", "5 frames/s of 25"),
    "dock": ("Offline", "Host not found: cam7.local"),
    "office": ("Misconfigured", "refused the login"),
    "night": ("Paused", "for 2 h"),
}


def words(page, name: str, part: str) -> str:
    return tile(page, name).locator(part).text_content()


def test_each_state_has_a_word_a_sign_and_a_reason(open_fake, fake) -> None:
    fake.show(*examples())
    fake.video = {"gate", "yard"}
    page = open_fake()
    signs = set()
    for name, (word, reason) in SAID.items():
        until(lambda name=name, word=word: word in words(page, name, ".state"))
        signs.add(tile(page, name).locator(".line .sign path").get_attribute("d"))
        if reason:
            until(lambda name=name, reason=reason: reason in words(page, name, ".stage"))

    assert len(signs) == len(SAID)
    assert page.locator("#states .count-chip:visible").all_text_contents() == [
        "3in trouble",
        "2live",
        "1degraded",
        "1offline",
        "1misconfigured",
        "1paused",
    ]
    assert "No model looks at this stream" in words(page, "hall", ".unseen")


def test_the_next_try_is_counted_down(open_fake, fake) -> None:
    gone = stream("dock", "offline", reason="no answer within 5 s", nexttry=instant(40))
    fake.show(gone)
    page = open_fake()
    until(lambda: "offline for 2 min" in words(page, "dock", ".veil"))

    def left() -> int:
        found = re.search(r"next try in (\d+) s", words(page, "dock", ".veil"))
        return int(found[1]) if found else 0

    first = until(left)
    until(lambda: 0 < left() < first)
    gone["nexttry"] = instant(-1)
    until(lambda: "trying again now" in words(page, "dock", ".veil"))


def test_the_last_picture_stays_when_a_camera_goes(open_fake, fake) -> None:
    gate = stream("gate")
    fake.show(gate)
    fake.video = {"gate"}
    page = open_fake()
    moves(page, "gate", "video")
    gate |= {"state": "offline", "reason": "connection reset by the camera", "since": instant()}
    fake.video = set()

    tile(page, "gate").locator(".veil:visible:has-text('Connection reset')").wait_for()
    assert tile(page, "gate").get_attribute("data-picture") == "dimmed"
    assert tile(page, "gate").locator("video").evaluate("(video) => video.videoWidth") == 320
    gate |= {"state": "live", "reason": ""}
    fake.video = {"gate"}
    moves(page, "gate", "video")
    tile(page, "gate").locator(".veil").wait_for(state="hidden")


def test_a_stream_that_begins_again_is_shown_at_once(open_fake, fake) -> None:
    gate = stream("gate", "connecting")
    fake.show(gate)
    fake.video = {"gate"}
    fake.stopped = int(time.time()) - 40  # what is kept of it is old
    page = open_fake()
    until(lambda: tile(page, "gate").get_attribute("data-picture") != "none")
    fake.stopped, fake.epoch = None, int(time.time())
    gate["state"] = "live"

    moment = tile(page, "gate").locator(".overlay")
    until(lambda: float(moment.get_attribute("data-moment") or 0) > fake.epoch * 1000, 15)
    moves(page, "gate", "video")


def test_a_camera_that_went_before_anyone_looked_shows_what_is_kept(open_fake, fake) -> None:
    fake.show(stream("gate", "offline", reason="host not found"), stream("yard", "offline"))
    fake.video = {"gate"}
    page = open_fake()

    until(lambda: tile(page, "gate").get_attribute("data-picture") == "dimmed")
    assert tile(page, "yard").get_attribute("data-picture") == "none"
    asked = len(fake.asked)
    page.wait_for_timeout(1200)
    assert len(fake.asked) == asked, "once is enough"


def test_a_stream_that_nobody_looks_at_waits_for_its_picture(open_fake, fake) -> None:
    fake.show(stream("hall", looked=()))
    page = open_fake()

    tile(page, "hall").locator(".veil:has-text('Waiting for a picture')").wait_for()
    fake.video = {"hall"}
    moves(page, "hall", "video")


def test_changes_are_told_to_those_who_listen(open_fake, fake) -> None:
    fake.show(*(stream(f"camera-{n}") for n in range(6)))
    page = open_fake()
    news = page.locator("#news")
    fake.streams[0] |= {"state": "offline", "reason": "host not found"}
    until(lambda: news.text_content() == "camera-0: offline, host not found.")
    for one in fake.streams:
        one["state"] = "stalled"

    until(lambda: news.text_content() == "6 streams changed: 6 stalled.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read(open_fake, fake, scheme: str) -> None:
    fake.show(*examples())
    page = open_fake(color_scheme=scheme)
    until(lambda: "Live" in words(page, "gate", ".state"))

    assert page.evaluate(CONTRAST) == []


def test_a_mistake_in_the_list_of_cameras_is_told(open_fake, fake) -> None:
    fake.show(stream("gate"))
    page = open_fake()
    assert page.locator("#problem").is_hidden()
    fake.problem = "line 7: camera yard: framerate must be a number, not 'fast'"

    page.locator("#problem:visible:has-text('line 7: camera yard')").wait_for()
    fake.problem = ""
    page.locator("#problem").wait_for(state="hidden")


# Texts whose contrast with what is painted behind them is under 4.5, pictures aside.
CONTRAST = """
() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) (context.fillStyle = colour), context.fillRect(0, 0, 1, 1);
    const parts = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((n) => n / 255);
    const [r, g, b] = parts.map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = (node) => {
    const found = [];
    for (; node; node = node.parentElement) found.unshift(getComputedStyle(node).backgroundColor);
    return found;
  };
  const low = [];
  for (const node of document.querySelectorAll(".bar *, .node *, .tile *, .problem *")) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    const over = node.closest(".badges, [data-picture=dimmed] .stage");
    if (!own || over || !node.checkVisibility()) continue;
    const behind = grounds(node);
    const [a, b] = [paint(behind), paint([...behind, getComputedStyle(node).color])];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) low.push(`${node.textContent}: ${contrast.toFixed(2)}`);
  }
  return low;
}
"""


def test_what_a_stream_left_is_not_shown_as_live(open_fake, fake) -> None:
    fake.show(stream("hall", looked=()))
    fake.video = {"hall"}
    fake.stopped = int(time.time()) - 40
    page = open_fake()
    hall = tile(page, "hall")
    until(lambda: hall.get_attribute("data-picture") == "dimmed")
    assert "Waiting for a picture" in words(page, "hall", ".veil")

    fake.stopped, fake.epoch = None, int(time.time())
    until(lambda: hall.get_attribute("data-picture") == "clear")
    moves(page, "hall", "video")
