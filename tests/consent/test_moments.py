"""FHIR dates as instants and civil days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.model import OPEN_END, OPEN_START, Days, Period
from consent.moments import days_inside, days_touched, end_of_day, end_text, instant, span, start_text


def local(*parts):
    return datetime(*parts, tzinfo=UTC) - timedelta(hours=9)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2026", local(2026, 1, 1), local(2027, 1, 1)),
        ("2026-02", local(2026, 2, 1), local(2026, 3, 1)),
        ("2026-12", local(2026, 12, 1), local(2027, 1, 1)),
        ("2028-02-29", local(2028, 2, 29), local(2028, 3, 1)),
        ("2026-06-10T12:00:00+09:00", local(2026, 6, 10, 12), local(2026, 6, 10, 12, 0, 1)),
        ("2026-06-10T03:00:00Z", local(2026, 6, 10, 12), local(2026, 6, 10, 12, 0, 1)),
        (
            "2026-06-10T03:00:00.5Z",
            local(2026, 6, 10, 12, 0, 0, 500_000),
            local(2026, 6, 10, 12, 0, 0, 600_000),
        ),
        (
            "2026-06-10T03:00:00.123456789Z",
            local(2026, 6, 10, 12, 0, 0, 123_456),
            local(2026, 6, 10, 12, 0, 0, 123_457),
        ),
        ("0001-01-01", OPEN_START, OPEN_START),
        ("0001-01-01T00:00:00+14:00", OPEN_START, OPEN_START),
        ("9999-12-31", OPEN_END, OPEN_END),
        ("9999-12", OPEN_END, OPEN_END),
        ("9999-12-31T23:59:59.999999-14:00", OPEN_END, OPEN_END),
    ],
)
def test_a_date_covers_all_instants_that_match_it(text, first, after):
    """Partial dates: the whole year, month, day, second or fraction; the ends of time are cut off."""
    assert span(text) == (first, after)


@pytest.mark.parametrize(
    "text",
    [
        None, 5, "", "26", "2026-6-1", "2026-13", "2026-02-30", "0000", "2026-06-10T12:00", "2026-06-10T12:00:00",
        "2026-06-10T24:00:00Z", "2026-06-10T12:00:60Z", "2026-06-10T12:00:00+25:00", "2026-06-10 12:00:00Z",
        "２０２６", "2026-06-10\n", "2026-06-10T12:00:00.Z",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    """One clear error; naive times and impossible dates are none."""
    with pytest.raises(ValueError, match=r"^must be a "):
        span(text)


def test_an_instant_needs_a_time():
    """``now`` may not be a whole day."""
    with pytest.raises(ValueError, match="time and an offset"):
        instant("2026-06-10")


moments = st.integers(0, 4730400000 * 10**6).map(
    lambda n: datetime(1950, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
)


@given(moments)
def test_a_written_start_and_end_read_back_to_the_microsecond(moment):
    """The precision that is written says how much an end includes."""
    assert span(start_text(moment))[0] == moment
    assert span(end_text(moment))[1] == moment


@given(moments, moments)
def test_the_days_inside_are_among_the_days_touched(one, other):
    """A permit never covers a day that a deny of the same period would not."""
    period = Period(min(one, other), max(one, other) + timedelta(microseconds=1))
    inside, touched = days_inside(period), days_touched(period)
    assert inside is None or (touched.first <= inside.first and inside.last <= touched.last)
    assert touched.first <= touched.last


def test_whole_days_are_inside_and_touched_alike():
    """Civil days, both inclusive."""
    period = Period(local(2026, 6, 1), local(2026, 6, 3))
    assert days_inside(period) == days_touched(period) == Days(date(2026, 6, 1), date(2026, 6, 2))
    assert days_inside(Period()) == days_touched(Period()) == Days()


def test_the_end_of_a_day_is_the_next_local_midnight():
    """23:59:59.999999 still belongs to the day."""
    assert end_of_day(date(2026, 3, 31)) == local(2026, 4, 1)
