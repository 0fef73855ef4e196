"""Home measurements on the pages: judged over days by the rules of the field, with gaps left as gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ingest.series import WRIST
from phr.domain.samples import Columns
from phr.services.charts import DaySamples
from phr.web.wired import home_results
from phr.web.wired.vitals import BLOOD_PRESSURE, MORNING_KEY

ZONE = ZoneInfo("Asia/Tokyo")
TODAY = date(2026, 11, 21)


def columns(moments, channels, quality=0):
    n = len(moments)
    return Columns(
        start=np.array([int(at.timestamp()) * 1_000_000 for at in moments], np.int64),
        channels={name: np.array(values, np.float64) for name, values in channels.items()},
        offset=np.full(n, 32400, np.int32),
        quality=np.full(n, quality, np.uint8),
    )


def pressures(days, upper, lower, *, hour=6, quality=0, key="cuff"):
    """One reading in each of so many days before today."""
    found = []
    for back in range(days):
        day = TODAY - timedelta(days=back)
        at = datetime(day.year, day.month, day.day, hour, 30, tzinfo=ZONE)
        parts = columns([at], {"systolic": [upper], "diastolic": [lower]}, quality)
        found.append(DaySamples(BLOOD_PRESSURE, day, uuid4(), key, parts))
    return found


def judged(chunks, target=None):
    found = home_results.judged_week(chunks, TODAY, ZONE, target)
    return found, home_results.home_week(found, target)


@pytest.mark.parametrize(("days", "high", "missing"), [(5, True, 0), (4, None, 1), (3, None, 2)])
def test_a_week_is_judged_from_five_mornings_on(days, high, missing):
    """Before that the page says how many more, and nothing of high or low."""
    found, week = judged(pressures(days, 138, 84))
    assert (week.high, week.missing) == (high, missing)
    assert (home_results.averages(found)[0].values is not None) is (high is not None)


@pytest.mark.parametrize(("upper", "lower", "high"), [(135, 70, True), (134, 84, False), (120, 85, True)])
def test_135_and_85_are_at_the_limit(upper, lower, high):
    """Either of the two."""
    assert judged(pressures(5, upper, lower))[1].high is high


def test_one_high_value_among_ordinary_ones_is_not_told():
    """The mean of the days counts, not the day."""
    chunks = pressures(6, 122, 74) + pressures(1, 165, 98)[:1]
    assert judged(chunks[1:])[1].high is False


def test_a_wrist_is_counted_and_not_judged():
    """A mean of the wrist is compared with nothing."""
    found, week = judged(pressures(7, 150, 95, quality=WRIST))
    assert (week.high, week.wrist) == (None, 7)
    assert [one.values for one in home_results.averages(found)] == [None, None]


def test_what_the_person_said_stands_before_the_clock():
    """Measured at one o'clock and called morning, it is a morning."""
    found, _ = judged(pressures(5, 130, 80, hour=13, key=MORNING_KEY))
    assert home_results.averages(found)[0].days == 5
    assert judged(pressures(5, 130, 80, hour=13))[0].morning.days == 0


def test_an_impossible_value_is_counted_and_not_used():
    """It neither raises the mean nor disappears."""
    week = judged(pressures(5, 120, 70) + pressures(1, 400, 70, hour=7))[1]
    assert (week.refused, week.high) == (1, False)


def test_a_target_is_only_spoken_of_where_one_was_set():
    """The limit of 135/85 is for everybody; a lower goal is a person's own."""
    chunks = pressures(5, 128, 76)
    assert judged(chunks)[1].target is None
    week = judged(chunks, (125.0, 75.0))[1]
    assert (week.high, week.over_target, week.target) == (False, True, (125.0, 75.0))


def test_a_week_without_a_record_is_not_shown():
    """Nothing is judged of nothing."""
    found, week = judged([])
    assert week is None
    assert home_results.averages(found) == ()


def days_of(value, first, last):
    return {TODAY - timedelta(days=back): value for back in range(first, last)}


def test_a_change_needs_days_on_both_sides():
    """Too few days is an answer of its own, with how many there are."""
    found = home_results.own_change("weight", days_of(60.0, 0, 2), TODAY)
    assert found.values is None
    assert (found.recent, found.past) == ((2, 3, 7), (0, 10, 56))
    assert found.moved == ""


def test_a_change_is_told_in_the_units_of_the_page():
    """Hours of sleep, not the minutes of the rule."""
    daily = days_of(5.0, 0, 14) | days_of(7.0, 14, 60)
    found = home_results.own_change("sleep", daily, TODAY)
    assert (found.values, found.moved, found.unit) == ((5.0, 7.0), "down", "h")


def test_one_odd_day_moves_nothing():
    """The middle value of the days is compared."""
    daily = days_of(60.0, 0, 50) | {TODAY: 90.0}
    found = home_results.own_change("weight", daily, TODAY)
    assert (found.values, found.moved) == ((60.0, 60.0), "")


def test_growing_is_told_as_well():
    """Up and down alike."""
    daily = days_of(63.0, 0, 7) | days_of(60.0, 7, 50)
    assert home_results.own_change("weight", daily, TODAY).moved == "up"


def test_days_without_the_device_do_not_count():
    """A watch in a drawer is not a person who stopped walking."""
    daily = days_of(200.0, 0, 14) | days_of(8000.0, 14, 60)
    worn = days_of(1000.0, 14, 60)
    found = home_results.own_change("steps", daily, TODAY, worn)
    assert found.recent[0] == 0
    assert found.moved == ""
    assert home_results.needs_worn("steps")
    assert not home_results.needs_worn("weight")
    assert not home_results.needs_worn("glucose")


def test_worn_minutes_are_those_between_heart_rates():
    """Of two devices, the one that was worn longer says how long."""
    start = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
    long = columns([start + timedelta(minutes=i) for i in range(120)], {"value": [60] * 120})
    short = columns([start + timedelta(minutes=i) for i in range(10)], {"value": [60] * 10})
    other = DaySamples("55423-8", TODAY, uuid4(), "w", short)
    chunks = [DaySamples(home_results.HEART, TODAY, uuid4(), "w", part) for part in (short, long)]
    assert home_results.worn_minutes([*chunks, other]) == {TODAY: 120.0}


def test_a_vital_without_a_rule_is_not_compared():
    """Glucose and heart rate have no such rule."""
    assert home_results.own_change("glucose", {}, TODAY) is None


def sensor(days, value):
    found = []
    for back in range(days):
        day = TODAY - timedelta(days=back)
        start = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        at = [start + timedelta(minutes=5 * i) for i in range(288)]
        parts = columns(at, {"value": [value] * 200 + [200.0] * 88})
        found.append(DaySamples(home_results.SENSOR, day, uuid4(), "cgm", parts))
    return found


def test_two_weeks_with_a_sensor_are_compared_with_the_targets():
    """Shares of time, each with its target and whether it holds."""
    found = home_results.glucose_shares(sensor(14, 120.0), TODAY, 50)
    shares = {one.key: one for one in found.shares}
    assert found.enough
    assert shares["in_range"].value == pytest.approx(100 * 200 / 288)
    assert (shares["in_range"].side, shares["in_range"].met) == ("at-least", False)
    assert (shares["above_250"].side, shares["above_250"].met) == ("at-most", True)
    assert not found.older


def test_older_people_have_targets_of_their_own():
    """More than half of the time, and almost nothing low."""
    found = home_results.glucose_shares(sensor(14, 120.0), TODAY, 70)
    assert found.older
    assert {one.key: one.target for one in found.shares}["in_range"] == 50


def test_too_little_time_with_the_sensor_is_compared_with_nothing():
    """No target is spoken of."""
    found = home_results.glucose_shares(sensor(3, 120.0), TODAY, None)
    assert not found.enough
    assert {one.met for one in found.shares} == {None}
    assert home_results.glucose_shares([], TODAY, 50) is None
