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
ATTEMPTS = 1000


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
            with contextlib.suppress(OSError):
                aside.unlink()
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
        try:
            for key in keys:
                (self.root / key).unlink(missing_ok=True)
                self._remove_emptied(key)
        except OSError as error:
            raise Unavailable(f"the store {self.root} can't be changed: {error.strerror}") from None
        if not self.root.is_dir():
            raise Unavailable(f"the store {self.root} is gone")

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        if not self.root.is_dir():
            raise Unavailable(f"the store {self.root} is gone")
        keys = []
        for folder, _, names in os.walk(self.root / prefix.rpartition("/")[0]):
            within = Path(folder).relative_to(self.root)
            keys += [(within / name).as_posix() for name in names if not name.startswith(".")]
        for key in sorted(key for key in keys if key.startswith(prefix)):
            try:
                facts = (self.root / key).stat()
            except FileNotFoundError:
                continue  # deleted while we looked
            yield StoredObject(key, facts.st_size, facts.st_mtime)

    def _remove_emptied(self, key: str) -> None:
        for folder in list((self.root / key).parents)[: key.count("/")]:
            try:
                folder.rmdir()
            except OSError:
                return  # another object is in it, or somebody removed it first

    def _create(self, path: Path) -> FileIO:
        """Opens a new file and makes its folders, but never the store's own: that is gone then."""
        for _ in range(ATTEMPTS):
            if not self.root.is_dir():
                raise FileNotFoundError
            # Somebody may be emptying and removing a folder just now: then it is made again.
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                path.parent.mkdir(parents=True, exist_ok=True)
                return path.open("wb", buffering=0)
        raise NotADirectoryError(errno.ENOTDIR, f"{path.parent} can't be made")

    def _usage(self) -> int:
        """Bytes in use, measured at most once a second."""
        if time.monotonic() - self._measured > 1:
            self._used = sum(entry.size for entry in self.objects(""))
            self._measured = time.monotonic()
        return self._used


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
