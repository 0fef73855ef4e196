"""Which lots of points a balance asks the ledger for."""

from __future__ import annotations

from datetime import date

from phr.services.balance import _lot_days


def test_a_balance_is_asked_for_in_a_year_whose_rules_are_not_there_yet():
    """By the newest rules there are, instead of telling people that the ledger does not answer."""
    assert _lot_days(date(2027, 3, 30)) == [date(2027, 3, 31)]
    assert _lot_days(date(2028, 4, 2)) == [date(2029, 3, 31)]
