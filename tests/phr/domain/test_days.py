"""Civil days: an instant belongs to the day that the city's clock showed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.days import EPOCH, begins, day_at, day_numbers, day_of, number_of, offset_us

TOKYO, NEW_YORK, APIA = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")
ZONES = [TOKYO, NEW_YORK, APIA, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Asia/Kathmandu"), UTC]
SECOND = 1_000_000


def us(*parts: int, zone=UTC) -> int:
    return int(datetime(*parts, tzinfo=zone).timestamp()) * SECOND


def naive(instant: int, zone) -> int:
    """The day by the calendar library alone."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    return (moment.astimezone(zone).date() - EPOCH).days


@given(
    starts=st.lists(st.integers(us(1990, 1, 1), us(2030, 1, 1)), min_size=1, max_size=30),
    zone=st.sampled_from(ZONES),
)
def test_days_of_many_instants_are_those_of_the_calendar_library(starts, zone):
    """Whatever the span, also over changes of clocks."""
    assert day_numbers(np.array(starts, np.int64), zone).tolist() == [naive(one, zone) for one in starts]


@given(
    first=st.integers(us(2026, 1, 1), us(2026, 12, 31)),
    steps=st.lists(st.integers(0, 3_600 * SECOND), min_size=1, max_size=60),
    zone=st.sampled_from(ZONES),
)
def test_days_of_a_short_span_are_those_of_the_calendar_library(first, steps, zone):
    """The quick way for a delivery of some hours."""
    starts = first + np.cumsum(np.array(steps, np.int64))
    assert day_numbers(starts, zone).tolist() == [naive(int(one), zone) for one in starts]


def test_midnight_in_tokyo_begins_the_day():
    """15:00 UTC is the next day in Japan; a microsecond before it is not."""
    edge = us(2026, 6, 9, 15)
    assert [day_of(n) for n in day_numbers(np.array([edge - 1, edge]), TOKYO)] == [
        date(2026, 6, 9),
        date(2026, 6, 10),
    ]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 7, 1), 24)]
)
def test_a_day_in_new_york_has_as_many_hours_as_its_clocks_say(day, hours):
    """Nights in which clocks change have 23 or 25 hours, and every one of them is of that day."""
    first, last = begins(day, NEW_YORK), begins(day + timedelta(days=1), NEW_YORK)
    assert last - first == timedelta(hours=hours)
    minutes = np.arange(int(first.timestamp()), int(last.timestamp()), 60, dtype=np.int64) * SECOND
    assert set(day_numbers(minutes, NEW_YORK).tolist()) == {number_of(day)}
    assert day_numbers(minutes[:1] - 1, NEW_YORK).tolist() == [number_of(day) - 1]


def test_apia_had_no_30th_of_december_2011():
    """The date line moved: the day has no instant, and its neighbours meet."""
    assert begins(date(2011, 12, 30), APIA) == begins(date(2011, 12, 31), APIA)
    hours = np.arange(us(2011, 12, 29), us(2012, 1, 1), 3_600 * SECOND)
    assert number_of(date(2011, 12, 30)) not in day_numbers(hours, APIA)


def test_a_day_that_begins_at_one_o_clock_begins_when_the_clocks_change():
    """São Paulo once skipped midnight itself."""
    zone = ZoneInfo("America/Sao_Paulo")
    assert begins(date(2018, 11, 4), zone) == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_no_instants_have_no_days():
    assert len(day_numbers(np.empty(0, np.int64), TOKYO)) == 0


@pytest.mark.parametrize("instant", [2**63 - 1, -(2**63), 10**18, -(10**18)])
def test_an_instant_beyond_the_calendar_is_no_error(instant):
    """A device with a wrong clock must not stop a delivery."""
    day_numbers(np.array([instant], np.int64), TOKYO)
    offset_us(instant, TOKYO)
    assert day_of(instant // 86_400_000_000) in {date.min, date.max}


def test_a_zone_without_an_offset_counts_as_utc():
    """Tzinfo may say nothing; then it is UTC."""

    class Silent(tzinfo):
        def utcoffset(self, dt):
            return None

        def fromutc(self, dt):
            return dt

    assert offset_us(0, Silent()) == 0


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_day_numbers_and_dates_are_each_other_s_way_back(day):
    assert day_of(number_of(day)) == day


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from([TOKYO, NEW_YORK]))
def test_the_instant_at_which_a_day_begins_is_in_it_and_the_one_before_is_not(day, zone):
    start = begins(day, zone)
    assert day_at(start, zone) == day
    assert day_at(start - timedelta(microseconds=1), zone) == day - timedelta(days=1)
