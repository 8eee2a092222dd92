"""What a live playlist tells of the time."""

import itertools
from types import SimpleNamespace

import av
import pytest
from yarl import URL

from cnap.source.feeds.hls.following import Fetched
from cnap.source.feeds.hls.joining import SLEW, Joining
from cnap.source.feeds.hls.playlist import Piece
from cnap.source.feeds.times import TIME_BASE

TICKS = round(1 / TIME_BASE)


def segment(start: float, seconds: float = 4.0) -> SimpleNamespace:
    """With a frame a second."""
    packets = []
    for n in range(int(seconds)):
        packet = av.Packet(b"x")
        packet.pts = packet.dts = round((start + n) * TICKS)
        packet.duration, packet.time_base = TICKS, TIME_BASE
        packets.append(packet)
    return SimpleNamespace(packets=packets, format="mpegts")


def fetched(appeared: float, date: float | None = None, breaks: bool = False, lost: float = 0.0):
    piece = Piece(URL("http://a/"), None, 4.0, 0, breaks, date, None, None, False)
    return Fetched(piece, b"", appeared, appeared, lost, breaks)


def test_without_dates_the_last_frame_was_captured_when_the_segment_appeared():
    joining = Joining(live=True)
    assert joining.add(segment(1000), fetched(5004)) == 0
    assert joining.zero == 5000


def test_an_estimate_is_corrected_slowly():
    joining = Joining(live=True)
    joining.add(segment(1000), fetched(5006))
    zeros = [joining.zero]
    for n in range(1, 60):
        joining.add(segment(1000 + 4 * n), fetched(5004 + 4 * n + n % 2))
        zeros.append(joining.zero)
    changes = [a - b for a, b in itertools.pairwise(zeros)]
    assert all(0 <= change <= SLEW * 4 + 1e-6 for change in changes)
    assert joining.zero == pytest.approx(5000)


def test_after_a_break_the_video_is_where_its_date_says():
    joining = Joining(live=True)
    joining.add(segment(1000), fetched(5010, date=5000))
    assert joining.add(segment(7), fetched(5110, date=5100, breaks=True)) == 100
    assert joining.zero == 5000


def test_a_break_without_dates_lasts_as_long_as_nothing_came():
    joining = Joining(live=True)
    joining.add(segment(1000), fetched(5004))
    assert joining.add(segment(7), fetched(5064, breaks=True)) == pytest.approx(60)
    assert Joining(live=False).add(segment(7), fetched(0)) == 0


def test_what_is_lost_leaves_a_hole_and_films_have_no_other():
    joining = Joining(live=False)
    joining.add(segment(1000), fetched(0))
    assert joining.add(segment(1012), fetched(99, lost=8)) == 12
    assert joining.add(segment(0), fetched(999, breaks=True)) == 16
    assert joining.zero is None
