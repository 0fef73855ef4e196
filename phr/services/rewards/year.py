"""Year: a resident's statement, the city's statement, and the closing of a fiscal year, which a second closing does not change."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clients.ledger import LedgerClient, LedgerRefused, LedgerTrouble
from phr.clock import Clock
from phr.domain import exchange_statement as rows_of
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.exchange import DONE, PENDING
from phr.domain.exchange_statement import Entry, Fund, Statement
from phr.domain.ledger import WORLD, Order, Posting
from phr.domain.points import PointRules, RulesError, funding, issuance, load_rules, lot_expiry
from phr.errors import Busy, Invalid, Refused
from phr.store.tables import PointsYear
from phr.store.uow import Store, UnitOfWork

Funds = Callable[[], LedgerClient]
_Row = tuple[str, str, str, Any, int]
Holders = Callable[[str], Iterable[tuple[str, int]]]
_SILENT: Final = "the ledger does not answer; try again later"


class Year:
    """Statements and closings of one city's points."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        ledger: tuple[str, Funds],
        holders: Holders,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._name, self._ledger = ledger
        self._holders = holders

    def own(self, person: UUID, year: int, lots: Mapping[date, int] | None, access: Access) -> Statement:
        """A resident's statement of a fiscal year, from what was earned and what left."""
        with self._store.begin(access.about(person)) as uow:
            events = list(uow.points.of_person(person))
            moves = list(uow.rewards.moves(person))
            uow.audit.add("read", "points", person, count=len(events) + len(moves))
            uow.commit()
        entries = [Entry(event.day, event.event, event.points) for event in events]
        entries += [
            Entry(day_at(one.created_at, self._zone), one.kind, -one.amount, one.target, one.state)
            for one in moves
        ]
        return rows_of.statement(year, entries, lots)

    def city(self, year: int, *, request: str) -> Mapping[str, Any]:
        """The city's statement: as it was closed, or as it stands now."""
        with self._store.begin(machine(self._recipient, "operate", request, part="points-year")) as uow:
            kept = uow.rewards.year(year)
            moves, paid = uow.rewards.sums(), self._paid(uow, year)
            uow.commit()
        return kept.statement if kept is not None else self._count(_rules(year), (moves, paid), closed="")

    def close(self, year: int, *, actor: str, request: str) -> Mapping[str, Any]:
        """Closes a year: what was not issued goes back, and the statement is kept as it is. Again changes nothing.

        Refused before the last day on which something of the year may still come in, and while letters to the ledger
        wait: an award that finds its budget closed would be lost.
        """
        rules = _rules(year)
        today = day_at(self._clock.now(), self._zone)
        last = max(rule.upload_until for rule in rules.events.values())
        access = machine(self._recipient, "operate", request, part="points-year")
        with self._store.begin(access) as uow:
            kept = uow.rewards.year(year)
            waiting = uow.rewards.undelivered()
            uow.commit()
        if kept is not None:
            return dict(kept.statement)
        if today <= last:
            raise Refused(f"the year can be closed after {last.isoformat()}")
        if waiting:
            raise Refused(f"{waiting} letters to the ledger wait; deliver them first")
        self._give_back(rules)
        with self._store.begin(access) as uow:
            books = (uow.rewards.sums(), self._paid(uow, year))
            found = self._count(rules, books, closed=today.isoformat())
            now = self._clock.now()
            uow.rewards.add(
                PointsYear(fiscal_year=year, statement=dict(found), closed_at=now, closed_by=actor)
            )
            uow.audit.add("points", f"year {year} closed", count=1)
            uow.commit()
        return found

    def _paid(self, uow: UnitOfWork, year: int) -> Mapping[str, set[str]]:
        """The references of what was paid into each budget, also later in the year."""
        found: dict[str, set[str]] = {}
        for row in uow.ledger_books.budgets(self._name, year):
            found.setdefault(row.event, set()).add(row.reference)
        return found

    def _give_back(self, rules: PointRules) -> None:
        """What was not issued goes back to where it came from, each budget once by its reference."""
        try:
            ledger = self._ledger()
            for name in rules.events:
                reference, account = _closing(rules, name), issuance(rules, name)
                left = _held(ledger, account, rules.asset)
                if left and ledger.find(reference) is None:
                    posting = Posting(account, WORLD, left, rules.asset)
                    order = Order((posting,), {"closing": name}, reference)
                    ledger.deliver(order, idempotency_key=reference)
        except LedgerTrouble:
            raise Busy(_SILENT) from None

    def _count(
        self, rules: PointRules, books: tuple[Sequence[_Row], Mapping[str, set[str]]], closed: str
    ) -> Mapping[str, Any]:
        moves, paid = books
        lot = lot_expiry(rules, date(rules.fiscal_year, 4, 1)).isoformat()
        try:
            ledger = self._ledger()
            funds = [self._fund(ledger, rules, name, paid.get(name, set())) for name in rules.events]
            held = ledger.balances(f"residents::lot:{lot}").get(rules.asset, 0)
            in_ledger = {
                "exchange": _held(ledger, DONE, rules.asset),
                "waiting": _held(ledger, PENDING, rules.asset),
                "gift": ledger.balances("giving:").get(rules.asset, 0),
                "expiry": ledger.balances("expired:").get(rules.asset, 0),
            }
            holders = sum(1 for _ in self._holders(lot))
        except LedgerTrouble:
            raise Busy(_SILENT) from None
        ours = rows_of.totals(moves)
        return {
            "fiscal_year": rules.fiscal_year,
            "closed": closed,
            "funds": [
                {
                    "name": one.name,
                    "budget": one.budget,
                    "issued": one.issued,
                    "returned": one.returned,
                    "left": one.left,
                }
                for one in funds
            ],
            "lots": {"held": held, **rows_of.moved(moves, lot)},
            "holders": rows_of.people(holders),
            "equal": {name: ours[name] == in_ledger[name] for name in ours},
        }

    @staticmethod
    def _fund(ledger: LedgerClient, rules: PointRules, name: str, paid: set[str]) -> Fund:
        order = next(one for one in funding(rules) if one.metadata.get("budget") == name)
        payments = [ledger.find(reference) for reference in sorted({*paid, order.reference or ""})]
        back = ledger.find(_closing(rules, name))
        return Fund(
            name,
            sum(one.amount for each in payments if each is not None for one in each.postings),
            _held(ledger, issuance(rules, name), rules.asset),
            0 if back is None else sum(one.amount for one in back.postings),
        )


def city_csv(kept: Mapping[str, Any]) -> str:
    """The accountants' file: parts, names and numbers; it names nobody, not even by a pseudonym."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("part", "name", "value"))
    writer.writerows(rows_of.city_rows(kept))
    return out.getvalue()


def _closing(rules: PointRules, name: str) -> str:
    return f"closing:fy{rules.fiscal_year}:{name}"


def _held(ledger: LedgerClient, account: str, asset: str) -> int:
    try:
        return ledger.account(account).get(asset, 0)
    except LedgerRefused as refused:
        if refused.code == "NOT_FOUND":
            return 0
        raise


def _rules(year: int) -> PointRules:
    try:
        return load_rules(year)
    except RulesError:
        raise Invalid("there are no rules of this fiscal year", field="year") from None
