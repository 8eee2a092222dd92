"""What a `testsrc:` url asks for: read before anything is opened, and by whoever opens it."""

import re
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import parse_qsl, urlsplit

SMALLEST, LARGEST = (160, 90), (3840, 2160)
CODECS = ("h264", "h265", "mjpeg")


@dataclass(frozen=True)
class Pattern:
    size: tuple[int, int] = (1280, 720)
    rate: Fraction = Fraction(25)
    gop: float = 2.0
    codec: str = "h264"

    @classmethod
    def of(cls, url: str) -> "Pattern":
        """Raises ValueError, in words, with all that is not understood."""
        parts = urlsplit(url)
        if parts.path or parts.netloc or parts.fragment:
            raise ValueError(f"{url}: write it as testsrc:?size=1280x720&rate=25&gop=2")
        asked, wrong = {}, []
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            try:
                if name not in READERS:
                    known = ", ".join(READERS)
                    raise ValueError(f"testsrc has no setting {name!r}: there are {known}")
                asked[name] = READERS[name](value)
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise ValueError("; ".join(wrong))
        return cls(**asked)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch("([0-9]{1,5})x([0-9]{1,5})", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    fits = all(low <= side <= high for low, side, high in zip(SMALLEST, size, LARGEST, strict=True))
    if not fits or any(side % 2 for side in size):
        low, high = ("x".join(map(str, limit)) for limit in (SMALLEST, LARGEST))
        raise ValueError(
            f"testsrc: size must be even numbers from {low} to {high}, as in 1280x720, not {text!r}"
        )
    return size


def _rate(text: str) -> Fraction:
    return _number("rate", "frames a second", text, 1, 60)


def _gop(text: str) -> float:
    return float(_number("gop", "seconds between key frames", text, 0, 60))


def _number(name: str, what: str, text: str, low: int, high: int) -> Fraction:
    number = Fraction(text) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) else None
    if number is None or not low <= number <= high:
        raise ValueError(f"testsrc: {name} ({what}) must be from {low} to {high}, not {text!r}")
    return number


def _codec(text: str) -> str:
    if text not in CODECS:
        raise ValueError(f"testsrc: codec must be one of {', '.join(CODECS)}, not {text!r}")
    return text


READERS = {"size": _size, "rate": _rate, "gop": _gop, "codec": _codec}
