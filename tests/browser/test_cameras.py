"""Cameras come and go on the page while the pipeline runs."""

from tests.browser.looking import moves, tile, until


def test_a_camera_is_added_changed_and_removed(page) -> None:
    page.keyboard.press("a")
    page.locator("#field-name").fill("pattern")
    page.locator("#field-kind").select_option("pattern")
    page.keyboard.press("Enter")
    page.locator("dialog").wait_for(state="detached")
    seen = tile(page, "pattern")
    seen.locator(".state:has-text('Live')").wait_for()
    moves(page, "pattern", "video")

    seen.locator('button[aria-label="More about pattern"]').click()
    page.locator(".menu .item:has-text('Edit…')").click()
    page.locator("dialog summary").click()
    page.locator("#field-framerate").fill("2")
    page.keyboard.press("Enter")
    page.locator("dialog").wait_for(state="detached")
    page.keyboard.press("f")
    page.locator("#panel dd:has-text('testsrc:')").wait_for()
    page.locator("#panel button:has-text('Remove')").click()
    page.locator("dialog .danger").click()
    seen.wait_for(state="hidden")
    page.locator("#panel").wait_for(state="hidden")
    until(lambda: tile(page, "lobby").is_visible())
