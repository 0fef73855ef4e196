"""Working days: an alarm of a Friday night waits until Monday at nine, not until Saturday, and never falls on a holiday."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.working_days import escalates_at, is_working_day, next_working_day

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
        (date(2026, 11, 23), False),  # 勤労感謝の日
        (date(2026, 9, 22), False),  # 国民の休日 between two holidays
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
    ],
)
def test_weekends_holidays_and_the_turn_of_the_year_are_no_working_days(day, works):
    assert is_working_day(day) is works


def test_an_alarm_of_friday_night_before_a_long_weekend_escalates_on_tuesday_at_nine():
    """R5-4, over 23 November."""
    fired = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)  # Friday 23:30 in Japan
    assert escalates_at(fired, TOKYO, 9) == datetime(2026, 11, 24, 9, tzinfo=TOKYO)


def test_the_day_is_the_citys_and_not_that_of_greenwich():
    """Monday 00:30 in Japan is still Sunday in Greenwich."""
    fired = datetime(2026, 11, 15, 15, 30, tzinfo=UTC)
    assert escalates_at(fired, TOKYO, 9) == datetime(2026, 11, 17, 9, tzinfo=TOKYO)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_the_next_working_day_is_later_is_one_and_has_none_before_it(day):
    found = next_working_day(day)
    assert found > day
    assert is_working_day(found)
    assert not any(is_working_day(day + timedelta(days=n)) for n in range(1, (found - day).days))
