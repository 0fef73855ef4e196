"""Moves of points: one open at a time, the oldest lot first, paid once or back in the same lots, whatever is repeated or lost."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.domain.access import machine
from phr.domain.exchange import rules_of
from phr.errors import Conflict, Invalid, NotFound, Refused
from tests.build import CITY
from tests.phr.services.rewards.bank import Bank, earn, join, last_day, lot_of, own, post, wallet


@pytest.fixture
def bank(system):
    made = Bank(system)
    join(system, made)
    return made


@pytest.fixture
def rich(system, bank, person):
    """A person with a wallet and 1,200 points."""
    wallet(system, person)
    earn(system, bank, person, 1200)
    return person


def ask(system, person, amount=500):
    return system.moves.exchange(person, amount, actor="x", way="web", request="t")


def state(system, person):
    return [(one.kind, one.state, one.reason) for one in system.moves.moves(person, own(person))]


def answer(system, person, event, receipt="R-1"):
    newest = system.moves.moves(person, own(person))[0]
    return system.moves.answer(newest.move_id, event, receipt=receipt, actor="x", request="t").outcome


def test_an_exchange_goes_from_the_lot_to_pending_to_done(system, bank, rich):
    """Each step waits for the ledger to have the one before, and the resident sees each."""
    lot = lot_of(system, rich, last_day(system))
    ask(system, rich)
    assert state(system, rich) == [("exchange", "requested", "")]
    assert system.moves.purse(rich, own(rich)).usable == 700
    assert bank.holds(lot) == 1200
    post(system, bank, rich)
    assert system.moves.purse(rich, own(rich)).usable == 700
    system.moves.follow(request="t")
    assert state(system, rich) == [("exchange", "pending", "")]
    assert (bank.holds(lot), bank.holds("exchange:pending")) == (700, 500)
    assert answer(system, rich, "paid") == "noted"
    post(system, bank, rich)
    system.moves.follow(request="t")
    assert state(system, rich) == [("exchange", "done", "")]
    assert (bank.holds("exchange:pending"), bank.holds("exchange:done")) == (0, 500)
    assert answer(system, rich, "paid") == "repeated"
    assert answer(system, rich, "refused") == "too-late"
    assert bank.total() == 0


def test_a_refusal_brings_the_points_back_to_the_same_lots(system, bank, person):
    """Oldest first out, and each part home again."""
    today = system.moves.today
    older, newer = last_day(system), str(today + timedelta(days=2 * 365))
    wallet(system, person)
    earn(system, bank, person, 300, older)
    earn(system, bank, person, 900, newer)
    system.__dict__["moves"]._lots = lambda one: {
        lot: bank.holds(lot_of(system, one, lot)) for lot in (newer, older)
    }
    made = ask(system, person)
    assert made.lots == [[older, 300], [newer, 200]]
    post(system, bank, person)
    system.moves.follow(request="t")
    assert answer(system, person, "refused") == "noted"
    post(system, bank, person)
    system.moves.follow(request="t")
    assert state(system, person) == [("exchange", "returned", "refused")]
    assert [bank.holds(lot_of(system, person, lot)) for lot in (older, newer)] == [300, 900]
    assert answer(system, person, "paid") == "too-late"
    assert ask(system, person).state == "requested"


def test_points_that_come_back_after_their_last_day_can_still_be_used(system, bank, clock, rich):
    """Nobody loses points because the platform was slow to refuse."""
    last = last_day(system)
    ask(system, rich)
    post(system, bank, rich)
    system.moves.follow(request="t")
    days = (system.moves.today.fromisoformat(last) - system.moves.today).days + 5
    clock.tick(timedelta(days=days))
    system.__dict__["moves"]._lots = lambda one: {last: bank.holds(lot_of(system, one, last))}
    assert not system.moves.end_lot(rich, last, "fy2026", request="t")
    answer(system, rich, "refused")
    post(system, bank, rich)
    system.moves.follow(request="t")
    assert system.moves.purse(rich, own(rich)).usable == 1200
    assert not system.moves.end_lot(rich, last, "fy2026", request="t")
    clock.tick(timedelta(days=rules_of().return_days + 1))
    assert system.moves.purse(rich, own(rich)).usable == 0
    assert system.moves.end_lot(rich, last, "fy2026", request="t")


def test_only_one_exchange_is_open_also_for_twenty_at_once(system, bank, rich):
    """The person's lock and the database both say so."""
    outcomes = []

    def once():
        try:
            ask(system, rich)
        except Conflict:
            outcomes.append("conflict")
        else:
            outcomes.append("made")

    threads = [threading.Thread(target=once) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == ["conflict"] * 19 + ["made"]
    post(system, bank, rich)
    assert bank.holds("exchange:pending") == 500


@pytest.mark.parametrize("amount", [0, -500, 100, 499, 550, 1300, 10_100])
def test_an_amount_out_of_range_is_refused_by_its_field(system, bank, rich, amount):
    """Minimum, steps, the most of a request, and never more than there is."""
    with pytest.raises(Invalid) as error:
        ask(system, rich, amount)
    assert error.value.field == "amount"


def test_without_a_wallet_nothing_is_exchanged(system, bank, person):
    """The counter notes it first."""
    earn(system, bank, person, 900)
    with pytest.raises(Refused, match="wallet"):
        ask(system, person)


def test_the_years_budget_ends_exchanges_and_says_so(system, bank, rich, monkeypatch):
    """What others exchange counts too."""
    from dataclasses import replace

    monkeypatch.setattr(
        "phr.domain.exchange.rules_of", lambda: replace(rules_of.__wrapped__(), year_budget=1)
    )
    with pytest.raises(Refused, match="budget"):
        ask(system, rich)


def test_a_request_can_be_taken_back_until_the_platform_is_told(system, bank, rich):
    """Not before the ledger has it, not after the file was written, and never twice."""
    with pytest.raises(NotFound):
        system.moves.cancel(rich, actor="x", request="t")
    ask(system, rich)
    with pytest.raises(Conflict):
        system.moves.cancel(rich, actor="x", request="t")
    post(system, bank, rich)
    system.moves.follow(request="t")
    system.moves.cancel(rich, actor="x", request="t")
    assert state(system, rich) == [("exchange", "returning", "cancelled")]
    post(system, bank, rich)
    system.moves.follow(request="t")
    assert state(system, rich) == [("exchange", "returned", "cancelled")]
    assert bank.holds(lot_of(system, rich, last_day(system))) == 1200


def test_the_ledger_has_the_last_word_and_its_refusal_is_final(system, bank, rich):
    """The points were spent elsewhere meanwhile: nothing goes below zero, and a revived letter cannot take them later."""
    ask(system, rich)
    lot = lot_of(system, rich, last_day(system))
    bank.deliver(_drain(lot, 1200), idempotency_key=uuid4().hex)
    post(system, bank, rich)
    system.moves.follow(request="t")
    assert state(system, rich) == [("exchange", "refused", "no-funds")]
    letter = system.moves.moves(rich, own(rich))[0].outbox_id
    with system.store.begin(machine(CITY, "deliver", "t")) as uow:
        assert not uow.outbox.revive(letter, system.clock.now())
        uow.commit()


def _drain(lot, amount):
    from phr.domain.ledger import Order, Posting

    return Order((Posting(lot, "elsewhere", amount, "HPT"),), {}, uuid4().hex)


def test_a_gift_needs_no_wallet_and_is_done_when_the_ledger_has_it(system, bank, person):
    """It goes to the association's account; unknown ones and odd amounts are refused by their field."""
    earn(system, bank, person, 100)
    for to, amount, field in (("nobody", 10, "to"), ("chuo", 15, "amount"), ("chuo", 110, "amount")):
        with pytest.raises(Invalid) as error:
            system.moves.give(person, to, amount, actor="x", way="web", request="t")
        assert error.value.field == field
    system.moves.give(person, "chuo", 40, actor="x", way="web", request="t")
    post(system, bank, person)
    system.moves.follow(request="t")
    assert state(system, person) == [("gift", "done", "")]
    assert bank.holds("giving:chuo") == 40


def test_an_answer_about_a_gift_or_a_stranger_is_unknown(system, bank, person):
    """Only an exchange is answered by the platform."""
    earn(system, bank, person, 100)
    made = system.moves.give(person, "chuo", 10, actor="x", way="web", request="t")
    for identity in (made.move_id, UUID(int=7)):
        assert system.moves.answer(identity, "paid", receipt="", actor="x", request="t").outcome == "unknown"
    with pytest.raises(Invalid):
        system.moves.answer(made.move_id, "perhaps", receipt="", actor="x", request="t")


STEPS = st.lists(
    st.sampled_from(
        ["ask", "give", "post", "lose", "follow", "paid", "refused", "cancel", "file", "again", "late"]
    ),
    min_size=4,
    max_size=14,
)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_happens_in_whatever_order_the_books_agree(system, bank, clock, steps):
    """Sum zero, nothing below zero, nothing paid twice, and every end state is what the ledger holds."""
    the_books_agree(system, bank, clock, steps)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_the_books_agree_over_many_orders(system, bank, clock, steps):
    """The same, at length."""
    the_books_agree(system, bank, clock, steps)


def the_books_agree(system, bank, clock, steps):
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1970-01-01"}
    person = system.register.put(resource, actor="t", role="system", request="t")[0]
    wallet(system, person)
    earn(system, bank, person, 1200)
    before = {name: bank.holds(name) for name in ("exchange:done", "exchange:pending", "giving:chuo")}
    for step in steps:
        _do(system, bank, clock, person, step)
    for _ in range(4):  # in the end everything arrives
        post(system, bank, person)
        system.moves.follow(request="t")
    moves = system.moves.moves(person, own(person))
    grown = {name: bank.holds(name) - held for name, held in before.items()}
    sums = {
        name: sum(one.amount for one in moves if (one.kind, one.state) in kinds)
        for name, kinds in {
            "exchange:done": {("exchange", "done")},
            "exchange:pending": {("exchange", "pending"), ("exchange", "sent")},
            "giving:chuo": {("gift", "done")},
        }.items()
    }
    assert grown == sums
    assert {one.state for one in moves} <= {"pending", "sent", "done", "returned"}
    assert bank.holds(lot_of(system, person, last_day(system))) == 1200 - sum(sums.values())
    assert bank.total() == 0


def _do(system, bank, clock, person, step):
    try:
        if step == "ask":
            ask(system, person)
        elif step == "give":
            system.moves.give(person, "chuo", 100, actor="x", way="web", request="t")
        elif step in ("post", "lose"):
            post(system, bank, person, lost=step == "lose")
        elif step == "follow":
            system.moves.follow(request="t")
        elif step in ("paid", "refused"):
            found = [one for one in system.moves.moves(person, own(person)) if one.kind == "exchange"]
            if found:
                system.moves.answer(found[0].move_id, step, receipt="R", actor="x", request="t")
        elif step == "cancel":
            system.moves.cancel(person, actor="x", request="t")
        elif step == "late":
            pass
        else:
            system.payout.file(actor="x", request="t", again=step == "again")
    except (Conflict, Invalid, NotFound, Refused):
        pass
