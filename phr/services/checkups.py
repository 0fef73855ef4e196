"""Check-ups: the newest one of a person, for a purpose."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.days import day_at
from phr.store.uow import Store


class Checkups:
    """Reads check-ups for points."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def latest_day(self, person: UUID, *, request: str) -> date | None:
        """The day of the newest check-up that the purpose points may see."""
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(machine(self._recipient, "points", request, person, "points")) as uow:
            days = uow.vitals.chunk_days(person, "checkup", today - timedelta(days=400), today)
            uow.audit.add("read", "Observation", person, categories="checkup", count=len(days))
            uow.commit()
        return max(days, default=None)
