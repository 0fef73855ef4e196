"""The ledger's desk: what waits, what was given up, whether the ledger answers, and where it disagrees; never a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from phr.clock import Clock
from phr.domain.access import Access
from phr.errors import NotFound
from phr.store.tables import LedgerBudget
from phr.store.uow import Store

_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A letter to the ledger that nobody tries any more: by which rule, and why it went wrong."""

    letter: str
    rule: str
    created: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Differs:
    """One reference on which we and the ledger disagree."""

    kind: str
    reference: str
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One day's comparison."""

    day: date
    at: datetime
    whole: bool
    theirs: int
    ours: int
    found: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """How things stand with the ledger. failures: in a row; open_until: left alone until then."""

    waiting: int
    no_budget: int
    given_up: int
    dead: tuple[GivenUp, ...]
    failures: int
    open_until: datetime | None
    why: str
    compared: tuple[Compared, ...]
    differs: tuple[Differs, ...]
    paid: Sequence[LedgerBudget]


class LedgerDesk:
    """Reads the state, and lets letters be tried again by hand."""

    def __init__(self, store: Store, clock: Clock, recipient: str, name: str) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._name = name

    def state(self, *, actor: str, request: str) -> Ledger:
        """How things stand."""
        with self._store.begin(self._access(actor, "operate", request)) as uow:
            books = uow.ledger_books
            counts, dead = books.waiting(), books.dead()
            breaker = books.breaker(self._name)
            compared = books.reconciliations(self._name, _DAYS)
            differs = books.differences(self._name, compared[0].day) if compared else []
            paid = books.budgets(self._name)
            uow.audit.add("count", "ledger")
            uow.commit()
        open_until = None if breaker is None else breaker.open_until
        return Ledger(
            waiting=counts.get("waiting", 0),
            no_budget=counts.get("no-budget", 0),
            given_up=counts.get("dead", 0),
            dead=tuple(GivenUp(**one) for one in dead),
            failures=0 if breaker is None else breaker.failures,
            open_until=open_until if open_until is not None and open_until > self._clock.now() else None,
            why="" if breaker is None else breaker.why,
            compared=tuple(
                Compared(one.day, one.at, one.whole, one.theirs, one.ours, one.found) for one in compared
            ),
            differs=tuple(Differs(one.kind, one.reference, one.ours, one.theirs) for one in differs),
            paid=paid,
        )

    def retry_all(self, *, actor: str, request: str) -> int:
        """Lets every letter to the ledger that was given up be tried again, at once."""
        with self._store.begin(self._access(actor, "deliver", request)) as uow:
            number = uow.ledger_books.revive_all(self._clock.now())
            uow.audit.add("revive", "ledger", count=number)
            uow.commit()
        return number

    def send_again(self, reference: str, *, actor: str, request: str) -> None:
        """Lets the letter of a reference be sent again; by its reference the ledger counts it once. NotFound without one."""
        with self._store.begin(self._access(actor, "deliver", request)) as uow:
            if not uow.ledger_books.resend(reference, self._clock.now()):
                raise NotFound("no letter to the ledger has this reference, or it waits already")
            uow.audit.add("revive", "ledger", count=1)
            uow.commit()

    def _access(self, actor: str, purpose: str, request: str) -> Access:
        return Access("operator", actor, self._recipient, purpose, request)
