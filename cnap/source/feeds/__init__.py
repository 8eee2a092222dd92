"""Cameras of every kind, opened: each file is one kind."""

from typing import TYPE_CHECKING

from cnap.cameras import Camera
from cnap.source.feeds.feed import CameraFailed, Feed, Misconfigured
from cnap.source.feeds.file import FileFeed

if TYPE_CHECKING:
    from cnap.source.uploads import Uploads

__all__ = ["CameraFailed", "Feed", "FileFeed", "Misconfigured", "open_feed"]


def open_feed(camera: Camera, uploads: "Uploads | None" = None) -> Feed:
    """The camera, whose url has no references any more; `uploads` is where pushed video comes, if
    it does. Raises CameraFailed."""
    if camera.url.startswith("push:"):
        from cnap.source.feeds.pushed import PushedFeed

        return PushedFeed(camera, uploads)
    if camera.url.startswith("testsrc:"):
        from cnap.source.feeds.pattern import PatternFeed

        return PatternFeed(camera)
    scheme, separator, _ = camera.url.partition("://")
    if separator and scheme != "file":
        raise Misconfigured(f"{scheme}:// cameras can't be read yet; give a video file")
    return FileFeed(camera.url, camera.loop)
