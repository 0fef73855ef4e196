"""Comparing letters with a log, budgets, and what they leave: rules over values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.ledger import MAX_AMOUNT, WORLD, Order, Posting, balances_of, check_funds
from phr.domain.ledger_budget import Left, account, from_budget, left, of_year, top_up
from phr.domain.ledger_compare import (
    Comparison,
    Difference,
    Entry,
    Ours,
    compare_page,
    entry_of,
    missing_there,
    postings_of,
)
from phr.domain.points import load_rules, reversal
from phr.domain.points_rules import fiscal_year

RULES = load_rules(2026)
ONE = Posting("issuance:fy2026:steps_goal", "residents:p_1:lot:2027-03-31", 3, "HPT")
OTHER = Posting(ONE.source, ONE.destination, 30, "HPT")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=11), inner, max_size=3),
    max_leaves=8,
)


def found(entries, *ours):
    so_far = Comparison()
    compare_page(so_far, entries, {one.reference: one for one in ours})
    return so_far


@pytest.mark.parametrize(
    ("ours", "entries", "kinds"),
    [
        (Ours("r", "delivered", (ONE,)), [Entry(1, "r", (ONE,), moves=True)], []),
        (Ours("r", "waiting", (ONE,)), [Entry(1, "r", (ONE,), moves=True)], []),
        (Ours("r", "dead", (ONE,)), [Entry(1, "r", (ONE,), moves=True)], ["given-up"]),
        (Ours("r", "delivered", (ONE,)), [Entry(1, "r", (OTHER,), moves=True)], ["amount"]),
        (Ours("x", "delivered", (ONE,)), [Entry(1, "r", (ONE,), moves=True)], ["missing-here"]),
        (Ours("r", "delivered", (ONE,)), [Entry(2, "r", (ONE,), moves=True), Entry(1, "r", (ONE,), moves=True)], ["twice"]),
        (Ours("r", "delivered", (ONE,)), [Entry(9)], []),
    ],
)  # fmt: skip
def test_each_kind_of_difference_is_told_by_its_name(ours, entries, kinds):
    """A waiting letter that is there is no difference: its outcome is being asked for."""
    so_far = found(entries, ours)
    assert [one.kind for one in so_far.found] == kinds
    assert sum(so_far.counts().values()) == len(kinds)
    assert so_far.through == max(entry.id for entry in entries)


def test_a_loss_names_the_reference_and_what_we_moved():
    """Missing there: ours is told, theirs is nothing."""
    lost = missing_there(Ours("r", "delivered", (ONE,)))
    assert (lost.kind, lost.reference, lost.ours, lost.theirs) == (Difference.MISSING_THERE, "r", 3, 0)


def test_an_entry_without_a_reference_is_named_by_its_number():
    """A transaction that nobody here asked for can still be found in the ledger."""
    made = {"id": 7, "postings": [ONE.body()]}
    entry = entry_of({"id": 9, "type": "NEW_TRANSACTION", "data": {"transaction": made}})
    assert (entry.reference, entry.postings) == ("transaction:7", (ONE,))
    undone = entry_of({"id": 9, "type": "REVERTED_TRANSACTION", "data": {"revertTransaction": made}})
    assert undone.reference == "transaction:7"
    assert not entry_of({"id": 9, "type": "SET_METADATA", "data": None}).moves


@given(JSON)
def test_any_row_of_a_log_is_an_entry(row):
    """Total: what cannot be read moves something that nobody asked for, and so shows."""
    entry = entry_of(row)
    assert entry.moves == (entry.reference != "")
    assert isinstance(postings_of(row), tuple)


def test_a_year_has_one_payment_for_each_event_and_top_ups_are_numbered():
    """The same names each time, so that nothing is filled twice; a top-up is another name."""
    payments = of_year(RULES)
    assert len({one.reference for one in payments}) == len(RULES.events)
    assert payments == of_year(RULES)
    first = payments[0]
    more = top_up(RULES, first.event, 5, payments)
    again = top_up(RULES, first.event, 5, [*payments, more])
    assert (more.reference, again.reference) == (f"{first.reference}:2", f"{first.reference}:3")
    assert more.order().postings == (Posting(WORLD, account(2026, first.event), 5, RULES.asset),)
    with pytest.raises(KeyError):
        top_up(RULES, "no_such_event", 5, payments)


def test_only_orders_of_a_budget_wait_for_it():
    """A resident's empty lot is not the city's to fill."""
    assert from_budget(Order((ONE,), {}))
    assert not from_budget(Order((Posting("residents:p:lot:1", "exchange:pending", 1, "HPT"),), {}))


@pytest.mark.parametrize(
    ("held", "percent", "state"),
    [(None, None, "unknown"), (0, 0, "empty"), (-1, 0, "empty"), (99, 9, "low"), (100, 10, "ok"), (1000, 100, "ok")],
)  # fmt: skip
def test_what_is_left_is_told_in_words(held, percent, state):
    """Below a tenth it is low, at nothing empty, and unknown when the ledger does not say."""
    one = Left("outcome", 1000, held)
    assert (one.percent, one.state) == (percent, state)
    assert Left("outcome", 0, 5).state == "unknown"


def test_what_was_given_is_added_up_by_event():
    """The first payment and every top-up."""
    payments = of_year(RULES)[:1]
    more = top_up(RULES, payments[0].event, 5, payments)
    (one,) = left([*payments, more], {payments[0].event: 7})
    assert (one.given, one.held) == (payments[0].amount + 5, 7)


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 700), st.booleans()), max_size=12))
def test_reversals_never_make_a_balance_negative_and_the_sum_stays_zero(steps):
    """R6-2: awards, spending and reversals in any order; what was spent becomes a claim, never a debt."""
    moved = [Posting(WORLD, "issuance:fy2026:steps_goal", MAX_AMOUNT, RULES.asset)]
    lot = "residents:p_1:lot:2027-03-31"
    for number, (points, spent, undo) in enumerate(steps):
        award = Order((Posting("issuance:fy2026:steps_goal", lot, points, RULES.asset),), {}, f"a{number}")
        moved += award.postings
        held = balances_of(moved)[lot, RULES.asset]
        if min(spent, held):
            moved.append(Posting(lot, "exchange:pending", min(spent, held), RULES.asset))
        if undo:
            held = balances_of(moved)[lot, RULES.asset]
            back = reversal(award, held, RULES).postings
            check_funds(back, balances_of(moved))
            moved += back
        balances = balances_of(moved)
        assert all(amount >= 0 for (name, _), amount in balances.items() if name != WORLD)
        for asset in {asset for _, asset in balances}:
            assert sum(amount for (_, held_in), amount in balances.items() if held_in == asset) == 0


def test_a_budget_account_is_of_its_fiscal_year():
    """April begins a year: the last day of March is paid from the one before."""
    from datetime import date

    assert account(fiscal_year(date(2027, 3, 31)), "x") == "issuance:fy2026:x"
