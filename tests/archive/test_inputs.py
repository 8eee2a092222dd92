"""Which files a person means."""

import os
from pathlib import Path

import pytest

from cnap.archive.inputs import inputs
from cnap.errors import CnapError


@pytest.fixture
def folder(tmp_path):
    """Makes files, by their names, in a folder."""

    def folder(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"123")
        return tmp_path

    return folder


def names(found) -> list[str]:
    return [file.name for file in found.files]


@pytest.mark.parametrize(
    "order",
    [
        ["frame2.jpg", "frame10.jpg", "frame0100.jpg"],
        ["1.png", "02.png", "3.png", "10.png", "a.png"],
        ["a1b2.png", "a1b10.png", "a2b1.png", "b.png"],
        ["a.mp4", "B.mp4", "c.MP4"],
        ["x9.jpg", "x10-1.jpg", "x10-2.jpg", "x99999999999999999999999.jpg"],
        ["x01.jpg", "x1.jpg"],
        ["é1.jpg", "é²2.jpg"],
    ],
)
def test_numbers_in_names_are_in_their_own_order(folder, order):
    assert names(inputs([folder(*reversed(order))])) == order


def test_a_folders_strays_are_skipped_and_named(folder):
    found = inputs([folder("a.jpg", "README.txt", "Thumbs.db", ".DS_Store", "._a.jpg", "film")])

    assert names(found) == ["a.jpg"]
    assert found.skipped == ["film", "README.txt", "Thumbs.db"]
    assert found.files[0].size == 3


def test_what_is_named_is_meant(folder):
    place = folder("README.txt", ".hidden.mp4")
    found = inputs([place / "README.txt", place / ".hidden.mp4"])
    assert (names(found), found.skipped) == (["README.txt", ".hidden.mp4"], [])


def test_folders_in_folders_belong_to_them(folder):
    place = folder("day10/a.mp4", "day2/b.mp4", "day2/deep/c.mp4", ".trash/d.mp4", "e.mp4")
    assert names(inputs([place])) == ["b.mp4", "c.mp4", "a.mp4", "e.mp4"]


def test_a_name_that_several_files_have_is_their_path(folder):
    place = folder("day1/a.mp4", "day2/a.mp4", "day2/b.mp4")

    assert names(inputs([place])) == [f"{place}/day1/a.mp4", f"{place}/day2/a.mp4", "b.mp4"]
    twice = place / "day2" / "b.mp4"
    assert names(inputs([twice, twice])) == ["b.mp4", "b.mp4"]


def test_links_to_files_are_followed_and_links_to_folders_are_not(folder):
    place = folder("in/a.mp4")
    (place / "in" / "loop").symlink_to(place / "in")
    (place / "in" / "b.mp4").symlink_to(place / "in" / "a.mp4")
    (place / "in" / "gone.mp4").symlink_to(place / "nothing")
    (place / "link").symlink_to(place / "in")
    found = inputs([place / "link"])

    assert names(found) == ["a.mp4", "b.mp4", "gone.mp4"]
    assert found.skipped == ["loop"]


def test_folders_may_be_deep(folder, monkeypatch):
    place = folder("a.mp4")
    monkeypatch.chdir(place)
    at = Path()
    for _ in range(200):
        at /= "d"
        at.mkdir()
    (at / "b.mp4").write_bytes(b"")
    assert len(inputs([Path()]).files) == 2


def test_a_name_that_is_no_text_is_made_one(tmp_path):
    Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.mp4")).write_bytes(b"1")
    (found,) = inputs([tmp_path]).files
    assert found.name == "caf\ufffd.mp4"
    assert found.path.exists()


def test_what_is_not_there_is_said(folder, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    folder("text/README.txt")
    said = {
        "none.mp4": "is not there",
        "gone.mp4": "is a link to nothing",
        "pipe": "is neither a file nor a folder",
        "empty": "has no film and no picture in it",
        "text": "has no film and no picture in it",
    }
    for name, words in said.items():
        with pytest.raises(CnapError, match=f"{name} {words}"):
            inputs([tmp_path / name])
    with pytest.raises(CnapError, match="/dev/zero is neither a file nor a folder"):
        inputs([Path("/dev/zero")])
