"""A device's clock is checked against the box's own: times are moved by what is known, and unknown ones are said."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.clock import Check, Checkpoint, Placed, east, judge, local, resolve, stamped_on_receipt
from ingest.series import LOW_CONFIDENCE, ZONE_ASSUMED
from tests.ingest.ble.home import BERLIN, NOON, TOKYO, at, moment

SECOND = 1_000_000


def placed(found) -> Placed:
    assert isinstance(found, Placed)
    return found


def test_a_clock_that_is_right_changes_nothing():
    """The device's time is the time, and the zone is known from the comparison with the gateway."""
    clock = judge(Check(NOON, at(NOON)), zone=TOKYO, now=at(NOON))
    assert clock.correct(NOON - timedelta(hours=5)) == Placed(at(NOON) - 5 * 3600 * SECOND, 9 * 3600)


def test_two_seconds_are_the_radio_and_three_are_an_error():
    """The delay of a question is no error of the clock."""
    two = judge(Check(NOON - timedelta(seconds=2), at(NOON)), zone=TOKYO, now=at(NOON))
    three = judge(Check(NOON - timedelta(seconds=3), at(NOON)), zone=TOKYO, now=at(NOON))
    assert (two.drift, three.drift) == (0, 3)


def test_the_drift_is_taken_off_and_told():
    """A clock five minutes behind: its readings were taken five minutes later than it says."""
    clock = judge(Check(NOON - timedelta(minutes=5), at(NOON)), zone=TOKYO, now=at(NOON))
    found = placed(clock.correct(NOON - timedelta(hours=1)))
    assert found.instant == at(NOON - timedelta(minutes=55))
    assert (found.shift, found.quality) == (300, 0)


def test_a_drift_since_the_last_visit_is_spread_over_the_time_between():
    """Set right ten days ago, 20 s behind today: a reading of five days ago is 10 s behind."""
    then = NOON - timedelta(days=10)
    clock = judge(
        Check(NOON - timedelta(seconds=20), at(NOON)),
        zone=TOKYO,
        now=at(NOON),
        earlier=Checkpoint(at(then), found=90, left=0),
    )
    half = placed(clock.correct(NOON - timedelta(days=5)))
    assert half.shift == 10
    assert placed(clock.correct(then + timedelta(seconds=5))).shift == 0
    assert placed(clock.correct(then - timedelta(days=1))).shift == 90


def test_a_jump_that_no_quartz_makes_is_no_drift():
    """Nine minutes in a day are somebody's hand; when it happened is unknown, so the reading is marked."""
    clock = judge(
        Check(NOON - timedelta(minutes=9), at(NOON)),
        zone=TOKYO,
        now=at(NOON),
        earlier=Checkpoint(at(NOON - timedelta(days=1)), 0, 0),
    )
    found = placed(clock.correct(NOON - timedelta(hours=2)))
    assert (found.shift, found.quality) == (540, LOW_CONFIDENCE)


def test_a_clock_of_another_zone_counts_by_its_distance():
    """Eight hours behind, as after a journey: the distance to now is what the device measured."""
    clock = judge(Check(NOON - timedelta(hours=8), at(NOON)), zone=TOKYO, now=at(NOON))
    assert clock.state == "own"
    assert placed(clock.correct(NOON - timedelta(hours=9))).instant == at(NOON - timedelta(hours=1))


@pytest.mark.parametrize("shown", [None, moment(2000, 1, 1, 3), moment(1970, 1, 1)])
def test_a_clock_that_was_never_set_gives_no_times(shown):
    """2000-01-01 is where devices wake up after a change of battery."""
    clock = judge(Check(shown, at(NOON)), zone=TOKYO, now=at(NOON))
    assert clock.state == "unset"
    assert clock.correct(moment(2000, 1, 1, 2)) == "clock-not-set"
    assert clock.correct(None) == "no-time"


def test_a_plausible_time_under_a_clock_that_is_unset_now_is_kept_and_marked():
    """The battery was changed after the reading; what it said then was said by a clock that was set."""
    clock = judge(Check(moment(2000, 1, 1), at(NOON)), zone=TOKYO, now=at(NOON))
    found = placed(clock.correct(NOON - timedelta(days=2)))
    assert found.quality == LOW_CONFIDENCE | ZONE_ASSUMED


def test_ten_minutes_ahead_may_be_and_more_may_not():
    """A record of the future is a fault of the clock, not a measurement."""
    clock = judge(None, zone=TOKYO, now=at(NOON))
    assert isinstance(clock.correct(NOON + timedelta(minutes=10)), Placed)
    assert clock.correct(NOON + timedelta(minutes=10, seconds=1)) == "time-in-future"
    assert clock.correct(moment(9999, 12, 31, 23, 59, 59)) == "time-in-future"


def test_a_clock_nobody_looked_at_is_taken_in_the_zone_of_the_home_and_marked():
    """Some cuffs can be set but not read."""
    clock = judge(Check(None, at(NOON), "accepted", is_read=False), zone=TOKYO, now=at(NOON))
    assert clock.state == "unchecked"
    assert clock.correct(NOON) == Placed(at(NOON), 9 * 3600, ZONE_ASSUMED)
    assert clock.checkpoint == Checkpoint(at(NOON), 0, 0)


def test_the_hour_that_happens_twice_is_its_first_and_marked():
    """The end of summer time in Berlin: 02:30 on 2026-10-25."""
    now = at(moment(2026, 10, 25, 12), BERLIN)
    clock = judge(Check(local(now, BERLIN), now), zone=BERLIN, now=now)
    found = placed(clock.correct(moment(2026, 10, 25, 2, 30)))
    assert (found.offset, found.quality) == (7200, ZONE_ASSUMED)


def test_the_hour_that_never_was_is_read_as_if_the_clock_had_not_been_moved():
    """The beginning of summer time in Berlin: 02:30 on 2026-03-29 is 03:30 summer time."""
    instant, chosen = resolve(moment(2026, 3, 29, 2, 30), BERLIN)
    assert local(instant, BERLIN) == moment(2026, 3, 29, 3, 30)
    assert chosen


def test_a_clock_nobody_moved_to_winter_time_is_right_on_both_sides_of_the_night():
    """It shows summer time all along, so the distance to now is exact, and nothing has to be assumed."""
    now = at(moment(2026, 10, 26, 12), BERLIN)
    clock = judge(Check(moment(2026, 10, 26, 13), now), zone=BERLIN, now=now)
    before = placed(clock.correct(moment(2026, 10, 24, 8)))
    after = placed(clock.correct(moment(2026, 10, 26, 8)))
    assert (before.instant, before.quality) == (at(moment(2026, 10, 24, 8), BERLIN), 0)
    assert (after.instant, after.quality) == (at(moment(2026, 10, 26, 7), BERLIN), 0)


def test_a_clock_of_its_own_is_marked_across_the_night_of_the_change():
    """Whether somebody moved it that night cannot be known."""
    now = at(moment(2026, 10, 26, 12), BERLIN)
    clock = judge(Check(moment(2026, 10, 26, 17), now), zone=BERLIN, now=now)
    assert placed(clock.correct(moment(2026, 10, 24, 8))).quality == ZONE_ASSUMED
    assert placed(clock.correct(moment(2026, 10, 26, 8))).quality == 0


def test_a_clock_that_follows_is_right_on_both_sides_of_the_night():
    """Set at every visit: the time of October is summer time, though it is winter now."""
    now = at(moment(2026, 11, 2, 12), BERLIN)
    clock = judge(Check(moment(2026, 11, 2, 12), now), zone=BERLIN, now=now)
    assert placed(clock.correct(moment(2026, 10, 20, 8))).offset == 7200
    assert placed(clock.correct(moment(2026, 11, 1, 8))).offset == 3600


def test_what_is_remembered_is_the_error_found_and_the_error_left():
    """The next session spreads the drift from what this one left behind."""
    check = Check(NOON - timedelta(seconds=30), at(NOON), "accepted")
    assert judge(check, zone=TOKYO, now=at(NOON)).checkpoint == Checkpoint(at(NOON), 30, 0)
    refused = Check(NOON - timedelta(seconds=30), at(NOON), "ignored")
    assert judge(refused, zone=TOKYO, now=at(NOON)).checkpoint == Checkpoint(at(NOON), 30, 30)
    earlier = Checkpoint(1, 2, 3)
    assert judge(None, zone=TOKYO, now=at(NOON), earlier=earlier).checkpoint == earlier


def test_the_time_of_receipt_is_marked():
    """It stands for a time that the device does not know."""
    assert stamped_on_receipt(at(NOON), TOKYO) == Placed(at(NOON), 9 * 3600, LOW_CONFIDENCE)


walls = st.datetimes(moment(2015, 1, 1), moment(2026, 11, 22, 11)).map(lambda d: d.replace(microsecond=0))


@given(
    st.lists(walls, min_size=2, max_size=8),
    st.integers(-86_400 * 400, 86_400 * 400),
)
def test_correction_keeps_order_and_intervals(stored, error):
    """Whatever the error, two readings ten minutes apart stay ten minutes apart (Japan has no summer time)."""
    shown = NOON - timedelta(seconds=error)
    clock = judge(Check(shown, at(NOON)), zone=TOKYO, now=at(NOON))
    before = [wall - timedelta(seconds=max(0, error)) for wall in stored]
    after = [clock.correct(wall) for wall in before]
    pairs = [(wall, found) for wall, found in zip(before, after, strict=True) if isinstance(found, Placed)]
    for (one, there), (two, here) in pairwise(pairs):
        assert here.instant - there.instant == (two - one) // timedelta(microseconds=1)


@given(st.lists(walls, min_size=2, max_size=8), st.integers(-300, 300), st.integers(10, 400))
def test_a_drift_that_is_spread_keeps_the_order_and_strays_no_more_than_it_may(stored, drift, days):
    """Between two visits the correction grows from the one to the other, and never beyond either."""
    start = NOON - timedelta(days=days)
    clock = judge(
        Check(NOON - timedelta(seconds=drift), at(NOON)),
        zone=TOKYO,
        now=at(NOON),
        earlier=Checkpoint(at(start), 0, 0),
    )
    inside = sorted(wall for wall in stored if wall > start)
    found = [placed(clock.correct(wall)) for wall in inside]
    assert [each.instant for each in found] == sorted(each.instant for each in found)
    assert all(min(0, drift) <= each.shift <= max(0, drift) for each in found)


@given(
    st.one_of(st.none(), st.datetimes()),
    st.one_of(st.none(), st.datetimes()),
    st.sampled_from([TOKYO, BERLIN]),
)
def test_every_clock_and_every_time_end_in_an_instant_or_a_reason(shown, wall, zone):
    """No date of any device makes the rule fail."""
    clock = judge(Check(shown, at(NOON)), zone=zone, now=at(NOON))
    found = clock.correct(wall)
    assert (
        found in ("no-time", "clock-not-set", "time-in-future") or east(found.instant, zone) == found.offset
    )
