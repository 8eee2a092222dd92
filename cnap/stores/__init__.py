"""Where large bytes live while events carry references to them (the claim-check pattern)."""

import os

from cnap.errors import CnapError
from cnap.stores.base import Store, StoredObject

__all__ = ["Store", "StoredObject", "open_store"]


def open_store(url: str | None = None) -> Store:
    """The store at `url` (default: CNAP_STORE): `s3://bucket` or `file:///folder`."""
    url = url or os.environ.get("CNAP_STORE", "")
    if url.startswith("s3://"):
        from cnap.stores.s3 import S3Store

        return S3Store(url)
    if url.startswith("file:///"):
        from cnap.stores.directory import DirectoryStore

        quota = os.environ.get("CNAP_STORE_QUOTA")
        return DirectoryStore(url, int(quota) if quota else None)
    raise CnapError(f"CNAP_STORE must be s3://BUCKET or file:///FOLDER, not {url!r}")
