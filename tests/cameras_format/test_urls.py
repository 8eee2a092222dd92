"""What people see of a url."""

import pytest

from cnap.cameras import masked
from cnap.cameras.urls import is_path, passwords


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("rtsp://u:p@h/1", "rtsp://u:***@h/1"),
        ("rtsp://u:p@s:s@h:554/1", "rtsp://u:***@h:554/1"),
        ("rtsp://:p@h/1", "rtsp://:***@h/1"),
        ("rtsp://u:p%40@[fe80::1]/1", "rtsp://u:***@[fe80::1]/1"),
        ("rtsp://u:ge/he?im#@h/1", "rtsp://u:***@h/1"),
        ("rtsp://u:p@h/a@b", "rtsp://u:***@h/a@b"),
        ("rtsp://u:${P}@h/1", "rtsp://u:${P}@h/1"),
        ("rtsp://u:a${P}b@h/1", "rtsp://u:***@h/1"),
        ("rtsp://u:@h/1", "rtsp://u:@h/1"),
        ("rtsp://u@h/1", "rtsp://u@h/1"),
        ("http://h:80/a@b", "http://h:80/a@b"),
        ("http://h/1.jpg?user=u&pwd=x&res=2", "http://h/1.jpg?user=u&pwd=***&res=2"),
        ("http://h/1?Password=x#y", "http://h/1?Password=***#y"),
        ("http://h/1?api_key=${K}", "http://h/1?api_key=${K}"),
        ("snapshot+http://u:p@h/1", "snapshot+http://u:***@h/1"),
        ("401 for rtsp://u:p@h/1 and http://v:q@i", "401 for rtsp://u:***@h/1 and http://v:***@i"),
        ("films/a:b@c.mp4", "films/a:b@c.mp4"),
    ],
)
def test_a_password_is_masked_and_a_reference_is_not(url, seen):
    assert masked(url) == seen
    assert masked(seen) == seen
    assert bool(passwords(url)) == (url != seen)


def test_a_path_is_no_url():
    for path in ("a.mp4", "/a/b.mp4", "~/a", "C:/a.mp4", "a:b.mp4"):
        assert is_path(path)
    for url in ("rtsp://h", "file:///a", "testsrc:", "push:", "v4l2:/dev/video0", "x://y"):
        assert not is_path(url)
