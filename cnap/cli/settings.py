"""What of `cnap doctor` depends on the machine's memory and disks and on the settings."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from cnap.embedded import get_binary_path
from cnap.errors import CnapError
from cnap.models import cache_dir
from cnap.redis import connect, said_plainly
from cnap.scratch import ENOUGH, SHARED_MEMORY
from cnap.stores import open_store

Finding = tuple[bool, str]

ROOM = 200 << 20
"""Bytes that the largest models take, with what is compiled of them."""
OLDEST_REDIS = (6, 2)


def cache() -> Finding:
    """Whether models can be kept."""
    place = cache_dir()
    there = next(one for one in (place, *place.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return False, f"the cache {place} can't be written; name another folder in CNAP_CACHE"
    free = shutil.disk_usage(there).free
    if free < ROOM:
        words = f"the cache {place} has {free >> 20} MiB left, and models need {ROOM >> 20}"
        return False, f"{words}; make room, or name another folder in CNAP_CACHE"
    return True, f"the cache {place} can be written ({free >> 20} MiB free)"


def redis() -> Finding:
    """Whether the Redis of the settings, or the bundled server, can be used."""
    url = os.environ.get("CNAP_REDIS")
    if not url:
        try:
            return True, f"Valkey comes with the project ({get_binary_path().name})"
        except Exception as error:  # the package has errors of its own for each platform
            return False, f"no Valkey server for this platform ({error}); set CNAP_REDIS"
    where = f"{shown(url)} (CNAP_REDIS)"
    try:
        with said_plainly(), connect(url) as client:
            facts = client.info()
    except CnapError as error:
        return False, f"{where}: {error}; start it, or correct CNAP_REDIS"
    version = str(facts["redis_version"])
    if tuple(map(int, version.split(".")[:2])) < OLDEST_REDIS:
        needed = ".".join(map(str, OLDEST_REDIS))
        return False, f"{where} is Redis {version}; {needed} or newer is needed"
    if facts.get("maxmemory") and facts.get("maxmemory_policy") != "noeviction":
        words = f"{where} forgets counts when it is full ({facts['maxmemory_policy']})"
        return False, f"{words}; set there: maxmemory-policy noeviction"
    if not facts.get("aof_enabled"):
        return True, f"{where} is Redis {version}; to keep counts when it restarts: appendonly yes"
    return True, f"{where} is Redis {version}, and keeps counts when it restarts"


def store() -> Finding:
    """Whether the store of the settings can be written, or where frames go without one."""
    url = os.environ.get("CNAP_STORE")
    if not url:
        return _shared_memory()
    where = f"the store {url} (CNAP_STORE)"
    folder = Path(url.removeprefix("file://")) if url.startswith("file:///") else None
    if folder and not folder.exists():
        return True, f"{where} is made when the pipeline starts"
    probe = f"segments/doctor-{uuid4().hex}"
    try:
        there = open_store(url)
        there.put(probe, b"well")
        there.delete(probe)
    except CnapError as error:
        mend = "is it a folder of yours?" if folder else "are AWS_ENDPOINT_URL and the keys right?"
        return False, f"{where}: {error}; {mend}"
    return True, f"{where} can be written"


def _shared_memory() -> Finding:
    if not SHARED_MEMORY.is_dir():
        return True, "frames go to the disk: there is no shared memory"
    free = shutil.disk_usage(SHARED_MEMORY).free
    if free < ENOUGH:
        words = f"frames go to the disk, which is slower: {SHARED_MEMORY} has {free >> 20} MiB free"
        return True, f"{words} and {ENOUGH >> 20} are needed (in a container: --shm-size=2g)"
    return True, f"frames go to shared memory ({free >> 20} MiB free in {SHARED_MEMORY})"


def shown(url: str) -> str:
    """An address without what is secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
