"""The janitor: deletes objects that are past their time, whatever became of their owner.

Sources delete their segments and publish deletes frame groups; this is for what a source or a
function that was killed left behind. `python -m cnap.janitor` sweeps once.
"""

import logging
import os
import time

from cnap.stores import Store, open_store

log = logging.getLogger("cnap.janitor")

KEEP = 900.0
"""Seconds (CNAP_KEEP): far longer than any event lives between its retries."""
PREFIXES = ("segments/", "frames/")


def sweep(store: Store, keep: float = KEEP) -> int:
    """Deletes what is older than `keep` seconds; returns how many objects that were."""
    oldest = time.time() - keep
    past = [
        found.key
        for prefix in PREFIXES
        for found in store.objects(prefix)
        if found.modified < oldest
    ]
    store.delete(*past)
    return len(past)


def main() -> None:
    logging.basicConfig(level="INFO", format="%(message)s")
    removed = sweep(open_store(), float(os.environ.get("CNAP_KEEP", KEEP)))
    log.info("%d objects removed", removed)


if __name__ == "__main__":
    main()
