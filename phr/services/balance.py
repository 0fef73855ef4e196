"""Balance: a person's points as the ledger holds them, and their own list with what still waits to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from time import monotonic
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clients.ledger import LedgerClient, LedgerRefused, LedgerTrouble
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.expiry import rules_for
from phr.domain.ledger_budget import NO_BUDGET
from phr.domain.points import RulesError, lot_expiry
from phr.store.uow import Store

_LETTERS: Final = 5000
PATIENCE: Final = 1.0
"""Seconds that a page waits for the ledger; then it shows the rest and says what is late."""
_REST: Final = 15.0
_AT_ONCE: Final = 8
_THERE: Final = ("delivered", None)


@dataclass(frozen=True, slots=True)
class Line:
    """One own event: ``delivered`` when the ledger has it; ``unfunded`` while the year's budget for it is used up."""

    day: date
    event: str
    points: int
    key: str
    reverses: str | None
    delivered: bool
    evidence: str = ""
    unfunded: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger holds for a person: in all, and in each lot by its last day."""

    total: int
    lots: Mapping[date, int]


class Balance:
    """Asks the ledger; the ledger knows a pseudonym only."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        ledger: Callable[[], LedgerClient],
        pseudonym: Callable[[UUID], str],
        patience: float = PATIENCE,
    ) -> None:
        self._patience = patience
        self._asking = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ledger")
        self._rest_until = 0.0
        self._store = store
        self._clock = clock
        self._zone = zone
        self._connect = ledger
        self._pseudonym = pseudonym
        self._ledger: LedgerClient | None = None

    def lines(self, person: UUID, access: Access) -> Sequence[Line]:
        """A person's events that this caller may see, newest first."""
        with self._store.begin(access.about(person)) as uow:
            events = uow.points.of_person(person)
            letters = {
                letter.outbox_id: (letter.state, letter.last_error)
                for letter in uow.outbox.listed(limit=_LETTERS)
            }
            uow.audit.add("read", "points", person, count=len(events))
            uow.commit()
        found = [
            Line(
                event.day,
                event.event,
                event.points,
                event.event_key,
                event.reverses,
                letters.get(event.outbox_id, _THERE)[0] == "delivered",
                event.evidence,
                letters.get(event.outbox_id, _THERE) == ("waiting", NO_BUDGET),
            )
            for event in events
        ]
        return found[::-1]

    def held(self, person: UUID) -> Held | None:
        """What the ledger holds now; None when it does not answer soon: a page does not wait for it.

        A ledger that was slow is left alone for a while, so that its questions do not pile up.
        """
        if monotonic() < self._rest_until:
            return None
        asked = self._asking.submit(self._held, person)
        try:
            return asked.result(timeout=self._patience)
        except TimeoutError:
            asked.cancel()
            self._rest_until = monotonic() + _REST
            return None

    def _held(self, person: UUID) -> Held | None:
        today = day_at(self._clock.now(), self._zone)
        try:
            asset = rules_for(today).asset
            lots = {day: self._lot(person, day, asset) for day in _lot_days(today)}
        except (LedgerTrouble, RulesError):
            return None
        return Held(sum(lots.values()), {day: points for day, points in lots.items() if points})

    def _lot(self, person: UUID, day: date, asset: str) -> int:
        if self._ledger is None:
            self._ledger = self._connect()
        try:
            account = f"residents:{self._pseudonym(person)}:lot:{day.isoformat()}"
            return self._ledger.account(account).get(asset, 0)
        except LedgerRefused as refused:
            if refused.code == "NOT_FOUND":
                return 0
            raise


def _lot_days(today: date) -> list[date]:
    """The last days of the lots that can still hold points: this year's, and last year's while it lasts."""
    rules = rules_for(today)
    ends = {lot_expiry(rules, today), lot_expiry(rules, today - timedelta(days=366))}
    return sorted(end for end in ends if end >= today)
