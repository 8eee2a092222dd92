"""Video files as cameras: every packet with both times, in order, for as long as it goes on."""

import itertools
import os
import struct
import subprocess
import sys
import threading

import av
import pytest
from av.stream import Disposition

from cnap.cameras import Camera
from cnap.source.feeds import CameraFailed, FileFeed, Misconfigured, open_feed
from cnap.source.feeds.times import LONGEST_GOP, decodable
from tests import media


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.flv", "a.mov"])
@pytest.mark.parametrize("frames", [1, 2, 3, 30])
@pytest.mark.parametrize("bframes", [0, 3])
def test_every_frame_is_a_packet_with_both_times(tmp_path, name, frames, bframes):
    camera = FileFeed(str(media.clip(tmp_path / name, frames=frames, bframes=bframes)), False)
    packets = list(camera.packets())

    assert len(packets) == frames
    assert packets[0].is_keyframe
    decode = [packet.dts for packet in packets]
    assert decode == sorted(set(decode))
    assert all(packet.pts >= packet.dts for packet in packets)
    camera.close()


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_loop_is_one_continuous_timeline(tmp_path, name):
    path = media.clip(tmp_path / name, frames=10, bframes=3, gop=5)
    camera = FileFeed(str(path), loop=True)
    packets = list(itertools.islice(camera.packets(), 35))
    shown = sorted(packet.pts for packet in packets[:30])

    steps = {after - before for before, after in itertools.pairwise(shown)}
    assert len(steps) == 1
    camera.close()


@pytest.mark.parametrize("name", ["film.mp4", "a name with spaces & é.mp4"])
def test_a_url_and_a_path_mean_the_same(tmp_path, name):
    path = media.clip(tmp_path / name, frames=2)
    for url in (str(path), path.as_uri()):
        camera = open_feed(Camera("gate", url, loop=False))
        assert camera.framerate == 25
        camera.close()


def test_a_name_with_a_colon_is_no_protocol(tmp_path, monkeypatch):
    media.clip(tmp_path / "film.mp4", frames=2).rename(tmp_path / "12:30.mp4")
    monkeypatch.chdir(tmp_path)
    camera = open_feed(Camera("gate", "12:30.mp4", loop=False))

    assert len(list(camera.packets())) == 2
    camera.close()


def broken(folder):
    path = media.clip(folder / "broken.mp4", frames=5)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"xxxx"))
    return path


def cut_short(folder):
    path = media.clip(folder / "cut.mp4", frames=50)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    return path


def cut_at_the_largest_box(folder):
    path = folder / "large.mp4"
    path.write_bytes(media.clip(path, frames=5).read_bytes()[:32])
    with path.open("ab") as file:
        file.write(struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1) + bytes(100))
    return path


def playlist(folder):
    """FFmpeg would read the films that it names."""
    media.clip(folder / "other.mp4", frames=5)
    path = folder / "list.mp4"
    path.write_text("ffconcat version 1.0\nfile other.mp4\n")
    return path


def cover(folder):
    """A song with a picture of its record."""
    path = folder / "song.mp4"
    with av.open(str(path), "w") as output:
        stream = picture_of(output)
        output.mux(stream.encode(av.VideoFrame(32, 32, "yuvj420p")))
        output.mux(stream.encode())
    return path


def picture_of(output):
    stream = output.add_stream("mjpeg", rate=25)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
    stream.disposition = Disposition.attached_pic
    return stream


def text(folder):
    path = folder / "text.mp4"
    path.write_text("this is not a film\n" * 20)
    return path


def empty(folder):
    path = folder / "empty.mp4"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (broken, "has video of a kind that nothing here decodes"),
        (cut_short, "is cut short: its index (moov) is missing"),
        (cut_at_the_largest_box, "is cut short: its index (moov) is missing"),
        (playlist, "is a list of films: name the films themselves"),
        (cover, "has no video in it"),
        (text, "is not a video file"),
        (empty, "is empty"),
        (lambda folder: media.sound(folder / "sound.mp4"), "has no video in it"),
        (lambda folder: folder, "has no film and no picture in it"),
        (lambda folder: folder / "none.mp4", "is not there"),
        (lambda folder: "ftp://camera/1", "no camera can be read by ftp://"),
    ],
)
def test_what_can_not_be_read_is_said_in_one_line(tmp_path, make, words):
    with pytest.raises(CameraFailed) as failed:
        list(open_feed(Camera("gate", str(make(tmp_path)), loop=True)).packets())
    assert words in str(failed.value)
    assert "\n" not in str(failed.value)


def test_a_recording_that_begins_anew_goes_on_where_it_was(tmp_path):
    once = media.clip(tmp_path / "once.ts", frames=50).read_bytes()
    twice = tmp_path / "twice.ts"
    twice.write_bytes(once + once)
    camera = FileFeed(str(twice), loop=False)
    packets = list(camera.packets())

    assert len(packets) == 100
    decode = [packet.dts for packet in packets]
    assert decode == sorted(set(decode))
    seconds = float((decode[-1] - decode[0]) * camera.stream.time_base)
    assert seconds == pytest.approx(99 / 25, abs=0.1)
    camera.close()


def test_a_recording_joined_in_its_midst_begins_with_a_key_frame(tmp_path):
    path = media.clip(tmp_path / "film.ts", frames=50, gop=20)
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 4 // 188 * 188 :])
    packets = list(FileFeed(str(path), loop=False).packets())

    assert packets[0].is_keyframe
    assert len(packets) == 30


def test_a_film_without_key_frames_is_read_all_the_same():
    packets = [av.Packet(1) for _ in range(LONGEST_GOP + 5)]

    assert list(decodable(packets)) == packets
    assert list(decodable(packets[:3])) == packets[:3]


def test_a_picture_beside_the_film_is_not_the_film(tmp_path):
    own = media.clip(tmp_path / "own.mp4", frames=5)
    path = tmp_path / "film.mp4"
    with av.open(str(own)) as film, av.open(str(path), "w") as output:
        beside = picture_of(output)
        video = output.add_stream_from_template(film.streams.video[0], opaque=True)
        output.mux(beside.encode(av.VideoFrame(32, 32, "yuvj420p")))
        output.mux(beside.encode())
        for packet in film.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
    camera = FileFeed(str(path), loop=False)

    assert camera.size == (64, 48)
    assert len(list(camera.packets())) == 5


def test_a_film_that_is_replaced_while_it_loops_is_not_gone_on_with(tmp_path):
    path = media.clip(tmp_path / "film.mp4", frames=5)
    packets = FileFeed(str(path), loop=True).packets()
    for _ in range(5):
        next(packets)
    path.unlink()
    media.clip(path, frames=5, size=(128, 96))

    with pytest.raises(CameraFailed, match="is another film now"):
        next(packets)


def test_any_thread_may_close_it(tmp_path):
    path = media.clip(tmp_path / "film.mp4", frames=500)
    for _ in range(20):
        camera = FileFeed(str(path), loop=True)
        begun = threading.Event()

        def read(camera=camera, begun=begun):
            for _ in camera.packets():
                begun.set()

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        begun.wait(10)
        camera.close()
        reading.join(10)
        assert not reading.is_alive()


def test_a_title_may_be_in_any_encoding(tmp_path):
    film = media.clip(tmp_path / "a.mp4", frames=3)
    film.write_bytes(film.read_bytes().replace(b"VideoHandler", b"VideoHandl\xe4r"))
    camera = FileFeed(str(film), loop=False)
    assert len(list(camera.packets())) == 3
    camera.close()


def test_sound_may_begin_late(tmp_path):
    silent = media.clip(tmp_path / "a.flv", frames=500).read_bytes()
    loud = media.clip(tmp_path / "b.flv", frames=50, audio=True).read_bytes()
    # Without the file's own header (9 bytes and a size of 4): FLV, annex E.2.
    (tmp_path / "c.flv").write_bytes(silent + loud[13:])
    program = (
        "import sys; from cnap.source.feeds.films.file import FileFeed\n"
        "assert len(list(FileFeed(sys.argv[1], False).packets())) == 550"
    )
    # In which memory that nobody has set is never 0: PyAV looks at some.
    filled = os.environ | {"MALLOC_PERTURB_": "90"}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "c.flv")], env=filled, check=True)


@pytest.mark.parametrize("url", ["/dev/zero", "/dev/null", "pipe"])
def test_a_device_or_a_pipe_is_no_film_and_is_not_read(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with pytest.raises(Misconfigured, match=f"{url} is no film but a device, a pipe or a socket"):
        FileFeed(url, loop=True)
