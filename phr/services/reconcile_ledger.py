"""Reconcile: our letters to the ledger against the ledger's own log, by reference; what differs is told, never mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from phr.clients.ledger import LedgerClient, LedgerRefused, LedgerTrouble
from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.ledger_compare import Comparison, Difference, Found, Ours, compare_page, missing_there
from phr.errors import Busy, Refused
from phr.store.tables import LedgerReconciliation
from phr.store.uow import Store

_OVERLAP: Final = timedelta(days=1)  # a delivery may be noted after the ledger made it
_ASKED: Final = 200  # singly by reference; above that all of the log is read instead


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one comparison found: counts of each kind, and the differences themselves."""

    theirs: int
    ours: int
    whole: bool
    counts: dict[Difference, int]
    found: tuple[Found, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.found


class ReconcileLedger:
    """Compares what is new since the last comparison, or everything."""

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

    def __call__(self, *, request: str, whole: bool = False) -> Reconciled:
        """One comparison, kept under the city's day. Busy when the ledger does not answer, Refused when it says no.

        Letters noted before it began must be in the log, and what the log holds must have been asked for here; the
        order of the two reads makes that certain, so a difference is never one of timing.
        """
        began = self._clock.now()
        last = None if whole else self._last(day_at(began, self._zone), request)
        until, since = (0, None) if last is None else (last.through, last.at - _OVERLAP)
        try:
            ledger = self._connect()
            so_far = self._read(ledger, until, request)
            delivered = self._delivered(since, began, request)
            lost = [one for one in delivered if one.reference not in so_far.seen]
            if last is not None and len(lost) > _ASKED:
                return self(request=request, whole=True)
            if last is not None:
                lost = [one for one in lost if ledger.find(one.reference) is None]
                so_far.found += self._still(ledger, last, so_far, request)
        except LedgerRefused as refused:
            raise Refused(str(refused)) from refused
        except LedgerTrouble as trouble:
            raise Busy(str(trouble)) from trouble
        known = {one.reference for one in so_far.found}
        so_far.found += [missing_there(one) for one in lost if one.reference not in known]
        done = Reconciled(so_far.theirs, len(delivered), last is None, so_far.counts(), tuple(so_far.found))
        self._keep(done, max(so_far.through, until), began, request)
        return done

    def _last(self, today: date, request: str) -> LedgerReconciliation | None:
        """The newest comparison of a day before: a second one of today replaces the first, and so sees as much."""
        with self._store.begin(machine(self._recipient, "operate", request, part="reconcile")) as uow:
            rows = uow.ledger_books.reconciliations(self._name)
            uow.commit()
        return next((row for row in rows if row.day < today), None)

    def _still(
        self, ledger: LedgerClient, last: LedgerReconciliation, so_far: Comparison, request: str
    ) -> list[Found]:
        """What the last comparison found, can be mended by sending again, and still differs."""
        with self._store.begin(machine(self._recipient, "deliver", request, part="reconcile")) as uow:
            before = [
                row
                for row in uow.ledger_books.differences(self._name, last.day)
                if row.kind in (Difference.MISSING_THERE, Difference.GIVEN_UP)
                and row.reference not in so_far.seen
            ]
            ours = uow.ledger_books.ours(self._name, [row.reference for row in before])
            uow.commit()
        found = []
        for row in before:
            own = ours.get(row.reference)
            if own is None or own.state == "waiting":
                continue
            there = ledger.find(row.reference) is not None
            if not there and own.state == "delivered":
                found.append(missing_there(own))
            if there and own.state == "dead":
                found.append(Found(Difference.GIVEN_UP, row.reference, row.ours, row.theirs))
        return found

    def _read(self, ledger: LedgerClient, until: int, request: str) -> Comparison:
        so_far = Comparison()
        for page in ledger.log(until):
            with self._store.begin(machine(self._recipient, "deliver", request, part="reconcile")) as uow:
                ours = uow.ledger_books.ours(self._name, [one.reference for one in page if one.moves])
                uow.commit()
            compare_page(so_far, page, ours)
        return so_far

    def _delivered(self, since: datetime | None, before: datetime, request: str) -> list[Ours]:
        with self._store.begin(machine(self._recipient, "deliver", request, part="reconcile")) as uow:
            found = uow.ledger_books.delivered(self._name, since, before)
            uow.commit()
        return found

    def _keep(self, done: Reconciled, through: int, at: datetime, request: str) -> None:
        row = LedgerReconciliation(
            ledger=self._name,
            day=day_at(at, self._zone),
            at=at,
            whole=done.whole,
            through=through,
            theirs=done.theirs,
            ours=done.ours,
            found=len(done.found),
        )
        with self._store.begin(machine(self._recipient, "operate", request, part="reconcile")) as uow:
            uow.ledger_books.keep(row, done.found)
            uow.audit.add(
                "reconcile", "ledger", count=len(done.found), outcome="ok" if done.agrees else "differs"
            )
            uow.commit()
