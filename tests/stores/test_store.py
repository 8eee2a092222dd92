"""What every store does: the same tests for a folder and for a real S3 server."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnap.errors import BadEvent, CnapError, Missing
from cnap.stores import open_store
from tests import servers


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    if request.param == "s3":
        request.getfixturevalue("s3_url")
        store = open_store(f"s3://{servers.BUCKET}")
    else:
        store = open_store(f"file://{tmp_path}")
    yield store
    store.delete(*(found.key for found in store.objects("")))


@pytest.mark.parametrize(
    "parts",
    [(b"whole",), (b"",), (b"in ", bytearray(b"three "), memoryview(b"parts")), (bytes(5 << 20),)],
    ids=["bytes", "empty", "parts", "large"],
)
def test_what_was_put_is_got(store, parts):
    store.put("frames/gate/1/0000000000.npy", *parts)

    assert store.get("frames/gate/1/0000000000.npy") == b"".join(parts)


def test_putting_again_replaces_and_does_not_touch_what_was_got(store):
    store.put("a/b", b"first")
    first = store.get("a/b")
    store.put("a/b", b"second one")

    assert first == b"first"
    assert store.get("a/b") == b"second one"


def test_what_was_got_outlives_its_object(store):
    store.put("a/b", b"kept")
    got = store.get("a/b")
    store.delete("a/b")

    assert got == b"kept"


def test_what_is_not_there_is_missing(store):
    with pytest.raises(Missing, match="a/b is not in the store"):
        store.get("a/b")


def test_deleting_what_is_not_there_is_no_error(store):
    store.put("a/b", b"1")
    store.delete("a/b", "a/c", "d/e/f")
    store.delete()

    assert list(store.objects("")) == []


def test_objects_are_listed_by_prefix_in_the_order_of_their_keys(store):
    keys = ["a/b/1", "a/b/10", "a/b/2", "a/b/c-d", "a/bc", "b/1"]
    for key in reversed(keys):
        store.put(key, key.encode())

    assert [found.key for found in store.objects("a/b")] == sorted(keys)[:-1]
    assert [found.key for found in store.objects("a/b/1")] == ["a/b/1", "a/b/10"]
    assert [found.size for found in store.objects("a/bc")] == [4]
    assert list(store.objects("nothing/")) == []


def test_a_dataref_leads_back_to_its_key(store):
    assert store.key(store.uri("a/b.mp4")) == "a/b.mp4"
    assert store.uri("a/b.mp4").endswith("/a/b.mp4")


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "a/../../b",
        "a/..",
        "a/./b",
        "a//b",
        "/etc/passwd",
        "",
        "a",
        "a/",
        "a/b\n",
        "a/b\0",
        "a/%2e%2e/b",
        "A/b",
        "a\\b/c",
        "a/é",
        "a/" + "b" * 500,
        "a/" + "." * 100_000 + "!",
        "a/" + "b" * 100_000 + "!",
    ],
)
def test_a_dataref_that_leaves_the_store_is_refused(store, path):
    with pytest.raises(BadEvent, match="is not in the store"):
        store.key(f"{store.url}/{path}")


@pytest.mark.parametrize("url", ["http://169.254.169.254/a/b", "file:///etc/a", "s3://other/a/b"])
def test_a_dataref_of_another_store_is_refused(store, url):
    with pytest.raises(BadEvent):
        store.key(url)


def test_many_at_once_disturb_nobody(store):
    """Several write, list and empty the same folder, whose removal none of them may notice."""
    errors = []

    def work(name):
        for n in range(25):
            store.put(f"a/b/{name}-{n}", b"x" * 100)
            assert store.get(f"a/b/{name}-{n}") == b"x" * 100
            assert all(found.size == 100 for found in store.objects("a/"))
            store.delete(f"a/b/{name}-{n}")

    def watched(name):
        try:
            work(name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=watched, args=(name,)) for name in "stuv"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_an_object_is_seen_whole_or_not_at_all(store):
    whole = [bytes([n]) * (1 << 20) for n in range(4)]
    store.put("a/b", whole[0])
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(lambda: [store.put("a/b", one) for one in whole * 4])
        while not writing.done():
            assert store.get("a/b") in whole
        writing.result()


@pytest.mark.parametrize("url", ["", "ftp://x", "s3:/x", "file://relative", "/tmp"])
def test_a_store_that_is_none_is_said_plainly(url, monkeypatch):
    monkeypatch.setenv("CNAP_STORE", url)
    with pytest.raises(CnapError, match="CNAP_STORE must be"):
        open_store()
