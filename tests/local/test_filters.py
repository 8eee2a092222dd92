import pytest

from cnap.local.filters import trigger_filter


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([{"cesql": "type = 'a'"}], r"filters\[0\].cesql: SQL filters run only on Knative"),
        ([{"exact": {"type": "a"}, "prefix": {"type": "a"}}], "exactly one dialect"),
        ([{"any": [{"regex": {"type": "a"}}]}], r"filters\[0\].any\[0\].regex is no dialect"),
        ([{"any": []}], r"filters\[0\].any is empty"),
        ([{"exact": {}}], r"filters\[0\].exact needs attributes"),
        ([{"not": {}}], "exactly one dialect, and has 0"),
    ],
)
def test_what_is_refused(filters, message):
    with pytest.raises(ValueError, match=message):
        trigger_filter({"filters": filters})


def test_no_filter_matches_everything():
    assert trigger_filter({})({"type": "a"})
    assert trigger_filter({"filters": [], "filter": {}})({})


def test_all_attributes_must_match():
    matches = trigger_filter({"filter": {"attributes": {"type": "a", "keyid": "1"}}})
    assert matches({"type": "a", "keyid": "1", "id": "x"})
    assert not matches({"type": "a"})
    assert not matches({"type": "a", "keyid": "2"})
