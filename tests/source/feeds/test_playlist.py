"""Playlists: what cameras and studios write is understood, and nothing else is followed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from cnap.source.feeds.feed import CameraFailed, Misconfigured
from cnap.source.feeds.hls.playlist import Media, Piece, parse
from cnap.source.feeds.hls.variants import Variant, choose

BASE = URL("http://cam:8080/a/live.m3u8?token=1")
HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"
DATE = "2026-11-23T07:00:00.500"
UNIX = 1795417200.5


def pieces(*lines: str) -> tuple[Piece, ...]:
    media = parse(HEAD + "\n".join(lines), BASE)
    assert isinstance(media, Media)
    return media.pieces


def test_a_live_playlist():
    media = parse(
        "\ufeff#EXTM3U\r\n#EXT-X-VERSION:3\r\n#EXT-X-TARGETDURATION:4\r\n"
        "#EXT-X-MEDIA-SEQUENCE:268\r\n\r\n#EXTINF:4.0,title, with a comma\r\nx/1.ts?a=b\r\n"
        "#EXTINF:3.5\r\n/2.ts\r\n#EXTINF:2,\r\nhttps://other/3.ts\r\n",
        BASE,
    )
    assert not media.ended
    assert media.target == 4
    assert [(one.sequence, one.seconds, str(one.url)) for one in media.pieces] == [
        (268, 4.0, "http://cam:8080/a/x/1.ts?a=b"),
        (269, 3.5, "http://cam:8080/2.ts"),
        (270, 2.0, "https://other/3.ts"),
    ]
    assert not any(one.breaks or one.gap or one.key or one.init for one in media.pieces)


@pytest.mark.parametrize("end", ["#EXT-X-ENDLIST", "#EXT-X-PLAYLIST-TYPE:VOD"])
def test_a_film_has_an_end(end):
    assert parse(f"{HEAD}{end}\n#EXTINF:4,\n1.ts\n", BASE).ended
    assert not parse(f"{HEAD}#EXT-X-PLAYLIST-TYPE:EVENT\n#EXTINF:4,\n1.ts\n", BASE).ended


@pytest.mark.parametrize("zone", ["Z", "+00:00", "+0000", ""])
def test_dates_go_on_till_a_discontinuity(zone):
    found = pieces(
        *("#EXTINF:4,", "0.ts", f"#EXT-X-PROGRAM-DATE-TIME:{DATE}{zone}", "#EXTINF:4,", "1.ts"),
        *("#EXTINF:3,", "2.ts", "#EXTINF:4,", "3.ts", "#EXT-X-DISCONTINUITY", "#EXTINF:4,", "4.ts"),
        *(f"#EXT-X-PROGRAM-DATE-TIME:{DATE}{zone}", "#EXT-X-DISCONTINUITY", "#EXTINF:4,", "5.ts"),
    )
    assert [one.date for one in found] == [None, UNIX, UNIX + 4, UNIX + 7, None, UNIX]
    assert [one.breaks for one in found] == [False] * 4 + [True] * 2


def test_ranges_go_on_in_the_same_file():
    found = pieces(
        *('#EXT-X-MAP:URI="a.mp4",BYTERANGE="100@0"', "#EXT-X-BYTERANGE:50@100", "#EXTINF:4,"),
        *("a.mp4", "#EXT-X-BYTERANGE:60", "#EXTINF:4,", "a.mp4", "#EXTINF:4,", "b.mp4"),
    )
    assert [one.range for one in found] == [(100, 150), (150, 210), None]
    assert found[0].init == (URL("http://cam:8080/a/a.mp4"), (0, 100))


def test_keys():
    found = pieces(
        *('#EXT-X-KEY:METHOD=AES-128,URI="k,1",IV=0x1F', "#EXTINF:4,", "1.ts"),
        *('#EXT-X-KEY:METHOD=AES-128,URI="k2"', "#EXTINF:4,", "2.ts"),
        *("#EXT-X-KEY:METHOD=NONE", "#EXTINF:4,", "3.ts"),
    )
    assert found[0].key.url == URL("http://cam:8080/a/k,1")
    assert found[0].key.iv == bytes(15) + b"\x1f"
    assert found[1].key.iv is None
    assert found[2].key is None


@pytest.mark.parametrize("method", ["SAMPLE-AES", "SAMPLE-AES-CTR", ""])
def test_what_nobody_can_decrypt_is_told(method):
    with pytest.raises(Misconfigured, match="only AES-128"):
        pieces(f'#EXT-X-KEY:METHOD={method},URI="skd://k"', "#EXTINF:4,", "1.ts")


@pytest.mark.parametrize(
    "place",
    ["file:///etc/passwd", "/../x", "rtmp://cam/x", "concat:a|b", "data:,x", "http://["],
)
@pytest.mark.parametrize(
    "line", ["{}", '#EXT-X-MAP:URI="{}"', '#EXT-X-KEY:METHOD=AES-128,URI="{}"']
)
def test_only_the_web_is_followed(place, line):
    lines = ["#EXTINF:4,", line.format(place), "#EXTINF:4,", "1.ts"]
    if place == "/../x":
        assert pieces(*lines)[-1].url.host == "cam"
        return
    with pytest.raises(Misconfigured, match=r"only http and https|no url"):
        pieces(*lines)


def test_a_private_address_is_a_cameras_own():
    assert pieces("#EXTINF:4,", "http://169.254.7.7/1.ts")[0].url.host == "169.254.7.7"
    assert pieces("#EXTINF:4,", "http://me:secret@cam/1.ts")[0].url.password is None


@pytest.mark.parametrize("text", ["", "<html>", "#EXTINF:4,\n1.ts", "#EXTM3U\n", "#EXTM3U\n1.ts"])
def test_what_is_no_playlist_is_told(text):
    with pytest.raises(CameraFailed, match="playlist"):
        parse(text, BASE)


def test_a_bomb_is_read_in_no_time():
    lines = "#EXTINF:1e999,\na\n" * 60_000
    assert len(pieces(lines)) == 60_000
    assert all(one.seconds == 0 for one in pieces(lines))


TEXT = """#EXTM3U
#EXTINF:4,
#EXTINF:nan,
a.ts
#EXT-X-KEY:METHOD=NONE
#EXT-X-BYTERANGE:5
#EXT-X-GAP
#EXT-X-MEDIA-SEQUENCE:x
#EXT-X-PROGRAM-DATE-TIME:x
#EXT-X-MAP:
#EXT-X-STREAM-INF:
#EXT-X-ENDLIST"""
LINES = st.sampled_from(TEXT.split("\n")) | st.text(max_size=20)


@given(st.lists(LINES, max_size=30))
def test_whatever_it_says_is_read_or_refused(lines):
    try:
        found = parse("#EXTM3U\n" + "\n".join(lines), BASE)
    except CameraFailed:
        return
    assert isinstance(found, Media | list)


MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"
audio.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2"
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1920x1080
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720
middle.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720
better.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,RESOLUTION=99x99,URI="iframes.m3u8"
"""


@pytest.mark.parametrize(
    ("size", "name"),
    [
        (None, "high"),
        ((640, 360), "low"),
        ((320, 240), "low"),
        ((641, 100), "better"),
        ((1280, 720), "better"),
        ((1280, 800), "high"),
        ((3840, 2160), "high"),
    ],
)
def test_the_smallest_variant_that_is_large_enough_is_chosen(size, name):
    chosen = choose(parse(MASTER, BASE), size)
    assert chosen.url.name == f"{name}.m3u8"


def test_without_sizes_the_best_is_chosen():
    variants = [Variant(BASE, None, 1), Variant(URL("http://b/"), None, 2)]
    assert choose(variants, (640, 360)).url.host == "b"
    with pytest.raises(CameraFailed, match="no video"):
        choose([], None)
