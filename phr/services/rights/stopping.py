"""Stop of use (利用停止): one explicit deny for everything, recorded as a consent, so that the one rule of the door decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.fhir import write
from consent.model import Consent, Provision, Source
from phr.clock import Clock
from phr.domain.access import Access
from phr.errors import NotFound
from phr.store.uow import Store

TEXT: Final = "stop-of-use-1"
Record = Callable[[UUID, dict[str, Any], Access], None]
"""Records a consent with all that follows from it."""
Withdraw = Callable[[UUID, str, Access], None]
"""Withdraws one."""
Denies = Callable[[UUID, Access], list[str]]
"""The ids of the denies of this text that are in force."""


class Stopping:
    """Stops and lets go on."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        record: Record,
        withdraw: Withdraw,
        denies: Denies,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._record = record
        self._withdraw = withdraw
        self._denies = denies

    def stopped(self, person: UUID, access: Access) -> bool:
        """Whether a stop is in force."""
        return bool(self._denies(person, access))

    def stop(self, person: UUID, access: Access, *, way: str = "app") -> None:
        """Denies every purpose, recipient, kind and day; the person's own view and the law's duties go on. Twice is once."""
        if self.stopped(person, access):
            return
        self._record(person, self.resource(self._patient(person, access), way), access)

    def resource(self, patient: str, way: str) -> dict[str, Any]:
        """The Consent: its inner deny names nothing and so matches everything; the base alone would only be silent."""
        return write(
            Consent(
                None,
                0,
                "active",
                patient,
                self._clock.now(),
                Provision("deny", children=(Provision("deny"),)),
                performers=(f"Patient/{patient}",),
                organizations=(self._recipient,),
                source=Source(TEXT, way, "ja", ""),
            ),
            self._zone,
        )

    def go_on(self, person: UUID, access: Access) -> None:
        """Takes the stop back: what was agreed to before counts again, as far as it was not withdrawn."""
        for consent in self._denies(person, access):
            self._withdraw(person, consent, access)

    def _patient(self, person: UUID, access: Access) -> str:
        reading = Access(access.role, access.actor, self._recipient, "consent", access.request, person)
        with self._store.begin(reading) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None:
            raise NotFound("no such person")
        return known.patient_id
