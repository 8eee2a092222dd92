"""Pausing lets the functions go to zero; resuming wakes them; the page shows how long it took."""

from tests.browser.looking import moves, tile, until
from tests.real import MODEL

FUNCTIONS = ("transcode", f"infer-{MODEL}", "publish")


def test_to_zero_and_back(page) -> None:
    page.wait_for_selector('[data-function="transcode"][data-state="awake"]')
    for stream in ("lobby", "old", "missing"):
        tile(page, stream).locator(f'button[aria-label^="Pause {stream}"]').click()
    tile(page, "lobby").locator(".veil:has-text('Paused')").wait_for()
    for name in FUNCTIONS:
        page.wait_for_selector(f'[data-function="{name}"][data-state="asleep"]')
        assert "asleep" in page.locator(f'[data-function="{name}"] .words').text_content()
    page.wait_for_selector('.cold[data-state="asleep"]')

    tile(page, "lobby").locator('button[aria-label^="Resume lobby"]').click()
    page.wait_for_selector('.cold[data-state="waking"]')
    for name in FUNCTIONS:
        page.wait_for_selector(f'[data-function="{name}"][data-state="awake"]')
    page.wait_for_selector('.cold[data-state="done"]')

    assert "last cold start, lobby" in page.locator(".cold .figure").text_content()
    assert page.locator(".cold .figure b").text_content().endswith(" s")
    until(lambda: page.locator(".cold .chart i.ready").count() == len(FUNCTIONS))
    moves(page, "lobby", "video")
    tile(page, "old").locator('button[aria-label^="Resume old"]').click()
    moves(page, "old", "canvas.picture")
