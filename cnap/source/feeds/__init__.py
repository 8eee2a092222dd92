"""Cameras of every kind, opened: each file is one kind."""

from cnap.cameras import Camera
from cnap.source.feeds.feed import CameraFailed, Feed, Misconfigured
from cnap.source.feeds.file import FileFeed

__all__ = ["CameraFailed", "Feed", "FileFeed", "Misconfigured", "open_feed"]


def open_feed(camera: Camera) -> Feed:
    """The camera, whose url has no references any more. Raises CameraFailed."""
    if camera.url.startswith("testsrc:"):
        from cnap.source.feeds.pattern import PatternFeed

        return PatternFeed(camera)
    scheme, separator, _ = camera.url.partition("://")
    if separator and scheme != "file":
        raise Misconfigured(f"{scheme}:// cameras can't be read yet; give a video file")
    return FileFeed(camera.url, camera.loop)
