"""A codec that this browser can't play."""

import pytest

from tests.browser.looking import moves, tile


@pytest.mark.parametrize(
    ("stream", "codec"), [("old", "MPEG-4"), ("cut", "ProRes"), ("new", "H.265")]
)
def test_pictures_instead(page, stream, codec) -> None:
    seen = tile(page, stream)

    seen.locator(f".badge.fallback:visible:has-text('{codec} as pictures')").wait_for()
    moves(page, stream, "canvas.picture")
    assert seen.locator("video").is_hidden()


def test_a_camera_that_is_not_there_says_why(page) -> None:
    missing = tile(page, "missing")

    missing.locator(".veil:visible").wait_for()
    assert "is not there" in missing.locator(".veil").text_content()
