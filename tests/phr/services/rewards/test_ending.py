"""The end of points: told once at each of three times, by the chosen way or on paper, and ended once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.phr.services.rewards.bank import Bank, earn, join, last_day, lot_of, own, post


@pytest.fixture
def bank(system):
    made = Bank(system)
    join(system, made)
    return made


def on(clock, last, days):
    """Noon of the city so many days before a day."""
    day = date.fromisoformat(last) - timedelta(days=days)
    clock.at = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def letters(admin, person):
    return [
        row[0]
        for row in admin.execute(
            "SELECT idempotency_key FROM phr.outbox WHERE person_id = %s AND kind = 'message' ORDER BY created_at",
            (person,),
        ).fetchall()
    ]


def test_notices_go_out_at_60_30_and_7_days_each_once(system, bank, clock, person, admin):
    """A night that fell out is made up; a repeated night tells nobody twice."""
    last = last_day(system)
    earn(system, bank, person, 100, last)
    for days, told in ((61, 0), (60, 1), (60, 1), (59, 1), (29, 2), (8, 2), (7, 3), (1, 3), (0, 3), (-1, 3)):
        on(clock, last, days)
        system.lots_ending.round(request="t")
        assert len(letters(admin, person)) == told, days
    assert letters(admin, person) == [f"points-expiry:{last}:{days}" for days in (60, 30, 7)]


def test_somebody_without_points_is_told_nothing(system, bank, clock, person, admin):
    """Nor somebody whose points are spent."""
    last = last_day(system)
    earn(system, bank, person, 10, last)
    system.moves.give(person, "chuo", 10, actor="x", way="web", request="t")
    post(system, bank, person)
    on(clock, last, 30)
    system.lots_ending.round(request="t")
    assert letters(admin, person) == []


def test_a_lot_that_is_over_goes_to_its_own_account_once(system, bank, clock, person):
    """Not on its last day; and the night after changes nothing."""
    last = last_day(system)
    year = f"fy{date.fromisoformat(last).year - 1}"
    earn(system, bank, person, 100, last)
    on(clock, last, 0)
    system.lots_ending.round(request="t")
    assert system.moves.moves(person, own(person)) == []
    for days in (-1, -1, -2):
        on(clock, last, days)
        system.lots_ending.round(request="t")
        post(system, bank, person)
        system.moves.follow(request="t")
    assert [(one.kind, one.state, one.amount) for one in system.moves.moves(person, own(person))] == [
        ("expiry", "done", 100)
    ]
    assert bank.holds(f"expired:{year}") == 100
    assert bank.holds(lot_of(system, person, last)) == 0
    assert bank.total() == 0


def test_nothing_is_asked_of_the_ledger_far_from_every_end(system, clock):
    """Most nights have nothing to do; without any lot near its end no person is looked at."""
    system.__dict__["_holders"] = lambda _last: pytest.fail("the ledger was asked")
    clock.at = datetime(2026, 5, 1, tzinfo=UTC)
    system.lots_ending._lasts = lambda _today: [date(2027, 3, 31)]
    assert system.lots_ending.round(request="t") == {"told": 0, "ended": 0}
