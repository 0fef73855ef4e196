"""Token buckets: no minute holds more requests than allowed, and nobody waits without need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cloud.google_health import project_bucket
from ingest.cloud.limits import TokenBucket


@given(
    gaps=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=200),
    limit=st.integers(2, 60),
    data=st.data(),
)
def test_no_minute_holds_more_than_the_limit(gaps, limit, data):
    """The vendor counts any 60 seconds, so a full bucket may not come on top of a minute's refill."""
    bucket = TokenBucket(limit=limit, burst=data.draw(st.integers(1, limit - 1)))
    now, started = 0.0, []
    for gap in gaps:
        now += gap
        now += bucket.take(now)
        started.append(now)
    for first in started:
        assert sum(first <= each < first + 59.999 for each in started) <= limit


def test_a_burst_is_not_kept_waiting():
    """A sync that was quiet starts at once."""
    bucket = TokenBucket(limit=300, burst=30)
    assert [bucket.take(5.0) for _ in range(30)] == [0.0] * 30
    assert bucket.take(5.0) > 0


@pytest.mark.parametrize(("limit", "burst"), [(10, 0), (10, 10), (10, 11)])
def test_a_burst_that_cannot_hold_the_limit_is_refused(limit, burst):
    """A burst as large as the limit would allow twice the limit in a minute."""
    with pytest.raises(ValueError, match="burst"):
        TokenBucket(limit=limit, burst=burst)


def test_the_bucket_of_a_project_allows_far_more_than_that_of_a_person():
    """120,000 and 300 a minute."""
    bucket = project_bucket()
    assert [bucket.take(0.0) for _ in range(2000)] == [0.0] * 2000
    assert 0 < bucket.take(0.0) < 0.001
