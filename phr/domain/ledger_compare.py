"""Comparing our letters to the ledger with the ledger's own log: what is missing, different, or there twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from phr.domain.ledger import Posting

_MOVES: Final = ("NEW_TRANSACTION", "REVERTED_TRANSACTION")
_LONGEST: Final = 300  # a reference, as it is kept


class Difference(StrEnum):
    """How our letters and the ledger's log can disagree."""

    MISSING_THERE = "missing-there"  # we noted it as delivered, the ledger has it not
    MISSING_HERE = "missing-here"  # the ledger moved points that nobody here asked for
    AMOUNT = "amount"  # the same reference, other postings
    TWICE = "twice"  # one reference, two transactions
    GIVEN_UP = "given-up"  # we gave up, the ledger has it


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger's log; only one that moves something has postings."""

    id: int
    reference: str = ""
    postings: tuple[Posting, ...] = ()
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Ours:
    """What we asked the ledger for, and how far that came: waiting, delivered, dead."""

    reference: str
    state: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One difference; ours and theirs: the points that each side moved."""

    kind: Difference
    reference: str
    ours: int = 0
    theirs: int = 0


@dataclass(slots=True)
class Comparison:
    """What one run has seen so far."""

    theirs: int = 0
    through: int = 0
    seen: set[str] = field(default_factory=set)
    found: list[Found] = field(default_factory=list)

    def counts(self) -> dict[Difference, int]:
        """How many of each kind, zeros included."""
        return {kind: sum(one.kind is kind for one in self.found) for kind in Difference}


def entry_of(row: object) -> Entry:
    """An entry as the API writes it. What cannot be read has no reference, and so shows as nobody's."""
    if not isinstance(row, Mapping) or type(row.get("id")) is not int:
        return Entry(0, "unreadable", (), moves=True)
    number, data = row["id"], row.get("data")
    if row.get("type") not in _MOVES:
        return Entry(number)
    held = data if isinstance(data, Mapping) else {}
    made = held.get("transaction") or held.get("revertTransaction")
    body = made if isinstance(made, Mapping) else {}
    reference = body.get("reference")
    named = reference if isinstance(reference, str) and reference else f"transaction:{body.get('id', number)}"
    return Entry(number, named[:_LONGEST], postings_of(body.get("postings")), moves=True)


def postings_of(rows: object) -> tuple[Posting, ...]:
    """Postings as they are written; those that are none are left out, and so make a difference."""
    return tuple(
        Posting(str(row.get("source")), str(row.get("destination")), row["amount"], str(row.get("asset")))
        for row in (rows if isinstance(rows, list | tuple) else ())
        if isinstance(row, Mapping) and type(row.get("amount")) is int
    )


def compare_page(so_far: Comparison, page: Iterable[Entry], ours: Mapping[str, Ours]) -> None:
    """Compares a page of the log with our letters of the same references; notes what differs."""
    for entry in page:
        so_far.through = max(so_far.through, entry.id)
        if not entry.moves:
            continue
        so_far.theirs += 1
        own = ours.get(entry.reference)
        kind = Difference.TWICE if entry.reference in so_far.seen else _difference(own, entry)
        if kind is not None:
            so_far.found.append(
                Found(kind, entry.reference, _moved(own.postings if own else ()), _moved(entry.postings))
            )
        so_far.seen.add(entry.reference)


def _difference(own: Ours | None, entry: Entry) -> Difference | None:
    if own is None:
        return Difference.MISSING_HERE
    if own.postings != entry.postings:
        return Difference.AMOUNT
    return Difference.GIVEN_UP if own.state == "dead" else None


def missing_there(own: Ours) -> Found:
    """A letter noted as delivered that the ledger does not hold."""
    return Found(Difference.MISSING_THERE, own.reference[:_LONGEST], _moved(own.postings), 0)


def _moved(postings: Iterable[Posting]) -> int:
    return sum(one.amount for one in postings)
