"""From when on something of the service is late or has failed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from phr.domain.examination_log import HELD, Slot
from phr.domain.running import (
    FAILING,
    LATE,
    OFF,
    RUNNING,
    box,
    cloud,
    kept,
    log,
    root_late,
    standby,
    worker,
)

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


def ago(**span):
    return NOW - timedelta(**span)


@pytest.mark.parametrize(
    ("seen", "state"), [(ago(minutes=4), RUNNING), (ago(minutes=5), LATE), (ago(minutes=60), FAILING)]
)
def test_a_worker_is_late_after_five_minutes_and_gone_after_an_hour(seen, state):
    """It shows itself every five seconds."""
    assert worker(seen, NOW) == state


@pytest.mark.parametrize(
    ("seen", "state"), [(ago(hours=23), RUNNING), (ago(hours=24), LATE), (ago(days=3), FAILING)]
)
def test_a_box_may_be_silent_for_a_night(seen, state):
    """A community hall closes; three days are too long."""
    assert box(seen, NOW) == state


@pytest.mark.parametrize(
    ("connected", "failing", "last", "state"),
    [
        (0, 0, None, OFF),
        (3, 3, NOW, FAILING),
        (3, 0, None, LATE),
        (3, 1, NOW, LATE),
        (3, 0, NOW, RUNNING),
        (3, 0, ago(hours=24), LATE),
        (3, 1, ago(days=3), FAILING),
    ],
)
def test_a_cloud_is_judged_by_its_connections(connected, failing, last, state):
    """One failing connection is somebody's, all failing ones are the cloud's."""
    assert cloud(connected, failing, last, NOW) == state


def test_a_backup_is_daily_and_a_drill_quarterly():
    """R8-26; what went wrong counts as none."""
    assert kept("backup", None, True, NOW) == OFF
    assert kept("backup", ago(hours=25), True, NOW) == RUNNING
    assert kept("backup", ago(hours=26), True, NOW) == LATE
    assert kept("backup", ago(hours=1), False, NOW) == FAILING
    assert kept("restore-drill", ago(days=91), True, NOW) == RUNNING
    assert kept("restore-drill", ago(days=92), True, NOW) == LATE


def test_a_copy_of_the_whole_server_is_weekly():
    """Two days to mend the timer; the log cannot begin without one."""
    assert kept("base", ago(days=8), True, NOW) == RUNNING
    assert kept("base", ago(days=9), True, NOW) == LATE
    assert kept("base", ago(days=18), True, NOW) == FAILING


@pytest.mark.parametrize(
    ("until", "slot", "state"),
    [
        (None, None, OFF),
        (None, Slot(0, lost=False), FAILING),
        (ago(minutes=1), None, FAILING),
        (ago(minutes=1), Slot(0, lost=True), FAILING),
        (ago(minutes=9), Slot(0, lost=False), RUNNING),
        (ago(minutes=9), Slot(HELD + 1, lost=False), LATE),
        (ago(minutes=10), Slot(0, lost=False), LATE),
        (ago(minutes=60), Slot(HELD + 1, lost=False), FAILING),
    ],
)
def test_the_log_is_judged_by_what_a_loss_now_would_cost(until, slot, state):
    """Never kept is off, kept once and lost since has failed, and what fills the server's disk is late."""
    assert log(until, slot, NOW) == state


@pytest.mark.parametrize(
    ("behind", "state"),
    [(None, FAILING), (timedelta(minutes=5), RUNNING), (timedelta(minutes=5, seconds=1), LATE)],
)
def test_a_standby_follows_within_minutes(behind, state):
    """One that does not answer or follows another server has failed, for whoever named it."""
    assert standby(behind) == state


def test_a_day_without_a_root_is_seen_on_the_second_day_after():
    """The root of yesterday may still be on its way."""
    today = date(2026, 11, 21)
    assert not root_late(None, today)
    assert not root_late(today - timedelta(days=2), today)
    assert root_late(today - timedelta(days=3), today)
