"""What the operator's page of the points ledger receives: budgets, letters, the ledger's state, and differences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Budget:
    """One event's budget: what it was given and still holds (None: the ledger does not say). rule: word "point-rule"."""

    event: str
    rule: str
    given: int
    held: int | None
    state: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A letter to the ledger that nobody tries any more."""

    ident: str
    rule: str
    at: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One day's comparison with the ledger's log."""

    day: date
    theirs: int
    ours: int
    found: int


@dataclass(frozen=True, slots=True)
class Differs:
    """A reference on which we and the ledger disagree; ``again``: sending again can mend it."""

    kind: str
    reference: str
    ours: int
    theirs: int
    again: bool


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file for a platform without an interface, and how far it is acknowledged."""

    number: int
    at: datetime
    lines: int
    total: int
    accepted: int
    refused: int


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """How things stand with the ledger. budgets None: there are no rules for this year."""

    now: datetime
    budgets: tuple[Budget, ...]
    waiting: int
    no_budget: int
    dead: tuple[GivenUp, ...]
    resting_until: datetime | None
    failures: int
    compared: tuple[Compared, ...]
    differs: tuple[Differs, ...]
    by_file: bool = False
    files: tuple[SentFile, ...] = ()
    notice: Literal["", "retried", "gone", "again"] = ""

    @property
    def wants(self) -> int:
        """How many kinds of things need hands."""
        spent = any(one.state in {"low", "empty"} for one in self.budgets)
        found = bool(self.compared and self.compared[0].found)
        return sum(map(bool, (spent, self.no_budget, self.dead, self.resting_until, found)))
