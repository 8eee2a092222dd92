"""A camera's url: mistakes in it, and how it is shown."""

import re
from urllib.parse import urlsplit

MASK = "***"
"""What is shown for a password."""
SCHEMES = (
    *("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "file", "testsrc", "v4l2", "screen"),
    *("push", "udp", "rtp", "srt", "rtspt", "rtspu", "rtmpt", "rtmpe"),
)
READ = (
    *("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "file"),
    *("testsrc", "v4l2", "screen", "push"),
)
"""What `cnap.source.feeds` has a reader for."""
KINDS = ("hls", "mjpeg", "snapshot")
"""What may stand before http:// and a +."""
NETWORK = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https")
KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""A Secret's keys; names that begin with a dot are the mount's own."""
HOST = re.compile(
    r"""([^/@\s]+@.*                       # somebody's login
    |[0-9]{1,3}(\.[0-9]{1,3}){3}(:.*|/.*|) # an address
    |[\w.-]*[A-Za-z][\w.-]*:[0-9]+(/.*|)   # a host and its port
    |[\w.-]+\.(local|lan|home|internal|com|net|org|io)(/.*|))""",
    re.VERBOSE,
)
PASSWORD = re.compile(r"(?<=://)([^/?#\s:@]*):([^/?#\s]*(?=@)|(?!\d*[/?#])[^\s@]*(?=@))")
"""Up to the @ before the host or, where somebody has forgotten to escape it, any @ but in the path
behind a port."""
PARAMETER = re.compile(
    r"(?<=[?&])([^=&#\s]*(?:pass|passwd|password|pwd|token|secret|apikey|api_key|auth|key|sig"
    r"|signature))=([^&#\s]+)",
    re.IGNORECASE,
)
REFERENCE = re.compile(r"(?:\$\{[^{}]*\})+")


def masked(url: str) -> str:
    """The url as people may see it: *** for the password in it, references as they are."""
    return PARAMETER.sub(_parameter, PASSWORD.sub(_login, url))


def passwords(url: str) -> list[str]:
    """The parts that `masked` hides."""
    found = [match[2] for form in (PASSWORD, PARAMETER) for match in form.finditer(url)]
    return [text for text in found if text and not REFERENCE.fullmatch(text)]


def _login(match: re.Match[str]) -> str:
    return match[0] if _shown(match[2]) else f"{match[1]}:{MASK}"


def _parameter(match: re.Match[str]) -> str:
    return match[0] if _shown(match[2]) else f"{match[1]}={MASK}"


def _shown(secret: str) -> bool:
    return not secret or REFERENCE.fullmatch(secret) is not None


def is_path(url: str) -> bool:
    """Whether it is a file's path, and no url at all."""
    scheme, separator, _ = url.partition(":")
    return "://" not in url and not (separator and scheme.lower() in SCHEMES)


def mistake(url: str) -> str:
    """What is wrong with the url, "" where nothing is."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in url):
        return (
            "url has a line break or another letter in it that no url has; in double quotes, a \\ "
            "and what follows it is one"
        )
    if url != url.strip():
        return "url begins or ends with a space"
    for match in re.finditer(r"\$\{([^{}]*)(\}?)", url):
        if not match[2]:
            return f"url: {masked(match[0])} has no }} that ends it"
        if not KEY.fullmatch(match[1]):
            return (
                f"url: {match[0]} can't be a key of a Secret; use letters, digits, _, . and - in it"
            )
    if MASK in passwords(url):
        return f"url: {MASK} stands for a password that is not shown; write it, or ${{NAME}}"
    scheme, separator, rest = url.partition(":")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return _hostly(url)
    prefix, _, kind = scheme.lower().rpartition("+")
    if prefix and kind in SCHEMES and (kind not in ("http", "https") or prefix not in KINDS):
        return (
            f"url: {scheme}:// is none; {', '.join(KINDS)} can stand before +http:// or +https://"
        )
    if kind == "testsrc" and "${" not in rest:
        return _pattern(url)
    if kind in READ:
        return _networked(url, scheme, rest) if kind in NETWORK else ""
    return _unread(scheme) if kind in SCHEMES or rest.startswith("//") else _hostly(url)


def _hostly(url: str) -> str:
    if match := re.match(r"(rtsps?|rtmps?|https?)[;.]?//+", url, re.IGNORECASE):
        rest = url[match.end() :]
        return f"url needs a : behind {match[1]}, as in {masked(match[1] + '://' + rest)}"
    if HOST.fullmatch(url):
        return f"url needs a scheme; did you mean {masked('rtsp://' + url)}?"
    return ""


def _unread(scheme: str) -> str:
    from difflib import get_close_matches

    if scheme.lower() == "srt":
        return "url: srt:// can't be read here; docs/cameras.md shows how ffmpeg passes it on"
    near = get_close_matches(scheme.lower(), NETWORK, 1, 0.7)
    hint = f"did you mean {near[0]}://?" if near else "docs/cameras.md has what can be read"
    return f"url: no camera has the scheme {scheme}://; {hint}"


def _pattern(url: str) -> str:
    from cnap.cameras.testsrc import Pattern

    try:
        Pattern.of(url)
    except ValueError as error:
        return f"url: {error}"
    return ""


def _networked(url: str, scheme: str, rest: str) -> str:
    if not rest.startswith("//"):
        return f"url: write {scheme}:// with two slashes"
    if " " in url:
        return "url has a space in it; write %20"
    if "${" in re.split("[/?#]", rest[2:])[0]:
        return ""  # what is behind a reference can only be known when it is opened
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return (
            "url: what follows the host's : is no port; in a password, write %2F for a /, "
            "%23 for a #, %3F for a ? and %40 for an @"
        )
    return "" if host else f"url has no host, as in {scheme}://10.0.0.7/stream1"
