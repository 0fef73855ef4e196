"""Lots: points that end on the same day; the oldest are spent first, and what is past its day is taken away whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

_LONGEST: Final = 256  # an account address


class LotsError(Exception):
    """The lots cannot give this; the text names the field, never an amount."""


def last_day(lot: str) -> date:
    """The last day on which a lot is good: its name, or the last part of its account, is that day."""
    try:
        return date.fromisoformat(lot[-_LONGEST:].rpartition(":")[2])
    except ValueError:
        raise LotsError("lot: its last part must be a day") from None


def spend(lots: Mapping[str, int], amount: int) -> list[tuple[str, int]]:
    """From which lots an amount is paid: first in, first out, so that nobody loses points by spending others first.

    lots: the account (or last day) of each and what it holds now; empty ones give nothing. Two lots of one day follow
    their names, so that the same question has the same answer.
    """
    if amount < 0:
        raise LotsError("amount: must not be negative")
    left = amount
    paid: list[tuple[str, int]] = []
    for lot in sorted(lots, key=lambda name: (last_day(name), name)):
        part = min(left, max(lots[lot], 0))
        if part:
            paid.append((lot, part))
            left -= part
    if left:
        raise LotsError("amount: more than the lots hold")
    return paid


def expired(lots: Mapping[str, int], today: date) -> list[tuple[str, int]]:
    """The lots whose last day is over and what goes with each, oldest first; a lot is good on its whole last day."""
    over = [lot for lot, held in lots.items() if held > 0 and last_day(lot) < today]
    return [(lot, lots[lot]) for lot in sorted(over, key=lambda name: (last_day(name), name))]
