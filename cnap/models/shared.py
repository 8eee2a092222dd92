"""A store of one's own that has models: CNAP_MODELS, as `s3://bucket/prefix` or `file:///folder`.

`cnap models --push` puts them there, under the paths that an assets folder has.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cnap.models.assets import Asset
from cnap.models.family import ModelError

if TYPE_CHECKING:
    from cnap.stores import Store


def address() -> str | None:
    return os.environ.get("CNAP_MODELS") or None


def get(asset: Asset) -> memoryview:
    """What the store has in the asset's place. Raises CnapError where it has nothing."""
    store, prefix = opened()
    return store.get(prefix + asset.path)


def put(asset: Asset, path: Path) -> str:
    """Puts the asset's file into the store; says where. Raises CnapError."""
    store, prefix = opened()
    store.put(prefix + asset.path, path.read_bytes())
    return store.uri(prefix + asset.path)


def opened() -> tuple[Store, str]:
    """The store, and what its keys begin with. Raises ModelError."""
    from cnap.stores import open_store  # late: most processes never need it

    url = address()
    if not url:
        raise ModelError("CNAP_MODELS must be set: s3://BUCKET/PREFIX or file:///FOLDER")
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    if parts.scheme == "s3" and parts.netloc:
        return open_store(f"s3://{parts.netloc}"), f"{prefix}/" if prefix else ""
    if parts.scheme == "file" and not parts.netloc and prefix:
        return open_store(f"file:///{prefix}"), ""
    raise ModelError(f"CNAP_MODELS must be s3://BUCKET/PREFIX or file:///FOLDER, not {url!r}")
