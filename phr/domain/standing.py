"""Whether a derived result may stay: never where somebody could read it who may not read everything that it rests on.

A result lies behind the door of one kind of data and one day, and often rests on many. It stands while its own purpose
may read all of them, and while everybody who may read the result may read all of them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from consent.grants import ANY, GrantRow, decide_rows
from consent.model import Request
from phr.domain.access import CONSENT_PURPOSES
from phr.domain.evidence import Place

Audience = tuple[str, str]
"""Recipient and purpose."""

_SOMEBODY: Final = "Organization/somebody-else"
"""Stands for everybody whom no grant names."""
_OTHERS: Final = CONSENT_PURPOSES - {"self"}  # what is one's own is always one's own


@dataclass(frozen=True, slots=True)
class Result:
    """A result: for whom it was made, behind which door it lies, and what it rests on (None: that cannot be told)."""

    audience: Audience
    own: Place
    inputs: frozenset[Place] | None


def stands(rows: Sequence[GrantRow], result: Result, now: datetime) -> bool:
    """Whether the result may stay under these grants of the person."""
    if result.inputs is None:
        return False
    inputs = {result.own, *_told_apart(rows, result.inputs)}
    if not all(_may(rows, result.audience, place, now) for place in inputs):
        return False
    return all(
        all(_may(rows, audience, place, now) for place in inputs)
        for audience in _audiences(rows)
        if _may(rows, audience, result.own, now)
    )


def _may(rows: Iterable[GrantRow], audience: Audience, place: Place, now: datetime) -> bool:
    recipient, purpose = audience
    category, day = place
    return decide_rows(rows, Request("-", recipient, purpose, category, day), now).permit


def _audiences(rows: Iterable[GrantRow]) -> list[Audience]:
    """Everybody whom these grants tell apart."""
    recipients = {_SOMEBODY if row.recipient == ANY else row.recipient for row in rows}
    return [(recipient, purpose) for recipient in sorted(recipients) for purpose in sorted(_OTHERS)]


def _told_apart(rows: Iterable[GrantRow], places: Iterable[Place]) -> list[Place]:
    """One place for all those that no grant tells apart: what matters of a day is on which side of a window it lies."""
    edges = sorted({edge for row in rows for edge in (row.data_from, row.data_to)})
    kept: dict[tuple[str, tuple[int, ...]], Place] = {}
    for category, day in places:
        side = tuple(_side(day, edge) for edge in edges)
        kept.setdefault((category, side), (category, day))
    return list(kept.values())


def _side(day: date, edge: date) -> int:
    return (day > edge) - (day < edge)
