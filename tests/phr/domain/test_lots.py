"""Lots are spent oldest first, wholly accounted for, and end after their last day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.lots import LotsError, expired, last_day, spend

DAYS = st.dates(date(2026, 4, 1), date(2029, 3, 31)).map(date.isoformat)
LOTS = st.dictionaries(DAYS.map(lambda day: f"residents:p_1:lot:{day}"), st.integers(0, 500), max_size=6)


def test_the_oldest_lot_is_spent_first() -> None:
    """First in, first out, whatever the order in which the ledger lists them."""
    lots = {"2028-03-31": 50, "2027-03-31": 30}
    assert spend(lots, 40) == [("2027-03-31", 30), ("2028-03-31", 10)]


def test_an_empty_lot_gives_nothing() -> None:
    """A posting of zero would only fill the ledger."""
    assert spend({"2027-03-31": 0, "2028-03-31": 5}, 5) == [("2028-03-31", 5)]


@given(LOTS, st.integers(0, 3000))
def test_what_is_paid_is_the_amount_and_never_more_than_a_lot_holds(
    lots: dict[str, int], amount: int
) -> None:
    """Nothing is paid twice, nothing from nowhere; too much is refused whole."""
    if amount > sum(lots.values()):
        with pytest.raises(LotsError):
            spend(lots, amount)
        return
    paid = spend(lots, amount)
    assert sum(part for _, part in paid) == amount
    assert all(0 < part <= lots[lot] for lot, part in paid)
    youngest = max((last_day(lot) for lot, _ in paid), default=None)
    left = {lot: held - dict(paid).get(lot, 0) for lot, held in lots.items()}
    assert all(not held or youngest is None or last_day(lot) >= youngest for lot, held in left.items())


def test_a_negative_amount_is_refused() -> None:
    """Spending a negative amount would be issuing."""
    with pytest.raises(LotsError, match="amount"):
        spend({"2027-03-31": 5}, -1)


@pytest.mark.parametrize("name", ["", "residents:p_1", "2027-02-30", "2027-03-31:x"])
def test_a_lot_without_a_day_is_refused(name: str) -> None:
    """An account that is no lot is never spent from; the error holds no account."""
    with pytest.raises(LotsError, match=r"^lot: its last part must be a day$"):
        spend({name: 1}, 1)


def test_a_lot_is_good_on_its_whole_last_day() -> None:
    """It ends when the next day begins, and an empty one needs no ending."""
    lots = {"2027-03-31": 30, "2026-09-30": 4, "2026-03-31": 0}
    assert expired(lots, date(2027, 3, 31)) == [("2026-09-30", 4)]
    assert expired(lots, date(2027, 4, 1)) == [("2026-09-30", 4), ("2027-03-31", 30)]
