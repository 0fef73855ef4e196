"""Takes back what rests on data that are no longer shared: results lose their values, cases are closed and emptied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.grants import GrantRow
from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.assessments import cancelled, purpose_of
from phr.domain.documents import dump, parse
from phr.domain.evidence import of_case, of_document, places
from phr.domain.standing import Result, stands
from phr.domain.worklist import CLOSED
from phr.store.documents import Document
from phr.store.tables import WorkItem
from phr.store.uow import Store, UnitOfWork

_ALARM: Final = "alarm"
_PART: Final = "assess"
_CANCELLED: Final = "cancelled"


class Retract:
    """Asks of every result of one person whether it may stay."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def __call__(self, person: UUID, *, request: str) -> int:
        """In a transaction of its own: for consents that ended by themselves. Gives how many results were taken back."""
        with self._store.begin(machine(self._recipient, "consent", request, person, _PART)) as uow:
            uow.vitals.lock(person)
            taken = self.consent_changed(uow, person)
            uow.commit()
        return taken

    def consent_changed(self, uow: UnitOfWork, person: UUID) -> int:
        """In the transaction that changes a consent, in the context of the consent."""
        access, now = uow.access, self._clock.now()
        rows = uow.consents.lines(person)
        uow.switch(machine(self._recipient, "erase", access.request, person, _PART))
        # Cases before documents, as whoever writes them does, so that two transactions do not wait for each other.
        items = [
            item
            for item in uow.case_blocks.of_people([person], lock=True).values()
            if not item.kind.startswith(_ALARM) and (item.reasons or item.basis)
        ]
        documents = uow.blocks.documents([person], "RiskAssessment").get(person, [])
        taken = 0
        for item in items:
            result = Result(
                (self._recipient, "guidance"),
                (item.category, item.day),
                places(of_case(item.basis), (item.category, item.day), self._zone),
            )
            if not stands(rows, result, now):
                self._empty(uow, item, now)
                taken += 1
        taken += self._cancel_all(uow, documents, rows, now)
        if taken:
            uow.audit.add("retract", "RiskAssessment", person, count=taken)
        uow.switch(access)
        return taken

    def _cancel_all(
        self, uow: UnitOfWork, documents: Sequence[Document], rows: Sequence[GrantRow], now: datetime
    ) -> int:
        taken = 0
        for document in documents:
            resource = parse(document.body.encode())
            purpose = purpose_of(resource)
            if purpose is None or document.status == _CANCELLED:
                continue
            own = (document.category, document.day)
            result = Result(
                (self._recipient, purpose),
                own,
                places(of_document(resource), own, self._zone),
            )
            if not stands(rows, result, now):
                body = dump(cancelled(resource, document.version + 1, now))
                uow.blocks.cancel(document, body, now)
                taken += 1
        return taken

    def _empty(self, uow: UnitOfWork, item: WorkItem, now: datetime) -> None:
        """An open case is closed, and the same data open it anew once they are shared again; a decision stays a decision."""
        if item.state != CLOSED:
            item.data_mark, item.outcome = "", None
        item.state, item.reasons, item.basis, item.rank = CLOSED, [], {}, 0.0
        item.version += 1
        uow.worklist.put(item, "retracted", _PART, now)
