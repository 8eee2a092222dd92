"""The page itself: small and large, light and dark, by keyboard, without a token, offline."""

import pytest

from tests.browser.looking import tile, until

WIDTH = "() => [document.documentElement.scrollWidth, innerWidth]"


@pytest.mark.parametrize("size", [(360, 740), (820, 1180), (1920, 1080)])
def test_nothing_is_wider_than_the_screen(open_page, size: tuple[int, int]) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})

    wide, window = page.evaluate(WIDTH)
    assert wide <= window
    boxes = [one.bounding_box() for one in page.locator(".tile").all()]
    assert len(boxes) == 5
    if size[0] == 360:
        assert len({box["x"] for box in boxes}) == 1


def test_light_and_dark(open_page) -> None:
    colour = "() => getComputedStyle(document.documentElement).backgroundColor"
    dark, light = (open_page(color_scheme=scheme) for scheme in ("dark", "light"))
    assert dark.evaluate(colour) != light.evaluate(colour)

    dark.locator("#theme").click()  # as the system → dark
    dark.locator("#theme").click()  # → light
    assert dark.evaluate(colour) == light.evaluate(colour)


def test_by_keyboard(page) -> None:
    def focused() -> str:
        return page.evaluate("() => document.activeElement.dataset.stream ?? ''")

    page.keyboard.press("ArrowRight")
    assert focused() == "lobby"
    page.keyboard.press("ArrowRight")
    assert focused() == "old"
    page.keyboard.press("f")
    page.wait_for_selector("#panel h2:has-text('old')")
    page.keyboard.press("Escape")
    tile(page, "lobby").wait_for()
    page.keyboard.press("?")
    page.wait_for_selector("dialog:has-text('full screen')")
    page.keyboard.press("Escape")
    until(lambda: page.locator("dialog").count() == 0)
    assert focused() == "old"
    page.keyboard.press("Space")
    tile(page, "old").locator(".veil:has-text('Paused')").wait_for()
    page.keyboard.press("Space")
    tile(page, "old").locator(".veil").wait_for(state="hidden")


def test_the_token_leaves_the_address(page) -> None:
    assert "token" not in page.url


def test_without_a_token_one_can_only_look(open_page) -> None:
    page = open_page(token=False)

    page.locator("#viewer:has-text('View only')").wait_for()
    tile(page, "lobby").locator('button[aria-label^="Pause lobby"]').click()
    page.locator("dialog:has-text('token')").wait_for()
    page.keyboard.press("Escape")
    until(lambda: tile(page, "lobby").get_attribute("data-state") == "live")


def test_disconnected_and_back(chromium, pipeline) -> None:
    page = chromium.new_page()
    page.set_default_timeout(60_000)
    page.goto(pipeline.page)
    page.wait_for_selector('#connection[data-state="open"]')
    page.context.set_offline(True)
    page.wait_for_selector("#banner:visible")
    page.wait_for_selector('#connection[data-state="lost"]')
    page.context.set_offline(False)
    page.wait_for_selector('#connection[data-state="open"]')
    page.wait_for_selector("#banner", state="hidden")
    page.close()
