"""`${NAME}` in a camera's url: what it stands for is nobody's business but the camera's.

In a cluster it is a key of the Secret `cameras`, mounted as files that follow its changes; on one
machine it is a file of the folder CNAP_CAMERA_SECRETS or, where nothing is mounted and no folder is
named, a variable of the environment. (A pod's environment is not asked: whoever may write a url
could send the store's password wherever he likes. For the same reason a name can't lead out of its
folder.) `$(NAME)` would be replaced by Kubernetes itself where it stands in a pod's YAML, and
everybody saw the result.

A password that stands in a url as it is, is everybody's who may read cameras.yaml, and hidden from
all others as well.
"""

import contextlib
import logging
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cnap.cameras.urls import KEY, MASK, is_path, masked, passwords
from cnap.source.feeds import Misconfigured

FOLDER = Path("/etc/cnap/cameras")
REFERENCE = re.compile(r"\$\{([^{}]*)\}")
SHORT = 4
"""Letters of a value that is hidden only where it stands alone: it may be a part of any word."""


class References:
    """Puts values in, and takes every value that was ever put in out of what people read."""

    def __init__(self, folder: Path | None = None) -> None:
        """CNAP_CAMERA_FILES, where it is set, is the folder that relative paths begin at."""
        self._named = os.environ.get("CNAP_CAMERA_SECRETS", "")
        self._folder = folder or Path(self._named or FOLDER)
        self._files = os.environ.get("CNAP_CAMERA_FILES", "")
        self._shown: dict[str, str] = {}
        self._lock = threading.Lock()

    def resolve(self, url: str) -> str:
        """The url with its values as they are now. Raises Misconfigured where there is none."""
        parts, end, found = [], 0, {}
        for match in REFERENCE.finditer(url):
            found[match[0]] = value = self._value(match[1])
            parts += url[end : match.start()], _fitted(value, url, match)
            end = match.end()
        resolved = "".join([*parts, url[end:]])
        if found or masked(url) != url:
            plain = [form for text in passwords(resolved) for form in _bare(text)]
            self._note(dict(plain) | {resolved: masked(url)} | dict(_forms(found)))
        if self._files and is_path(resolved):
            return str(Path(self._files, Path(resolved).expanduser()))
        return resolved

    def hide(self, text: str) -> str:
        """The text with references where values were."""
        shown = self._shown
        # One pattern of all values would have to be made anew with each: minutes, for a thousand.
        found = [secret for secret in shown if secret in text]
        if not found:
            return text
        # The longest first, and all in one pass: a reference may look like another's value.
        pattern = "|".join(map(_pattern, sorted(found, key=len, reverse=True)))
        return re.sub(pattern, lambda match: shown[match[0]], text)

    def _value(self, name: str) -> str:
        mounted = bool(self._named) or self._folder.is_dir()
        place = self._named or ("the Secret cameras" if mounted else "the environment")
        try:
            if not KEY.fullmatch(name):
                raise KeyError
            value = (self._folder / name).read_text() if mounted else os.environ[name]
        except (KeyError, FileNotFoundError):
            raise Misconfigured(f"nothing is called {name} in {place}") from None
        except (OSError, ValueError):
            raise Misconfigured(f"{name} in {place} can't be read as text") from None
        return value.rstrip("\r\n")  # which `echo` and editors put there

    def _note(self, shown: dict[str, str]) -> None:
        with self._lock:
            if not shown.keys() <= self._shown.keys():
                self._shown = shown | self._shown


class Hiding(logging.Formatter):
    """Keeps values out of a log, tracebacks and other libraries' words included."""

    def __init__(self, references: References, form: str) -> None:
        super().__init__(form)
        self._references = references

    def format(self, record: logging.LogRecord) -> str:
        return self._references.hide(super().format(record))


def _fitted(value: str, url: str, reference: re.Match[str]) -> str:
    """The value as it must be where it stands: a password may have any letter, and a url may not.
    User and password, and what follows the question mark, are escaped; else it is as it is."""
    before, after = url[: reference.start()], url[reference.end() :]
    if "://" in before and ("?" in before or "@" in re.split("[/?#]", after)[0]):
        return quote(value, safe="")
    return value


def _forms(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each value with its reference: as it is, the password in it if it is a whole url, and both
    as others may quote them."""
    for reference, value in values.items():
        password = None
        with contextlib.suppress(ValueError):
            password = urlsplit(value).password
        for text in filter(None, (value, password)):
            for form in (text, quote(text, safe=""), quote(text), repr(text)[1:-1]):
                yield form, reference


def _bare(password: str) -> Iterator[tuple[str, str]]:
    """A password of a url as it is written there and as it is typed, with what is shown of it. A
    plain word may be one of any sentence: it is a password where a login is written."""
    for text in {password, unquote(password)}:
        if text.isalpha():
            yield from ((f":{text}@", f":{MASK}@"), (f"={text}", f"={MASK}"))
        else:
            yield from ((text, MASK), (repr(text)[1:-1], MASK))


def _pattern(secret: str) -> str:
    alone = len(secret) < SHORT
    return rf"(?<!\w){re.escape(secret)}(?!\w)" if alone else re.escape(secret)
