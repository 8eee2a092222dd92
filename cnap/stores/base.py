"""What every store can do."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from cnap.errors import BadEvent

Buffer = bytes | bytearray | memoryview

KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9.-]*[a-z0-9][a-z0-9.-]*)+")
MAX_KEY = 500


@dataclass(frozen=True)
class StoredObject:
    key: str
    size: int
    modified: float
    """Unix seconds."""


class Store(ABC):
    """Objects by key. Every method raises Unavailable where the store does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def uri(self, key: str) -> str:
        """The `dataref` of a key."""
        return f"{self.url}/{key}"

    def key(self, dataref: str) -> str:
        """The key behind a `dataref`; BadEvent where it points outside this store."""
        key = dataref.removeprefix(self.url + "/")
        if key == dataref or len(key) > MAX_KEY or not KEY.fullmatch(key):
            raise BadEvent(f"dataref {dataref[:120]!r} is not in the store {self.url}")
        return key

    @abstractmethod
    def put(self, key: str, *parts: Buffer) -> None:
        """Stores the parts, one after another, as one object: wholly or not at all.

        Raises Unavailable where the store is full: writers wait, and so do their callers.
        """

    @abstractmethod
    def get(self, key: str) -> memoryview:
        """The object's bytes; Missing where there is none."""

    @abstractmethod
    def delete(self, *keys: str) -> None:
        """Deletes what is there; a key without an object is no error."""

    @abstractmethod
    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys start with `prefix`, sorted by key."""
