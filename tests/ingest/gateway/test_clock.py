"""The box's clock: what an answer's date says, what moves, and what is left alone."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.devices import CATALOGUE
from ingest.gateway.clock import (
    BUILT,
    LAST,
    NOTICED,
    SLOWEST,
    Asked,
    BoxClock,
    boot,
    by_box,
    is_synchronised,
    shift,
    since_boot,
    true_anchor,
)
from ingest.gateway.readings import Outgoing
from ingest.gateway.runner import not_setting_clocks
from ingest.gateway.spool import Spool
from ingest.series import LOW_CONFIDENCE, ZONE_ASSUMED
from tests.ingest.ble.home import NOON, a_pressure, at, moment
from tests.ingest.gateway.service import CARD

DAY = 86_400_000_000
ticks = st.integers(0, 10**15)


def date_of(instant):
    return format_datetime(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant), usegmt=True)


@given(instant=st.integers(BUILT, LAST), sent=ticks, took=st.integers(0, SLOWEST))
def test_the_date_of_an_answer_tells_the_time_to_within_its_delay(instant, sent, took):
    """Half a second for the cut, and half of the way there and back."""
    true = true_anchor(Asked(date_of(instant), sent, sent + took))
    assert abs(true + sent + took // 2 - instant) <= 500_001


@given(
    date=st.text(max_size=40) | st.sampled_from(["", "Thu, 01 Jan 1970 00:00:00 GMT", date_of(LAST + DAY)])
)
def test_a_date_that_cannot_be_true_tells_nothing(date):
    """Any text gives an anchor or nothing, never an error."""
    found = true_anchor(Asked(date, 0, 0))
    assert found is None or BUILT <= found <= LAST + 500_000


@pytest.mark.parametrize("took", [-1, SLOWEST + 1])
def test_an_answer_that_took_too_long_tells_nothing(took):
    """Its date could be of any moment of that time."""
    assert true_anchor(Asked(date_of(at(NOON)), 10, 10 + took)) is None


@given(true=st.integers(-(10**15), 10**15), anchor=st.integers(-(10**15), 10**15))
def test_only_an_error_that_can_be_told_from_delay_is_corrected(true, anchor):
    """Two seconds."""
    moved = shift(true, anchor)
    assert moved == (true - anchor if abs(true - anchor) > NOTICED else 0)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=50))
def test_the_box_never_goes_back_and_never_gives_one_instant_twice(waits):
    """The order of what arrives is the order of its times."""
    passed = [0]
    clock = BoxClock(at(NOON), True, "b", lambda: passed[0])
    seen = []
    for wait in waits:
        passed[0] += wait
        seen.append(clock.now())
    assert seen == sorted(set(seen))


def test_a_jump_of_the_system_clock_does_not_move_the_box(monkeypatch):
    """It counts from the machine's start."""
    clock = BoxClock.start()
    before = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert before < clock.now() < before + 60_000_000


def test_a_box_without_a_battery_starts_where_it_stopped(monkeypatch, tmp_path):
    """Its clock says 1970; it was on long after that, and this program is younger too."""
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    clock = BoxClock.start(mark=tmp_path / "none")
    assert (abs(clock.now() - BUILT) < 10_000_000, clock.is_known) == (True, False)
    assert abs(BoxClock.start(floor=at(NOON)).now() - at(NOON)) < 10_000_000
    mark = tmp_path / "synchronized"
    assert not is_synchronised(mark)
    mark.touch()
    assert not BoxClock.start(mark=mark).is_known, "the mark is of a clock that says 1970"


def test_a_clock_that_the_network_set_is_known(tmp_path):
    """systemd-timesyncd leaves a mark."""
    mark = tmp_path / "synchronized"
    mark.touch()
    assert BoxClock.start(mark=mark).is_known
    assert boot() == boot()
    assert 0 < since_boot() <= since_boot()


@pytest.mark.parametrize(
    ("reading", "state", "expected"),
    [
        (a_pressure(NOON), "follows", True),
        (a_pressure(NOON), "own", True),
        (a_pressure(NOON), "unchecked", False),
        (a_pressure(NOON), "unset", False),
        (a_pressure(None), "unchecked", True),
        (a_pressure(moment(2000, 1, 1)), "unset", True),
    ],
)
def test_a_reading_hangs_on_the_box_s_clock_where_the_box_placed_it(reading, state, expected):
    """A device's own time that nobody compared stays the device's."""
    assert by_box(reading, state) is expected


def row(start, anchor):
    return Outgoing(
        CARD, 0, "8867-4", "strap", "active", start, None, 32400, 0, b'{"value":70}', anchor=anchor
    )


@given(error=st.integers(-400 * DAY, 400 * DAY), after=st.integers(0, DAY))
def test_readings_of_this_boot_move_by_the_error_once_it_is_known(tmp_path_factory, error, after):
    """Whatever the box believed, the instant is true at last; two seconds are left alone."""
    spool = Spool(tmp_path_factory.mktemp("spool"))
    true = at(NOON)
    spool.put([row(true + error + after, true + error)], "boot-1")
    assert spool.waiting(9) == []
    spool.place("boot-1", true, true + after)
    ((_, placed),) = spool.waiting(9)
    assert placed.start == true + after + (error if abs(error) <= NOTICED else 0)
    assert placed.quality == 0
    spool.close()


def test_readings_of_an_earlier_boot_go_out_marked_or_stay(tmp_path):
    """How wrong that clock was nobody knows: what can be true is marked, what lies in the future is refused."""
    spool = Spool(tmp_path)
    now = at(NOON)
    spool.put([row(now - DAY, now), row(now + 1, now)], "boot-0")
    spool.put([row(now - 5, now - DAY)], "boot-1")
    spool.place("boot-1", now, now)
    rows = [placed for _, placed in spool.waiting(9)]
    assert [(one.start, one.quality) for one in rows] == [
        (now - DAY, ZONE_ASSUMED | LOW_CONFIDENCE),
        (now - 5 + DAY, 0),
    ]
    assert spool.counts()["refused"] == {"clock-not-known": 1}


def test_a_box_without_the_time_gives_it_to_nobody():
    """A cuff that it set wrong would keep wrong times for weeks."""
    assert any(family.clock for family in CATALOGUE.families)
    careful = not_setting_clocks(CATALOGUE)
    assert {(family.clock, family.clock_when) for family in careful.families} == {("", "never")}
    assert [family.name for family in careful.families] == [family.name for family in CATALOGUE.families]
