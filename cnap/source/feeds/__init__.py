"""Cameras of every kind, opened: a folder for each kind."""

from typing import TYPE_CHECKING

from cnap.cameras import Camera
from cnap.source.feeds.feed import CameraFailed, Feed, Misconfigured
from cnap.source.feeds.films.file import FileFeed, local_path

if TYPE_CHECKING:
    from cnap.source.uploads import Uploads

__all__ = ["CameraFailed", "Feed", "FileFeed", "Misconfigured", "open_feed"]


def open_feed(camera: Camera, uploads: "Uploads | None" = None) -> Feed:
    """The camera, whose url has no references any more; `uploads` is where pushed video comes, if
    it does. Raises CameraFailed."""
    if camera.url.startswith("push:"):
        from cnap.source.feeds.pushed.feed import PushedFeed

        return PushedFeed(camera, uploads)
    if camera.url.startswith("testsrc:"):
        from cnap.source.feeds.machine.pattern import PatternFeed

        return PatternFeed(camera)
    if camera.url.startswith(("screen:", "v4l2:", "/dev/video", "/dev/v4l/")):
        from cnap.source.feeds.machine.device import device_feed, screen_feed

        return (screen_feed if camera.url.startswith("screen:") else device_feed)(camera)
    scheme, separator, _ = camera.url.partition("://")
    if scheme.lower() in ("rtsp", "rtsps", "rtmp", "rtmps", "udp", "srt"):
        from cnap.source.feeds.network.feed import NetworkFeed

        return NetworkFeed(camera)
    if scheme.lower().rpartition("+")[2] in ("http", "https"):
        from cnap.source.feeds.web.kind import open_web

        return open_web(camera)
    if separator and scheme != "file":
        raise Misconfigured(f"no camera can be read by {scheme}://; docs/cameras.md has what can")
    if local_path(camera.url).is_dir():
        from cnap.source.feeds.films.folder import FolderFeed

        return FolderFeed(camera)
    return FileFeed(camera.url, camera.loop)
