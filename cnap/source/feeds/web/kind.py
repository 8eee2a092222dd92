"""Which kind of camera is behind a web address."""

import re

from aiohttp import ClientResponse

from cnap.cameras import Camera
from cnap.source.feeds.feed import Feed, Misconfigured
from cnap.source.feeds.web.client import Web

FORCED = re.compile(r"(hls|mjpeg|snapshot)\+(https?://.*)", re.DOTALL | re.IGNORECASE)
TYPES = {
    "mjpeg": r"multipart/",
    "snapshot": r"image/",
    "hls": r"(application|audio)/(x-|vnd\.apple\.)?mpegurl",
}
PATHS = {"hls": (".m3u8", ".m3u"), "snapshot": (".jpg", ".jpeg", ".png")}


def open_web(camera: Camera) -> Feed:
    """The camera at an http:// or https:// url: by the kind before the url (hls+http://), by what
    it answers, or by the url's path; else video that is read as it comes. Raises CameraFailed."""
    match = FORCED.fullmatch(camera.url)
    forced, url = match.groups() if match else ("", camera.url)
    web = Web(url)
    try:
        answer = web.run(web.get(web.url))
        kind = forced.lower() or _kind(answer)
        if kind == "hls":
            from cnap.source.feeds.hls.feed import HlsFeed

            return HlsFeed(web, answer, camera.size, camera.loop)
        if kind == "mjpeg":
            from cnap.source.feeds.web.mjpeg import MjpegFeed

            return MjpegFeed(web, answer)
        if kind == "snapshot":
            from cnap.source.feeds.web.snapshots import SnapshotFeed

            return SnapshotFeed(web, answer, camera.framerate)
        from cnap.source.feeds.web.progressive import ProgressiveFeed

        return ProgressiveFeed(web, answer, camera.loop)
    except BaseException:
        web.close()
        raise


def _kind(answer: ClientResponse) -> str:
    told = answer.headers.get("Content-Type", "").lower()
    if re.match(r"text/html", told):
        raise Misconfigured("the url shows a web page; what is needed is the video's own url")
    return next(
        (kind for kind, pattern in TYPES.items() if re.match(pattern, told)),
        next((kind for kind, ends in PATHS.items() if answer.url.path.lower().endswith(ends)), ""),
    )
