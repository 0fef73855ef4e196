"""The breaker of the ledger, kept in the store: what one worker has seen, all workers and the operator's page know."""

from __future__ import annotations

from datetime import UTC, datetime

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.ledger import Breaker
from phr.store.uow import Store


class SharedBreaker:
    """Reads and notes whether a ledger is called or left alone."""

    def __init__(self, store: Store, clock: Clock, recipient: str, name: str) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._name = name

    def known(self, *, request: str) -> Breaker:
        """What was noted last."""
        with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
            row = uow.ledger_books.breaker(self._name)
            uow.commit()
        if row is None:
            return Breaker()
        until = None if row.open_until is None else row.open_until.timestamp()
        return Breaker(failures=row.failures, open_until=until)

    def note(self, before: Breaker, after: Breaker, why: str, *, request: str) -> None:
        """Keeps what has changed. ``why`` is the kind of the last trouble, never its text."""
        if before == after:
            return
        until = None if after.open_until is None else datetime.fromtimestamp(after.open_until, UTC)
        with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
            uow.ledger_books.note_breaker(
                self._name, after.failures, until, why if after.failures else "", self._clock.now()
            )
            uow.commit()
