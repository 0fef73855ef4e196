"""Statements and closings: totals equal to the ledger, nobody's pseudonym, and a second closing changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from phr.domain.points import funding, load_rules
from phr.errors import Busy, Invalid, Refused
from phr.services.rewards.year import city_csv
from tests.phr.services.rewards.bank import Bank, earn, join, own, post, wallet

YEAR = 2026


@pytest.fixture
def bank(system):
    made = Bank(system)
    join(system, made)
    return made


@pytest.fixture
def kept(admin):
    """Other tests of this database may have closed the year or left letters."""
    admin.execute("DELETE FROM phr.points_year")
    admin.execute("UPDATE phr.outbox SET state = 'delivered' WHERE kind = 'ledger'")
    admin.execute("DELETE FROM phr.points_move")
    yield
    admin.execute("DELETE FROM phr.points_year")


def fund(bank):
    for order in funding(load_rules(YEAR)):
        bank.deliver(order, idempotency_key=order.reference)


def test_the_citys_statement_adds_up_and_equals_the_ledger(system, bank, kept, person):
    """Issued by fund; held, exchanged, given and waiting of the year's lots; and no line about anybody."""
    fund(bank)
    bank.deliver(_award(system, person), idempotency_key="a")
    wallet(system, person)
    system.moves.give(person, "chuo", 100, actor="x", way="web", request="t")
    post(system, bank, person)
    system.moves.follow(request="t")
    found = system.points_year.city(YEAR, request="t")
    steps = next(one for one in found["funds"] if one["name"] == "steps_goal")
    assert (steps["issued"], steps["left"]) == (700, steps["budget"] - 700)
    assert found["lots"] == {"held": 600, "exchange": 0, "gift": 100, "expiry": 0, "waiting": 0}
    assert found["holders"] is None
    assert set(found["equal"].values()) == {True}
    text = city_csv(found)
    assert "fewer than 10" in text
    assert system.points.pseudonym(person) not in text


def _award(system, person):
    from phr.domain.ledger import Order, Posting

    lot = f"residents:{system.points.pseudonym(person)}:lot:2027-03-31"
    return Order((Posting("issuance:fy2026:steps_goal", lot, 700, "HPT"),), {}, "award")


def test_a_year_is_closed_after_its_grace_once(system, bank, kept, clock, person):
    """What was not issued goes back; the statement stays as it was; the sum of everything is zero."""
    fund(bank)
    bank.deliver(_award(system, person), idempotency_key="a")
    with pytest.raises(Refused, match="after"):
        system.points_year.close(YEAR, actor="x", request="t")
    last = max(rule.upload_until for rule in load_rules(YEAR).events.values())
    clock.at = datetime(last.year, last.month, last.day, 3, tzinfo=UTC)
    with pytest.raises(Refused, match="after"):
        system.points_year.close(YEAR, actor="x", request="t")
    clock.at = datetime.combine(date.fromordinal(last.toordinal() + 1), clock.at.timetz())
    closed = system.points_year.close(YEAR, actor="x", request="t")
    assert bank.balances("issuance:fy2026:").get("HPT", 0) == 0
    assert -bank.holds("world") == 700
    earn(system, bank, person, 50, "2027-03-31")
    assert system.points_year.close(YEAR, actor="y", request="t") == closed
    assert system.points_year.city(YEAR, request="t") == closed
    assert bank.total() == 0


def test_a_crash_within_a_closing_is_made_good_by_closing_again(system, bank, kept, clock, monkeypatch):
    """Each budget goes back once, by its reference."""
    from phr.clients.ledger import LedgerRetry

    fund(bank)
    clock.at = datetime(2028, 5, 1, tzinfo=UTC)
    whole, count = bank.deliver, []

    def breaking(order, *, idempotency_key):
        count.append(1)
        if len(count) == 3:
            raise LedgerRetry("down")
        return whole(order, idempotency_key=idempotency_key)

    monkeypatch.setattr(bank, "deliver", breaking)
    with pytest.raises(Busy):
        system.points_year.close(YEAR, actor="x", request="t")
    closed = system.points_year.close(YEAR, actor="x", request="t")
    assert bank.balances("issuance:fy2026:").get("HPT", 0) == 0
    assert all(one["returned"] == one["budget"] for one in closed["funds"])


def test_a_year_with_letters_that_wait_is_not_closed(system, bank, kept, clock, person):
    """An award that finds its budget closed would be lost."""
    earn(system, bank, person, 100)
    system.moves.give(person, "chuo", 10, actor="x", way="web", request="t")
    clock.at = datetime(2028, 5, 1, tzinfo=UTC)
    with pytest.raises(Refused, match="letters"):
        system.points_year.close(YEAR, actor="x", request="t")


def test_a_year_without_rules_is_no_year(system):
    """It names the field."""
    with pytest.raises(Invalid) as error:
        system.points_year.city(1999, request="t")
    assert error.value.field == "year"


def test_a_residents_statement_tells_what_came_and_went(system, bank, kept, person):
    """A gift under way is neither given nor gone."""
    earn(system, bank, person, 100)
    system.moves.give(person, "chuo", 10, actor="x", way="web", request="t")
    found = system.points_year.own(person, YEAR, None, own(person))
    assert (found.waiting, found.given, found.expired) == (10, 0, 0)
    post(system, bank, person)
    system.moves.follow(request="t")
    found = system.points_year.own(person, YEAR, None, own(person))
    assert (found.waiting, found.given) == (0, 10)
    assert [(one.what, one.points, one.target) for one in found.entries] == [("gift", -10, "chuo")]
