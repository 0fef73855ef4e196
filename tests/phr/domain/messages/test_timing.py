"""When a message may go out: by day, under its caps, and an alarm at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.days import day_at
from phr.domain.messages.catalogue import catalogue
from phr.domain.messages.timing import allowed_from

TOKYO = ZoneInfo("Asia/Tokyo")
KINDS = catalogue().kinds
QUIET = (catalogue().quiet_from, catalogue().quiet_until)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds, as Hypothesis wants them


def at(hour, minute=0, day=21):
    return datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)


def first(now, *sent, kind="nudge"):
    return allowed_from(now, sent, KINDS[kind], QUIET, TOKYO)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(7, 59), at(8)),
        (at(8), at(8)),
        (at(19, 59), at(19, 59)),
        (at(20), at(8, day=22)),
        (at(0), at(8)),
    ],
)
def test_nothing_goes_out_between_eight_in_the_evening_and_eight_in_the_morning(now, expected):
    assert first(now) == expected


@pytest.mark.parametrize("hour", range(24))
def test_an_alarm_goes_at_every_hour_however_many_there_were(hour):
    now = at(hour)
    assert first(now, *([now] * 50), kind="alarm") == now


def test_one_nudge_a_day():
    assert first(at(15), at(9)) == at(8, day=22)
    assert first(at(15), at(19, day=20)) == at(15)


def test_three_nudges_a_week_and_the_fourth_waits_for_the_first_to_be_a_week_old():
    sent = (at(9, day=16), at(9, day=18), at(9, day=20))
    assert first(at(12), *sent) == at(9, day=23)


def test_a_kind_without_a_cap_waits_for_the_hour_only():
    from dataclasses import replace

    free = replace(KINDS["nudge"], per_day=None, per_week=None)
    assert allowed_from(at(12), [at(9)] * 9, free, QUIET, TOKYO) == at(12)


@given(
    MOMENTS,
    st.lists(st.integers(0, 14 * 24 * 60), max_size=12),
    st.sampled_from(["nudge", "reminder", "notice"]),
)
def test_the_moment_found_is_by_day_and_below_every_cap(now, minutes, name):
    """And asking again at that moment gives that moment."""
    kind = KINDS[name]
    sent = [now - timedelta(minutes=one) for one in minutes]
    found = first(now, *sent, kind=name)
    assert found >= now
    local = found.astimezone(TOKYO)
    assert QUIET[1] <= local.time() < QUIET[0]
    assert sum(day_at(one, TOKYO) == local.date() for one in sent) < kind.per_day
    assert sum(found - timedelta(days=7) < one <= found for one in sent) < kind.per_week
    assert first(found, *sent, kind=name) == found
