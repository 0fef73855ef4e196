"""Time in range: shares of time at their edges, enough days and readings, targets with their source."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.cgm import time_in_range
from risk.errors import BadInput

FIRST, LAST = dt.date(2026, 5, 1), dt.date(2026, 5, 14)
MINUTE = 60_000_000
SENSORS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cgm" / "iglu_5_subject.csv.gz"
BEGIN = ((FIRST - dt.date(1970, 1, 1)).days * 86_400 - 32_400) * 1_000_000


def shares(values, *, every=5, first=FIRST, last=LAST, begin=BEGIN, **options):
    values = np.array(values, dtype=np.float64)
    start = begin + np.arange(len(values), dtype=np.int64) * every * MINUTE
    return time_in_range(start, values, first=first, last=last, **options)


def test_the_edges_of_the_ranges():
    """70 and 180 are in range, 54 is not below 54, 250 is not above 250."""
    found = shares([53.9, 54, 69.9, 70, 180, 180.1, 250, 250.1]).shares
    assert {name: share * 8 / 100 for name, share in found.items() if name != "cv"} == {
        "in_range": 2,
        "below_70": 3,
        "below_54": 1,
        "above_180": 3,
        "above_250": 1,
    }


def test_two_whole_weeks_are_enough_and_the_targets_are_judged():
    """Day after day of 100 and 200 in turn: half in range."""
    found = shares([100, 200] * (14 * 144))
    assert (found.covered, found.enough, found.mean) == (100, True, 150)
    assert found.met == {
        "in_range": False,
        "below_70": True,
        "below_54": True,
        "above_180": False,
        "above_250": True,
        "cv": True,
    }
    assert (
        found.reasons[0].ja == "70~180 mg/dL の時間 50.0 %(目標 70 % 超、Battelino 2019)2026-05-01~2026-05-14"
    )


@pytest.mark.parametrize(("share", "enough"), [(0.70, True), (0.69, False)])
def test_seventy_percent_of_the_readings_are_needed(share, enough):
    """Below that the shares are shown and no target is judged."""
    found = shares([120] * round(14 * 288 * share + 0.49))
    assert found.enough is enough
    assert bool(found.met) is enough
    assert found.shares["in_range"] == 100


def test_thirteen_days_are_not_enough():
    """However complete they are."""
    assert not shares([120] * (13 * 288), last=dt.date(2026, 5, 13)).enough


def test_older_people_have_other_targets():
    """More than half in range, less than 1 % below 70, less than 10 % above 250."""
    values = [120] * 2200 + [200] * 1832
    adult, older = shares(values), shares(values, older=True)
    assert (adult.met["in_range"], older.met["in_range"]) == (False, True)
    assert set(older.met) == {"in_range", "below_70", "above_250", "cv"}


def test_the_interval_can_be_told():
    """A sensor that reads every 15 minutes covers the day with 96 readings."""
    assert shares([120] * (14 * 96), every=15).covered == pytest.approx(100)
    assert shares([120] * (14 * 96), every=15, every_minutes=5).covered == pytest.approx(100 / 3)


def test_a_reading_delivered_twice_counts_once():
    """Repeats change nothing."""
    values = np.tile(np.arange(80.0, 180.0), 41)[:4032]
    start = BEGIN + np.arange(4032, dtype=np.int64) * 5 * MINUTE
    one = time_in_range(start, values, first=FIRST, last=LAST)
    two = time_in_range(np.tile(start, 2), np.tile(values, 2), first=FIRST, last=LAST)
    assert one == two


def test_impossible_and_foreign_readings_are_left_out():
    """999999 is refused and counted; the day before is not of this stretch."""
    found = shares([120, 999_999, np.nan])
    assert (found.readings, found.refused) == (1, 2)
    assert shares([120] * 10, begin=BEGIN - 3600 * 1_000_000).readings == 0


def test_nothing_measured_is_an_answer():
    """No readings: no shares, no targets, nothing covered."""
    found = shares([])
    assert (found.readings, found.covered, found.mean, found.shares, found.met) == (0, 0, None, {}, {})
    assert shares([120]).covered == 0


@pytest.mark.parametrize(
    ("options", "field"),
    [({"every_minutes": 0}, "every_minutes"), ({"last": dt.date(2026, 4, 1)}, "last")],
)
def test_what_cannot_be_is_refused(options, field):
    """An interval of nothing, an end before the beginning."""
    with pytest.raises(BadInput) as caught:
        shares([120], **options)
    assert caught.value.field == field
    with pytest.raises(BadInput, match="glucose"):
        time_in_range(np.zeros(2, dtype=np.int64), np.zeros(1), first=FIRST, last=LAST)


@settings(max_examples=50)
@given(values=st.lists(st.floats(20, 600), min_size=1, max_size=200), turn=st.randoms())
def test_shares_add_up_in_any_order(values, turn):
    """Below, in and above are all the time, and the order of arrival does not matter."""
    start = BEGIN + np.arange(len(values), dtype=np.int64) * 5 * MINUTE
    order = list(range(len(values)))
    turn.shuffle(order)
    given_values = np.array(values)
    one = time_in_range(start, given_values, first=FIRST, last=LAST, every_minutes=5)
    two = time_in_range(start[order], given_values[order], first=FIRST, last=LAST, every_minutes=5)
    assert one == two
    total = one.shares["below_70"] + one.shares["in_range"] + one.shares["above_180"]
    assert total == pytest.approx(100)
    assert one.shares["below_54"] <= one.shares["below_70"]
    assert one.shares["above_250"] <= one.shares["above_180"]


@pytest.mark.shared
@pytest.mark.skipif(not SENSORS.exists(), reason="the sample data of sensors is not there")
def test_real_sensors_have_the_shares_that_counting_gives():
    """Five people's sensors, counted a second way; the first is known to be 91.7 % in range."""
    table = pd.read_csv(SENSORS, parse_dates=["time"])
    found = {}
    for who, mine in table.groupby("id"):
        times = mine["time"].astype("datetime64[us]").astype("int64").to_numpy()
        first, last = mine["time"].min().date(), mine["time"].max().date()
        found[who] = time_in_range(times, mine["gl"].to_numpy(float), first=first, last=last, offset=0)
        assert found[who].shares["in_range"] == pytest.approx(100 * mine["gl"].between(70, 180).mean())
        assert found[who].shares["above_250"] == pytest.approx(100 * mine["gl"].gt(250).mean())
        assert found[who].mean == pytest.approx(mine["gl"].mean())
    assert round(found["Subject 1"].shares["in_range"], 1) == 91.7
