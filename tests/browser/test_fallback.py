"""A codec that this browser can't play."""

from tests.browser.looking import moves, tile


def test_pictures_instead(page) -> None:
    old = tile(page, "old")

    old.locator(".badge:visible").wait_for()
    assert "can't play MPEG-4" in old.locator(".badge").first.text_content()
    moves(page, "old", "canvas.picture")
    assert old.locator("video").is_hidden()


def test_a_camera_that_is_not_there_says_why(page) -> None:
    missing = tile(page, "missing")

    missing.locator(".veil:visible").wait_for()
    assert "is not there" in missing.locator(".veil").text_content()
