"""Home visits that were written down without network: the contact and the measurements of each entry count once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.series import MANUAL, Series, Source
from phr.clock import Clock, micros
from phr.domain.access import Access
from phr.domain.documents import dump, instant, parse
from phr.domain.visits import Entry, digest_of, encounter, encounter_id
from phr.errors import Conflict
from phr.store.documents import Document
from phr.store.tables import WorkItem
from phr.store.uow import Store, UnitOfWork

PRESSURE: Final = "85354-9"
WEIGHT: Final = "29463-7"
_TYPE: Final = "Encounter"
_SOURCE: Final = Source("home-visit", "家庭訪問", "PHR", "", "active")

Within = Callable[[UnitOfWork, WorkItem], None]
"""Done in the transaction of a contact, before it is noted."""
Contact = Callable[[UUID, Access, str, str, Within], Any]
"""Notes a contact of a case: case, access, way, note, and what belongs to the same transaction."""
ReceiveOne = Callable[..., Any]
"""The receive use case."""


class _KnownError(Exception):
    """The entry was taken before: nothing of the transaction is kept."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an entry. repeated: it was there already; refused, apart: measurements without consent, or that
    cannot be true; warned: a value that does not wait; version: of the case after it, 0 when that is not known.
    """

    repeated: bool
    version: int = 0
    measured: int = 0
    refused: int = 0
    apart: int = 0
    warned: bool = False


class Visits:
    """Entries of home visits. ``access`` is the nurse's, for the purpose guidance."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, contact: Contact, receive: ReceiveOne
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._contact = contact
        self._receive = receive

    def enter(self, case: UUID, entry: Entry, access: Access) -> Taken:
        """Takes an entry: the contact with its visit first, then the measurements, each as often sent as one likes.

        Raises NotFound when the case is not there or not shared any more, Conflict when it was changed meanwhile or
        is not in her hands; then nothing is stored.
        """
        people: list[UUID] = []

        def within(uow: UnitOfWork, item: WorkItem) -> None:
            people.append(item.person_id)
            self._once(uow, item, entry)

        repeated, version = False, 0
        try:
            version = self._contact(
                case, access, entry.way, f"[{entry.outcome}] {entry.note}", within
            ).version
        except _KnownError:
            repeated = True
        series = self._series(entry)
        if not series:
            return Taken(repeated, version)
        receipt = self._receive(
            people[0], series, request=access.request, actor=access.actor, role=access.role
        )
        return Taken(
            repeated,
            version,
            receipt.stored + receipt.repeated + receipt.corrected,
            receipt.refused,
            receipt.quarantined + receipt.conflicts,
            bool(receipt.warnings),
        )

    def _once(self, uow: UnitOfWork, item: WorkItem, entry: Entry) -> None:
        """Leaves when the entry is known, refuses when the case moved, and keeps the visit otherwise."""
        kept = uow.documents.get(_TYPE, encounter_id(item.item_id, entry.key))
        if kept is not None:
            if digest_of(parse(kept.body.encode())) != entry.digest():
                raise Conflict("this name belongs to another entry")
            raise _KnownError
        if entry.version != item.version:
            raise Conflict("the case was changed meanwhile")
        person = uow.people.get(item.person_id)
        patient = "" if person is None else person.patient_id
        now = self._clock.now()
        resource = encounter(item.item_id, entry, patient)
        body = {**resource, "meta": {"versionId": "1", "lastUpdated": instant(now)}}
        uow.documents.put(
            Document(
                person_id=item.person_id,
                type=_TYPE,
                id=resource["id"],
                version=1,
                deleted=False,
                category=item.category,
                day=item.day,
                codes=(),
                labels=(),
                status=resource["status"],
                low=entry.at,
                high=None,
                updated_at=now,
                body=dump(body),
            )
        )

    def _series(self, entry: Entry) -> list[Series]:
        values = entry.values
        made = []
        if "systolic" in values:
            channels = {name: values.get(name, float("nan")) for name in ("systolic", "diastolic", "pulse")}
            made.append(self._one(PRESSURE, channels, entry.at))
        if "weight" in values:
            made.append(self._one(WEIGHT, {"value": values["weight"]}, entry.at))
        return made

    def _one(self, code: str, channels: dict[str, float], at: datetime) -> Series:
        offset = at.astimezone(self._zone).utcoffset() or timedelta()
        return Series(
            code,
            _SOURCE,
            np.array([micros(at)], np.int64),
            {name: np.array([value], np.float64) for name, value in channels.items()},
            np.array([int(offset.total_seconds())], np.int32),
            np.full(1, MANUAL, np.uint8),
        )
