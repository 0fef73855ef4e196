"""Operate: counts and ages for the city's IT, without a look at any person's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phr.clock import Clock
from phr.domain.access import Access
from phr.store.uow import Store


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the service. outbox: number and oldest letter in each state; turned_away: counts by reason."""

    revision: str
    outbox: dict[str, tuple[int, datetime]]
    turned_away: dict[str, int]
    workers: dict[str, datetime]
    vitals_bytes: int


class Operate:
    """Reads counts, and notes signs of life."""

    def __init__(self, store: Store, clock: Clock, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient

    def status(self, *, actor: str, request: str) -> Status:
        """How things are."""
        with self._store.begin(Access("operator", actor, self._recipient, "operate", request)) as uow:
            found = Status(
                revision=uow.operations.revision(),
                outbox=uow.outbox.states(),
                turned_away=uow.intake.totals(),
                workers=uow.operations.beats(),
                vitals_bytes=uow.operations.vitals_bytes(),
            )
            uow.commit()
        return found

    def beat(self, name: str, *, request: str) -> None:
        """Notes that a worker is alive."""
        with self._store.begin(Access("system", name, self._recipient, "operate", request)) as uow:
            uow.operations.beat(name, self._clock.now())
            uow.commit()
