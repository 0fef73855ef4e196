"""Budgets: the ledger is made, each event's budget is filled once a fiscal year, and a person may top one up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from phr.clients.ledger import LedgerClient, LedgerRefused, LedgerTrouble
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.ledger_budget import Left, Payment, account, left, of_year, top_up
from phr.domain.points_rules import PointRules, RulesError, fiscal_year, load_rules
from phr.errors import Busy, Invalid, Refused
from phr.store.tables import LedgerBudget
from phr.store.uow import Store, UnitOfWork

_MOST: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Funded:
    """What one call did: payments that were made now, and those that the ledger has not answered for."""

    made: int
    waiting: int


class Budgets:
    """Budgets of one city. Every payment is noted before it is made, so that none is made twice or unseen."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        name: str,
        connect: Callable[[], LedgerClient],
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._name = name
        self._connect = connect

    def fund(self, *, actor: str, request: str, year: int | None = None) -> Funded:
        """Makes the ledger and fills the budgets of a fiscal year, once: what was filled before is left alone.

        Raises Busy when the ledger does not answer, Refused when it says no, Invalid when the year has no rules.
        """
        rules = self._rules(year)
        with self._begin(actor, request) as uow:
            known = {row.reference for row in uow.ledger_books.budgets(self._name, rules.fiscal_year)}
            for payment in of_year(rules):
                if payment.reference not in known:
                    self._ask(uow, payment, actor)
            uow.commit()
        return self._pay(rules.fiscal_year, actor, request)

    def top_up(self, event: str, amount: int, *, actor: str, request: str, year: int | None = None) -> Funded:
        """Puts more into the budget of an event; awards that waited for it go at once."""
        rules = self._rules(year)
        if event not in rules.events:
            raise Invalid("not an event of the year", field="event")
        if not 0 < amount <= _MOST:
            raise Invalid(f"must be from 1 to {_MOST}", field="points")
        with self._begin(actor, request) as uow:
            before = [_payment(row) for row in uow.ledger_books.budgets(self._name, rules.fiscal_year)]
            if not any(one.event == event for one in before):
                raise Refused("the year's budgets are not filled yet: run phr points fund")
            self._ask(uow, top_up(rules, event, amount, before), actor)
            uow.commit()
        return self._pay(rules.fiscal_year, actor, request)

    def _ask(self, uow: UnitOfWork, payment: Payment, actor: str) -> None:
        row = LedgerBudget(
            ledger=self._name,
            reference=payment.reference,
            fiscal_year=payment.fiscal_year,
            event=payment.event,
            asset=payment.asset,
            amount=payment.amount,
            actor=actor,
            asked_at=self._clock.now(),
        )
        if uow.ledger_books.ask_budget(row):
            uow.audit.add("fund", payment.account, count=payment.amount)

    def _pay(self, year: int, actor: str, request: str) -> Funded:
        """Makes every payment that was asked for and that the ledger has not yet; the same again counts once."""
        with self._begin(actor, request) as uow:
            owed = [
                _payment(row) for row in uow.ledger_books.budgets(self._name, year) if row.funded_at is None
            ]
            uow.commit()
        made = 0
        try:
            ledger = self._connect()
            if owed:
                ledger.create_ledger()
            for payment in owed:
                ledger.deliver(payment.order(), idempotency_key=payment.reference)
                made += 1
        except LedgerRefused as refused:
            raise Refused(str(refused)) from refused
        except LedgerTrouble as trouble:
            raise Busy(str(trouble)) from trouble
        finally:
            self._paid(owed[:made], actor, request)
        return Funded(made, len(owed) - made)

    def _paid(self, payments: Sequence[Payment], actor: str, request: str) -> None:
        if not payments:
            return
        now = self._clock.now()
        with self._begin(actor, request, "deliver") as uow:
            for payment in payments:
                uow.ledger_books.funded(self._name, payment.reference, now)
            uow.ledger_books.release_held(now)
            uow.commit()

    def left(self, *, actor: str, request: str, year: int | None = None) -> list[Left]:
        """What each budget was given and still holds; nothing is known of what the ledger does not answer."""
        rules = self._rules(year)
        with self._begin(actor, request) as uow:
            paid = [
                _payment(row)
                for row in uow.ledger_books.budgets(self._name, rules.fiscal_year)
                if row.funded_at is not None
            ]
            uow.commit()
        held: dict[str, int | None] = {}
        if paid:
            try:
                ledger = self._connect()
                for event in {one.event for one in paid}:
                    held[event] = ledger.account(account(rules.fiscal_year, event)).get(rules.asset, 0)
            except LedgerTrouble:
                held = {}
        return left(paid, held)

    def _rules(self, year: int | None) -> PointRules:
        wanted = fiscal_year(day_at(self._clock.now(), self._zone)) if year is None else year
        try:
            return load_rules(wanted)
        except RulesError:
            raise Invalid("there are no rules of points for this fiscal year", field="year") from None

    def _begin(
        self, actor: str, request: str, purpose: str = "operate"
    ) -> AbstractContextManager[UnitOfWork]:
        return self._store.begin(Access("operator", actor, self._recipient, purpose, request))


def _payment(row: LedgerBudget) -> Payment:
    return Payment(row.reference, row.fiscal_year, row.event, row.asset, row.amount)
