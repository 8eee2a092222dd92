"""HLS: every segment's frames on one timeline, whatever playlists and clocks do."""

import itertools
import resource
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest

from cnap.cameras import Camera
from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.hls import aes, files, following
from cnap.source.feeds.hls.feed import HlsFeed
from cnap.source.feeds.web.kind import open_web
from tests import media
from tests.cameras import ffmpeg, hls, nginx, web

FRAME = 3600


def opened(url: str, loop: bool = False, size: tuple[int, int] | None = None) -> HlsFeed:
    feed = open_web(Camera("gate", url, loop=loop, size=size))
    assert isinstance(feed, HlsFeed)
    return feed


def packets(feed: HlsFeed, count: int = 9999) -> list[av.Packet]:
    try:
        return list(itertools.islice(feed.packets(), count))
    finally:
        feed.close()


def steps(found: list[av.Packet]) -> set[int]:
    return {after.dts - before.dts for before, after in itertools.pairwise(found)}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> list[bytes]:
    return hls.segments(tmp_path_factory.mktemp("segments"), 6)


@pytest.fixture
def playlist():
    return hls.Playlist()


@pytest.fixture
def camera(playlist):
    with web.camera(playlist.answer) as fake:
        fake.playlist_url = f"{fake.url}/live.m3u8"
        yield fake


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What ffmpeg wrote, over nginx: ts.m3u8, fmp4.m3u8, encrypted.m3u8, ranges.m3u8."""
    folder = tmp_path_factory.mktemp("hls")
    clip = media.clip(folder / "clip.mp4", frames=60, gop=20, bframes=2, audio=True)
    (folder / "key").write_bytes(bytes(range(16)))
    (folder / "info").write_text(f"key\n{folder}/key\n")
    forms = {
        "ts": ["-hls_segment_type", "mpegts"],
        "fmp4": ["-hls_segment_type", "fmp4"],
        "encrypted": ["-hls_key_info_file", str(folder / "info")],
        "ranges": ["-hls_segment_type", "fmp4", "-hls_flags", "single_file"],
    }
    for name, form in forms.items():
        target = folder / name
        target.mkdir()
        words = ["-i", str(clip), "-c", "copy", "-f", "hls", "-hls_time", "0.8", *form]
        with ffmpeg.running(*words, "-hls_list_size", "0", str(target / "live.m3u8")) as process:
            assert process.wait(30) == 0
        (target / "key").write_bytes(bytes(range(16)))
    with nginx.serving(folder, folder / "nginx") as url:
        yield url


@pytest.mark.parametrize("form", ["ts", "fmp4", "encrypted", "ranges"])
def test_a_film_as_ffmpeg_writes_it_is_whole(written, form):
    feed = opened(f"{written}/{form}/live.m3u8")
    assert not feed.live
    assert feed.framerate == 25
    found = packets(feed)
    assert len(found) == 60
    assert steps(found) == {FRAME}
    assert sorted(packet.pts for packet in found) == [found[0].pts + n * FRAME for n in range(60)]
    assert all(packet.stream is feed.stream for packet in found)
    assert feed.note == ""
    decoder = feed.stream.codec_context
    assert sum(len(decoder.decode(packet)) for packet in found) + len(decoder.decode(None)) == 60


def test_a_film_begins_again(written):
    found = packets(opened(f"{written}/ts/live.m3u8", loop=True), 150)
    assert steps(found) <= {FRAME, FRAME + 1}


@pytest.mark.parametrize("kind", ["mpegts", "fmp4"])
def test_a_camera_as_ffmpeg_writes_it(tmp_path, kind):
    """Live, with dates and a master playlist, by nginx."""
    clip = media.clip(tmp_path / "clip.mp4", frames=50, gop=10, bframes=2)
    folder = tmp_path / "www"
    folder.mkdir()
    words = ["-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy", "-f", "hls"]
    words += ["-hls_time", "0.4", "-hls_list_size", "4", "-hls_segment_type", kind]
    words += ["-hls_flags", "delete_segments+program_date_time+temp_file"]
    words += ["-master_pl_name", "master.m3u8", str(folder / "live.m3u8")]
    with ffmpeg.running(*words), nginx.serving(folder, tmp_path / "nginx") as url:
        end = time.monotonic() + 30
        while not (folder / "master.m3u8").exists() or not (folder / "live.m3u8").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        feed = opened(f"{url}/master.m3u8")
        assert feed.live
        found = packets(feed, 60)
    assert len(found) == 60
    assert found[0].is_keyframe
    assert steps(found) == {FRAME}
    captured = feed.zero + float(found[-1].pts * found[-1].time_base)
    assert 0 < time.time() - captured < 30
    assert feed.note == ""


def test_a_camera_is_begun_at_its_newest_segment(camera, playlist, made):
    for n in range(3):
        playlist.add(f"{n}.ts", made[n])
    feed = opened(camera.playlist_url)
    assert feed.live
    playlist.add("3.ts", made[3])
    found = packets(feed, 2 * hls.FRAMES)
    assert "/0.ts" not in playlist.fetched
    assert "/1.ts" not in playlist.fetched
    assert steps(found) == {FRAME}


def test_dates_are_the_time(camera, playlist, made):
    captured = time.time() - 7.25
    told = datetime.fromtimestamp(captured, UTC).isoformat(timespec="milliseconds")
    playlist.add("0.ts", made[0], f"#EXT-X-PROGRAM-DATE-TIME:{told}")
    feed = opened(camera.playlist_url)
    first = packets(feed, 1)[0]
    assert feed.zero + float(first.pts * first.time_base) == pytest.approx(captured, abs=0.002)
    # However early it is, a packet is handed out as late as the feed says.
    assert 7 < feed.late < 60


@pytest.mark.parametrize("date", ["2001-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
def test_dates_that_can_not_be_are_not_the_time(camera, playlist, made, date):
    playlist.add("0.ts", made[0], f"#EXT-X-PROGRAM-DATE-TIME:{date}")
    began = time.time()
    feed = opened(camera.playlist_url)
    packets(feed, 1)
    assert began - 5 < feed.zero < time.time()
    assert "dates" in feed.note


def test_a_discontinuity_goes_on_where_the_video_was(camera, playlist, made, tmp_path):
    other = hls.segments(tmp_path, 1, size=(128, 96))
    playlist.ended = True
    playlist.add("0.ts", made[0])
    playlist.add("1.ts", other[0], "#EXT-X-DISCONTINUITY")
    playlist.add("2.ts", made[0], "#EXT-X-DISCONTINUITY")
    feed = opened(camera.playlist_url)
    found = list(feed.packets())
    assert steps(found) == {FRAME}
    streams = [packet.stream for packet in found]
    assert [one.codec_context.width for one in streams] == [64] * 10 + [128] * 10 + [64] * 10
    assert streams[10] is streams[19] is not streams[9]
    feed.close()


def test_clocks_wrap_around(camera, playlist, tmp_path):
    playlist.ended = True
    for n, data in enumerate(hls.segments(tmp_path, 4, start=(1 << 33) - 15 * FRAME)):
        playlist.add(f"{n}.ts", data)
    assert steps(packets(opened(camera.playlist_url))) == {FRAME}


def test_a_jump_that_nobody_told_is_none_of_the_video(camera, playlist, made, tmp_path):
    playlist.ended = True
    playlist.add("0.ts", made[1])
    playlist.add("1.ts", made[0])
    playlist.add("2.ts", hls.segments(tmp_path, 1, start=90_000 * 5000)[0])
    assert steps(packets(opened(camera.playlist_url))) == {FRAME}


def test_segments_that_are_gone_or_broken_are_left_out_and_counted(camera, playlist, made):
    playlist.ended = True
    playlist.add("0.ts", made[0])
    playlist.add("1.ts", None)
    playlist.add("2.ts", made[2])
    playlist.add("3.ts", b"<html>")
    playlist.add("4.ts", made[4])
    playlist.add("5.ts", made[5], "#EXT-X-GAP")
    feed = opened(camera.playlist_url)
    found = packets(feed)
    assert len(found) == 3 * hls.FRAMES
    assert steps(found) == {FRAME, 11 * FRAME}  # as long as what is missing
    assert feed.note == "3 segments were gone or broken"


@pytest.mark.parametrize("data", [None, b"<html>", b"\x47" + bytes(187)])
def test_a_camera_whose_segments_are_none_has_failed(camera, playlist, made, data):
    playlist.ended = True
    playlist.add("0.ts", made[0])
    for n in range(1, 9):
        playlist.add(f"{n}.ts", data)
    with pytest.raises(CameraFailed):
        packets(opened(camera.playlist_url))
    assert "/7.ts" not in playlist.fetched


def test_a_segment_without_end_is_not_kept(camera, playlist, made, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    playlist.add("0.ts", made[0])
    with pytest.raises(CameraFailed, match="a segment is larger"):
        opened(camera.playlist_url)


def test_a_playlist_that_stands_still_is_told(camera, playlist, made, monkeypatch):
    monkeypatch.setattr(following, "LEAST_STALE", 0.1)
    monkeypatch.setattr(following, "STALE", 0.5)
    playlist.add("0.ts", made[0])
    with pytest.raises(CameraFailed, match="the playlist is stale: no new segment"):
        packets(opened(camera.playlist_url))


def test_a_camera_that_begins_anew_goes_on(camera, playlist, made):
    playlist.sequence = 100
    playlist.add("100.ts", made[3])
    feed = opened(camera.playlist_url)
    playlist.lines.clear()
    playlist.sequence = 0
    playlist.add("0.ts", made[0])
    found = packets(feed, 2 * hls.FRAMES)
    assert playlist.fetched[-1] == "/0.ts"
    assert all(step >= FRAME for step in steps(found))


def test_an_old_copy_of_the_playlist_is_passed_over(camera, playlist, made):
    for n in range(3):
        playlist.add(f"{n}.ts", made[n])
    whole = list(playlist.lines)
    feed = opened(camera.playlist_url)
    playlist.lines = whole[:4]
    asked = len(playlist.fetched)
    source = feed.packets()
    first = list(itertools.islice(source, hls.FRAMES))
    old = iter(range(9))

    def answer(asked_for):
        if asked_for.path == "/live.m3u8" and next(old) == 2:
            playlist.lines = whole
            playlist.add("3.ts", made[3])
        return playlist.answer(asked_for)

    camera.answer = answer
    second = list(itertools.islice(source, hls.FRAMES))
    feed.close()
    assert steps(first + second) == {FRAME}
    assert playlist.fetched[asked:].count("/1.ts") == 0


def test_who_was_away_gets_no_old_video(camera, playlist, made):
    playlist.add("0.ts", made[0])
    feed = opened(camera.playlist_url)
    for n in range(1, 6):
        playlist.add(f"{n}.ts", made[n])
    packets(feed, 2 * hls.FRAMES)
    assert "/5.ts" in playlist.fetched
    assert "/3.ts" not in playlist.fetched
    assert feed.note == "4 segments were gone or broken"


def test_a_camera_that_ends_has_failed(camera, playlist, made):
    playlist.add("0.ts", made[0])
    feed = opened(camera.playlist_url, loop=True)
    playlist.ended = True
    found = feed.packets()
    assert len(list(itertools.islice(found, hls.FRAMES))) == hls.FRAMES
    with pytest.raises(CameraFailed, match=r"^the camera has ended its playlist$"):
        next(found)
    feed.close()


def test_frames_before_the_first_key_frame_are_left_out(camera, playlist, tmp_path):
    clip = media.clip(tmp_path / "clip.mp4", frames=30, gop=15)
    path = tmp_path / "a.m3u8"
    options = {"hls_time": "0.4", "hls_flags": "split_by_time", "hls_list_size": "0"}
    with av.open(str(clip)) as film, av.open(str(path), "w", format="hls", options=options) as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(film.streams.video[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    # The second begins in the midst of a GOP.
    playlist.ended = True
    for n in (1, 2):
        playlist.add(f"{n}.ts", (tmp_path / f"a{n}.ts").read_bytes())
    found = packets(opened(camera.playlist_url))
    assert found[0].is_keyframe
    assert len(found) == 15


def test_a_playlist_that_leads_elsewhere_is_refused(camera, playlist, made):
    playlist.add("0.ts", made[0])
    playlist.add("file:///etc/passwd", None)
    with pytest.raises(Misconfigured, match="a file: url; only http and https"):
        opened(camera.playlist_url)


def test_playlists_of_playlists_have_an_end(camera, playlist):
    playlist.lines = ["#EXT-X-STREAM-INF:BANDWIDTH=1", "live.m3u8"]
    with pytest.raises(CameraFailed, match="playlists"):
        opened(camera.playlist_url)


def test_sound_alone_is_no_camera(camera, playlist, tmp_path):
    with av.open(str(tmp_path / "a.ts"), "w", format="mpegts") as output:
        media._silence(output, output.add_stream("aac", rate=8000, layout="mono"), 1)
    playlist.add("0.ts", (tmp_path / "a.ts").read_bytes())
    with pytest.raises(Misconfigured, match="no video"):
        opened(camera.playlist_url)


def test_a_key_that_does_not_fit_is_told(made):
    program = shutil.which("openssl") or pytest.skip("no openssl here to encrypt with")
    openssl = [program, "enc", "-aes-128-cbc", "-K", "00" * 16, "-iv", "11" * 16]
    secret = subprocess.run(openssl, input=made[0], capture_output=True, check=True).stdout
    assert aes.decrypted(secret, bytes(16), b"\x11" * 16) == made[0]
    for key in (b"\x01" * 16, b"", b"<html>"):
        try:
            assert aes.decrypted(secret, key, b"\x11" * 16) != made[0]
        except CameraFailed as error:
            assert "key" in str(error)
    files = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert not [one for one in files if "memfd:segment" in one]


def test_a_jump_within_a_segment_is_not_waited_for(camera, playlist, made, tmp_path):
    later = hls.segments(tmp_path, 1, start=90_000 * 5000)[0]
    playlist.add("0.ts", made[0] + later, seconds=2 * hls.SECONDS)
    assert len(packets(opened(camera.playlist_url), 2 * hls.FRAMES)) == 2 * hls.FRAMES


def test_a_playlist_that_waits_for_days_is_stale(camera, playlist, made, monkeypatch):
    monkeypatch.setattr(following, "STALE", 0.01)
    monkeypatch.setattr(following, "LEAST_STALE", 0.0)
    playlist.target = 10**9
    playlist.add("0.ts", made[0], seconds=1)
    with pytest.raises(CameraFailed, match="stale"):
        packets(opened(camera.playlist_url))


def test_a_picture_that_claims_too_much_is_refused_before_it_is_decoded(camera, playlist, made):
    playlist.add("0.ts", hls.claiming(made[0], 16_384, 16_384))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CameraFailed, match="claims too large a one"):
        opened(camera.playlist_url)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_a_server_without_ranges_gives_the_whole_file(camera, playlist, made):
    playlist.ended = True
    playlist.files["/all.ts"] = made[0] + made[1]
    for start, data in ((0, made[0]), (len(made[0]), made[1])):
        playlist.add("all.ts", None, f"#EXT-X-BYTERANGE:{len(data)}@{start}")
    ranged = packets(opened(camera.playlist_url))
    camera.answer = lambda asked: playlist.answer(web.Asked(asked.path, {}))
    whole = packets(opened(camera.playlist_url))
    assert steps(ranged) == steps(whole) == {FRAME}
    assert [bytes(one) for one in ranged] == [bytes(one) for one in whole]
