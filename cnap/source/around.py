"""What all streams of a source share."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnap.source.references import References
from cnap.source.sending.sink import Sink
from cnap.stores import Store

if TYPE_CHECKING:
    from cnap.source.uploads import Uploads

WRITERS = 8
"""Segments that are written into the store at once."""


def _pool() -> Executor:
    return ThreadPoolExecutor(WRITERS, "store")


@dataclass(frozen=True)
class Around:
    store: Store
    sink: Sink
    references: References = field(default_factory=References)
    uploads: "Uploads | None" = None
    """Where pushed video comes, if it does."""
    listed: bool = False
    """Whether the streams are those of the ConfigMap, and end where they are not in it any more."""
    pool: Executor = field(default_factory=_pool)
    """Whose threads write into the store."""
