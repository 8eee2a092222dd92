"""A hundred streams: those in view are played, one finds the others, and the page stays quick."""

import pytest

from tests.browser.looking import tile, until
from tests.browser.telling import stream

MANY = 100


def hundred() -> list[dict[str, object]]:
    return [stream(f"camera-{n:03}") for n in range(MANY)]


def shown(page) -> list[str]:
    return page.locator(".tile:visible").evaluate_all("(all) => all.map((t) => t.dataset.stream)")


def test_only_what_is_in_view_is_asked_for(open_fake, fake) -> None:
    fake.show(*hundred())
    page = open_fake()
    until(lambda: "camera-000" in fake.asked)
    page.wait_for_timeout(1000)
    first = set(fake.asked)
    assert "camera-099" not in first
    assert len(first) < 30
    tile(page, "camera-099").scroll_into_view_if_needed()

    until(lambda: "camera-099" in fake.asked)
    tile(page, "camera-099").locator(".state:has-text('Live')").wait_for(state="attached")


def test_streams_are_found_by_name_and_by_state(open_fake, fake) -> None:
    fake.show(*hundred())
    page = open_fake()
    page.keyboard.press("/")
    page.keyboard.type("CAMERA-07")
    until(lambda: shown(page) == [f"camera-07{n}" for n in range(10)])
    page.keyboard.press("Control+a")
    page.keyboard.type("nothing")
    page.locator("#none button").click()
    until(lambda: len(shown(page)) == MANY)
    fake.streams[41] |= {"state": "offline", "reason": "host not found"}
    chip = page.locator("#states [data-of=offline]")
    chip.click()
    until(lambda: shown(page) == ["camera-041"])
    # Who comes back stays where he is, and others come after, until one looks anew.
    fake.streams[41]["state"] = "live"
    fake.streams[77]["state"] = "offline"
    until(lambda: shown(page) == ["camera-041", "camera-077"])
    chip.click()
    until(lambda: len(shown(page)) == MANY)
    chip.click()

    until(lambda: shown(page) == ["camera-077"])


CHANGES = """
() => {
  const WHAT = { subtree: true, childList: true, attributes: true, characterData: true };
  window.changed = [];
  new MutationObserver((all) => {
    for (const { target, type, attributeName } of all) {
      const node = target.nodeType === 1 ? target : target.parentElement;
      const name = node?.closest(".tile")?.dataset.stream;
      changed.push(`${name} ${node?.className} ${type} ${attributeName}`);
    }
  }).observe(document.getElementById("grid"), WHAT);
}
"""


def test_a_status_writes_only_what_has_changed(open_fake, fake) -> None:
    fake.show(*hundred())
    page = open_fake()
    until(lambda: tile(page, "camera-000").locator(".veil:visible").count())
    page.wait_for_timeout(700)
    page.evaluate(CHANGES)
    for one in (fake.streams[1], fake.streams[99]):
        one |= {"captured": 12, "inferred": 12}
    until(lambda: "12 frames captured" in (account(page, "camera-001") or ""))
    page.wait_for_timeout(1200)
    changed = page.evaluate("changed")

    assert {line.split()[0] for line in changed} == {"camera-001"}


def account(page, name: str) -> str | None:
    return tile(page, name).locator(".account").get_attribute("aria-label")


def test_narrow_and_many(open_fake, fake) -> None:
    fake.show(*hundred())
    page = open_fake(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)

    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window
    small = page.locator(".bar button:visible, .tile:first-child .buttons button").evaluate_all(
        "(all) => all.filter((b) => b.getBoundingClientRect().height < 36).map((b) => b.id)"
    )
    assert small == []


@pytest.mark.parametrize("width", [800, 1100, 1400])
def test_the_numbers_of_all_states_have_room(open_fake, fake, width: int) -> None:
    states = ["live", "degraded", "offline", "misconfigured", "paused", "ended"]
    fake.show(*(stream(f"{state}-{n}", state) for state in states for n in range(12)))
    page = open_fake(viewport={"width": width, "height": 600})
    chips = page.locator("#states .count-chip:visible")
    until(lambda: chips.count() == len(states) + 1)
    field = page.locator("#find").bounding_box()

    for chip in chips.all():
        box = chip.bounding_box()
        assert box["x"] + box["width"] <= field["x"]
