"""A folder as a store: for one machine, best in shared memory, where reading is a mapping."""

import contextlib
import errno
import mmap
import os
import threading
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from cnap.errors import Missing, Unavailable
from cnap.stores.base import Buffer, Store, StoredObject

FULL = (errno.ENOSPC, errno.EDQUOT)


class DirectoryStore(Store):
    """Objects are files under `root`, written aside and renamed, so that none is seen half done."""

    def __init__(self, url: str, quota: int | None = None) -> None:
        super().__init__(url)
        self.root = Path(url.removeprefix("file://"))
        self.quota = quota
        self._used = 0
        self._measured = float("-inf")

    def put(self, key: str, *parts: Buffer) -> None:
        if self.quota is not None and self._usage() > self.quota:
            raise Unavailable(f"the store {self.root} is over its quota of {self.quota >> 20} MiB")
        path = self.root / key
        aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            with self._create(aside) as file:
                for part in parts:
                    _write_all(file.fileno(), memoryview(part).cast("B"))
            aside.replace(path)
        except FileNotFoundError:
            raise Unavailable(f"the store {self.root} is gone") from None
        except OSError as error:
            aside.unlink(missing_ok=True)
            what = "is full" if error.errno in FULL else f"can't be written: {error.strerror}"
            raise Unavailable(f"the store {self.root} {what}") from None

    def get(self, key: str) -> memoryview:
        try:
            with (self.root / key).open("rb") as file:
                if os.fstat(file.fileno()).st_size == 0:
                    return memoryview(b"")
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except FileNotFoundError:
            if not self.root.is_dir():
                raise Unavailable(f"the store {self.root} is gone") from None
            raise Missing(f"{key} is not in the store") from None
        except OSError as error:
            raise Unavailable(f"the store {self.root} can't be read: {error.strerror}") from None

    def delete(self, *keys: str) -> None:
        for key in keys:
            path = self.root / key
            path.unlink(missing_ok=True)
            for folder in list(path.parents)[: key.count("/")]:
                try:
                    folder.rmdir()
                except OSError:
                    break  # another object is in it, or somebody removed it first

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        folder = self.root / prefix.rpartition("/")[0]
        for path in sorted(folder.rglob("*")):
            key = path.relative_to(self.root).as_posix()
            if not key.startswith(prefix) or path.name.startswith("."):
                continue
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue  # deleted while we looked
            if path.is_file():
                yield StoredObject(key, facts.st_size, facts.st_mtime)

    def _create(self, path: Path) -> FileIO:
        """Opens a new file and makes its folders, but never the store's own: that is gone then."""
        while self.root.is_dir():
            with contextlib.suppress(FileNotFoundError):  # somebody emptied and removed a folder
                path.parent.mkdir(parents=True, exist_ok=True)
                return path.open("wb", buffering=0)
        raise FileNotFoundError

    def _usage(self) -> int:
        """Bytes in use, measured at most once a second."""
        if time.monotonic() - self._measured > 1:
            self._used = sum(entry.size for entry in self.objects(""))
            self._measured = time.monotonic()
        return self._used


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
