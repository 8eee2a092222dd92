"""Files as one stream of segments, whatever becomes of some of them."""

import os
from fractions import Fraction

import av
import cv2
import pytest

from cnap.archive import pieces as pieces_module
from cnap.archive.inputs import inputs
from cnap.archive.pieces import End, Input, Piece, pieces
from cnap.events.segment import SUFFIXES
from tests import boxes, media


def read(*paths):
    """The pieces and the ends of the files, also of those that are not there."""
    files = [Input(path, path.name, path.stat().st_size if path.exists() else 0) for path in paths]
    found = list(pieces(files))
    return [one for one in found if isinstance(one, Piece)], {
        one.file.name: one.reason for one in found if isinstance(one, End)
    }


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """50 frames: five segments of three GOPs."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return media.clip(path, frames=50, rate=20, gop=22, bframes=3)


def test_files_are_one_sequence_and_one_timeline(film, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("this is not a film")
    found, ends = read(film, text, tmp_path / "none.mp4", film)

    cuts = [piece.cut for piece in found]
    assert [cut.sequence for cut in cuts] == list(range(len(cuts)))
    assert [cut.start for cut in cuts] == sorted(cut.start for cut in cuts)
    assert sum(cut.framecount for cut in cuts) == 100
    assert {name: bool(reason) for name, reason in ends.items()} == {
        "film.mp4": False,
        "text.mp4": True,
        "none.mp4": True,
    }


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "film.mkv"])
def test_how_far_it_is_only_grows_and_ends_at_the_whole(tmp_path, name):
    film = media.clip(tmp_path / name, frames=100, rate=20, gop=10)
    shares = [piece.share for piece in read(film)[0]]

    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5
    assert shares[-1] == pytest.approx(1, abs=0.1)


def test_a_file_without_a_length_is_as_far_as_its_bytes(tmp_path, monkeypatch):
    film = media.clip(tmp_path / "film.mkv", frames=100, rate=20, gop=10)
    monkeypatch.setattr(pieces_module.FileFeed, "duration", 0.0)
    shares = [piece.share for piece in read(film)[0]]

    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] <= 1


@pytest.mark.parametrize("name", ["12:30.mp4", "data:x.mp4", "-y.mp4", "a b.mp4", "é%20#?.mp4"])
def test_any_name_is_only_a_name(tmp_path, monkeypatch, name):
    media.clip(tmp_path / "film.mp4", frames=5).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    found, ends = read(*(one.path for one in inputs([pieces_module.Path(name)]).files))

    assert ends == {name: ""}
    assert sum(piece.cut.framecount for piece in found) == 5


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "tiff"])
def test_a_picture_is_a_segment_of_its_kind(tmp_path, suffix):
    path = tmp_path / f"picture.{suffix}"
    path.write_bytes(cv2.imencode(path.suffix, media.picture(1, (64, 48)))[1].tobytes())
    (piece,), _ = read(path)

    assert piece.size == (64, 48)
    assert piece.cut.data == path.read_bytes()
    assert SUFFIXES[piece.cut.datacontenttype][:3] == suffix[:3]


@pytest.mark.parametrize(
    ("degrees", "aspect", "size"),
    [(0, None, (64, 48)), (90, None, (48, 64)), (0, Fraction(3, 2), (96, 48))],
)
def test_a_film_is_as_large_as_it_is_displayed(tmp_path, degrees, aspect, size):
    path = media.clip(tmp_path / "film.mp4", frames=5, aspect=aspect)
    (piece,), _ = read(boxes.turned(path, degrees))

    assert piece.size == size


def test_a_picture_without_a_pixel_is_no_segment(tmp_path):
    empty = tmp_path / "empty.png"
    empty.write_bytes(media.png(4, 4, claims=(0, 4)))
    found, ends = read(empty)

    assert found == []
    assert ends == {"empty.png": "a picture of 0x4 has nothing in it"}


def test_a_picture_is_read_up_to_a_size(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces_module, "MAX_PICTURE", 1 << 20)
    large = tmp_path / "large.jpg"
    large.write_bytes(b"")
    os.truncate(large, 1 << 40)

    assert read(large) == ([], {"large.jpg": "a picture of more than 1 MiB is not read"})


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    assert set(read(tmp_path / "pipe.mp4", tmp_path / "folder.mp4")[1].values()) == {
        "pipe.mp4 is not there, or is no file",
        "folder.mp4 is not there, or is no file",
    }


def test_what_has_been_sent_needs_no_memory(film):
    found, _ = read(film)
    assert all(piece.cut.data and not piece.light().cut.data for piece in found)
    assert found[0].light().cut.framecount == found[0].cut.framecount


def test_a_surprise_costs_one_file_and_no_other(film, tmp_path, monkeypatch):
    def picture(*_):
        raise LookupError("what is this")

    monkeypatch.setattr(pieces_module, "_picture", picture)
    (tmp_path / "odd.png").write_bytes(b"")
    found, ends = read(tmp_path / "odd.png", film)

    assert ends == {"odd.png": "unexpected error: LookupError('what is this')", "film.mp4": ""}
    assert sum(piece.cut.framecount for piece in found) == 50


def index_first(made, path):
    """The same film, with an MP4's index before its frames."""
    options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(made)) as source, av.open(str(path), "w", options=options) as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    return path


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_film_that_was_cut_short_is_not_taken_for_whole(tmp_path, name):
    film = index_first(media.clip(tmp_path / f"made-{name}", frames=100, rate=20), tmp_path / name)
    assert read(film)[1] == {name: ""}
    cut = tmp_path / f"cut {name}"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size * 6 // 10])
    found, ends = read(cut)

    assert 20 < sum(piece.cut.framecount for piece in found) < 90
    assert "it is cut short: " in ends[cut.name]
    assert " of its 5.0 seconds are there" in ends[cut.name]


def test_sound_may_be_longer_than_the_film(tmp_path):
    film = media.clip(tmp_path / "film.mkv", frames=20, rate=20, audio=True)
    assert read(film)[1] == {"film.mkv": ""}


def test_segments_are_as_long_as_asked_for(tmp_path):
    film = media.clip(tmp_path / "film.mp4", frames=40, rate=20, gop=40)
    inputs_ = [Input(film, film.name, film.stat().st_size)]

    def counts(seconds):
        return [p.cut.framecount for p in pieces(inputs_, seconds) if isinstance(p, Piece)]

    assert counts(0) == [1] * 40
    assert counts(0.2) == [4] * 10
    assert counts(1.0) == [20, 20]
