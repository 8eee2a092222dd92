"""A folder as a store: its disk, its quota, its disappearance, several processes in it."""

import errno
import os
import subprocess
import sys

import pytest

from cnap.errors import Unavailable
from cnap.stores import open_store
from cnap.stores.directory import DirectoryStore


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EIO, "can't be written: Input/output error"),
    ],
)
def test_a_disk_that_fails_leaves_no_half_object(folder_store, monkeypatch, number, words):
    folder_store.put("a/kept", b"kept")

    def fail(descriptor, data):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        with pytest.raises(Unavailable, match=words):
            folder_store.put("a/b", b"12345")

    assert [found.key for found in folder_store.objects("")] == ["a/kept"]
    assert sorted(p.name for p in folder_store.root.rglob("*")) == ["a", "kept"]


def test_a_write_that_is_cut_short_goes_on(folder_store, monkeypatch):
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:3]))
    folder_store.put("a/b", b"0123456789")

    assert folder_store.get("a/b") == b"0123456789"


def test_over_its_quota_nothing_is_taken_until_something_is_deleted(folder_store, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("cnap.stores.directory.time.monotonic", lambda: clock[0])
    store = DirectoryStore(folder_store.url, quota=1 << 20)
    store.put("a/b", bytes((1 << 20) + 1))
    clock[0] += 2
    with pytest.raises(Unavailable, match="over its quota of 1 MiB"):
        store.put("a/c", b"1")

    store.delete("a/b")
    clock[0] += 2
    store.put("a/c", b"1")


def test_the_quota_is_an_option(tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_STORE", f"file://{tmp_path}")
    monkeypatch.setenv("CNAP_STORE_QUOTA", "1000")

    assert open_store().quota == 1000


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.put("a/b", b"1"),
        lambda store: store.get("a/b"),
        lambda store: store.delete("a/b"),
        lambda store: list(store.objects("")),
    ],
    ids=["put", "get", "delete", "objects"],
)
def test_a_folder_that_is_gone_is_unavailable_and_stays_gone(folder_store, use):
    folder_store.root.rmdir()

    with pytest.raises(Unavailable, match="is gone"):
        use(folder_store)
    assert not folder_store.root.exists()


@pytest.mark.parametrize("use", ["put", "get", "delete"])
def test_a_folder_where_an_object_should_be_is_no_crash(folder_store, use):
    folder_store.put("a/b/c", b"1")

    with pytest.raises(Unavailable):
        getattr(folder_store, use)("a/b", *([b"1"] if use == "put" else []))
    assert folder_store.get("a/b/c") == b"1"


def test_an_object_where_a_folder_should_be_is_no_crash(folder_store):
    folder_store.put("a/b", b"1")

    with pytest.raises(Unavailable, match="can't be written"):
        folder_store.put("a/b/c", b"1")


def test_a_link_in_the_folder_is_not_followed_out_of_it(folder_store, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (folder_store.root / "a").symlink_to(tmp_path)

    assert list(folder_store.objects("")) == []


CHURN = """
import sys
from cnap.stores import open_store
store = open_store(sys.argv[1])
for n in range(300):
    key = f"a/b/{sys.argv[2]}"
    store.put(key, b"12345")
    assert store.get(key) == b"12345"
    store.delete(key)
"""


def test_processes_that_make_and_empty_the_same_folder_do_not_meet(folder_store):
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHURN, folder_store.url, name], stderr=subprocess.PIPE, text=True
        )
        for name in "pq"
    ]
    said = [child.communicate()[1] for child in children]

    assert said == ["", ""]
    assert list(folder_store.root.iterdir()) == []
