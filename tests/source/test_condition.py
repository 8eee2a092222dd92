"""What is news of a stream's state, and what could be known already."""

from datetime import UTC, datetime, timedelta

import pytest

from cnap.source.condition import Finding

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KNOWN = Finding("offline", "no route", NOON, 50.0)


@pytest.mark.parametrize(
    ("other", "news"),
    [
        ({}, False),
        ({"nexttry": NOON + timedelta(seconds=50)}, False),
        ({"nexttry": NOON + timedelta(seconds=499.5)}, False),
        ({"nexttry": NOON + timedelta(seconds=515)}, True),
        ({"retryevery": 0.0}, True),
        ({"reason": "refused"}, True),
        ({"state": "misconfigured"}, True),
    ],
)
def test_a_failure_that_comes_at_equal_intervals_is_no_news(other, news):
    assert KNOWN._replace(**other).follows(KNOWN) is not news
    assert not KNOWN.follows(None)


def test_while_a_camera_is_tried_no_instant_is_told_that_is_past():
    tried = KNOWN._replace(retryevery=0.0).tried()
    assert tried == Finding("offline", "no route; being tried again now")
    assert tried.tried() == tried
    assert KNOWN.tried() == KNOWN
