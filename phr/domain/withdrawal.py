"""Withdrawal: which recipients and purposes a change of the grants closes, and which messages and releases end with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from consent.categories import CATEGORIES
from consent.grants import ANY, GrantRow, decide_rows
from consent.model import Request
from consent.purposes import PURPOSES

STOPPED: Final = (
    "sync",
    "uploads",
    "results",
    "messages",
    "letters",
    "releases",
    "files",
    "recipients",
    "consents",
)
"""What a change of consent can stop, as the receipt counts it."""


def audiences(rows: Iterable[GrantRow]) -> frozenset[tuple[str, str]]:
    """The recipients and purposes that permits name; a purpose that is left open stands for each."""
    found = set()
    for row in rows:
        if row.effect == "permit" and row.recipient != ANY:
            found |= {(row.recipient, each) for each in ((row.purpose,) if row.purpose != ANY else PURPOSES)}
    return frozenset(found)


def open_kinds(
    rows: Sequence[GrantRow], person: str, recipient: str, purpose: str, day: date, now: datetime
) -> frozenset[str]:
    """The kinds of data of a day that somebody may see for a purpose."""
    return frozenset(
        kind
        for kind in CATEGORIES
        if decide_rows(rows, Request(person, recipient, purpose, kind, day), now).permit
    )


def closed(
    before: Mapping[tuple[str, str], frozenset[str]], after: Mapping[tuple[str, str], frozenset[str]]
) -> dict[tuple[str, str], frozenset[str]]:
    """For each recipient and purpose the kinds that a change closed."""
    found = {audience: kinds - after.get(audience, frozenset()) for audience, kinds in before.items()}
    return {audience: kinds for audience, kinds in found.items() if kinds}


def stands(recorded: Iterable[tuple[str, int]], live: Iterable[tuple[str, int]]) -> bool:
    """Whether a release may stay: every consent that it was made under is still in force, in that version."""
    held = set(live)
    return all(each in held for each in recorded)
