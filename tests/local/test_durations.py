import pytest

from cnap.local import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT0.2S", 0.2),
        ("PT5S", 5),
        ("PT1M30S", 90),
        ("PT2H", 7200),
        ("P1DT1S", 86401),
        ("P2W", 1209600),
        ("PT0S", 0),
    ],
)
def test_iso(text, seconds):
    assert durations.iso(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "5s", "PT5", "P1M", "P1Y", "-PT5S", "PT5S "])
def test_what_is_no_iso_duration(text):
    with pytest.raises(ValueError, match="ISO 8601"):
        durations.iso(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1m30s", 90), ("1.5h", 5400), ("200ms", 0.2), ("0", 0)]
)
def test_go(text, seconds):
    assert durations.go(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "30 s", "1x", "30s "])
def test_what_is_no_go_duration(text):
    with pytest.raises(ValueError, match="duration"):
        durations.go(text)
