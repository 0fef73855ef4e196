"""Unlikely values: shown to the person or the nurse, who confirms them or sets them aside; both are on record (R5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.reviews import REJECTIONS, Verdict, row_of, unlikely, with_confirmed
from phr.domain.samples import Columns, fingerprints, sample_texts, summarise
from phr.errors import Invalid, NotFound
from phr.store.codec import encode
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk, Slot, Write

CODES: Final = ("85354-9", "29463-7", "2339-0", "99504-3", "8310-5", "59408-5")
"""What single readings are asked about: blood pressure, weight, glucose, temperature, SpO2."""
_DAYS: Final = 30
_MOST: Final = 20
_MARK: Final = "~"


@dataclass(frozen=True, slots=True)
class Pending:
    """A value that waits for a word. ident: what a form sends back; values by channel."""

    ident: str
    code: str
    category: str
    at: datetime
    values: Mapping[str, float]


class Confirmations:
    """Asks about unlikely values and carries out the answer."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def pending(self, person: UUID, access: Access) -> list[Pending]:
        """The unlikely values of the last month that this reader may see, newest first."""
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access.about(person)) as uow:
            chunks = uow.vitals.chunks(person, CODES, today - timedelta(days=_DAYS), today)
            found = [one for chunk in chunks for one in self._of(chunk)]
            if found:
                categories = ",".join(sorted({one.category for one in found}))
                uow.audit.add("read", "Observation", person, categories=categories, count=len(found))
            uow.commit()
        return sorted(found, key=lambda one: one.at, reverse=True)[:_MOST]

    def _of(self, chunk: Chunk) -> list[Pending]:
        found = []
        for start, mark in unlikely(chunk.columns):
            row = int(np.flatnonzero(chunk.columns.start == start)[0])
            values = {name: float(column[row]) for name, column in chunk.columns.channels.items()}
            slot = chunk.slot
            parts = (slot.code, slot.day.isoformat(), str(slot.source_id), str(start), mark)
            at = datetime.fromtimestamp(start / 1_000_000, self._zone)
            held = {name: value for name, value in values.items() if not np.isnan(value)}
            found.append(Pending(_MARK.join(parts), slot.code, chunk.category, at, held))
        return found

    def confirm(self, person: UUID, ident: str, access: Access) -> None:
        """The value is right: it counts as any other from now on."""
        self._decide(person, ident, access, "confirmed", "")

    def reject(self, person: UUID, ident: str, reason: str, access: Access) -> None:
        """The value is wrong: it is set aside, and stays away when it is sent again."""
        if reason not in REJECTIONS:
            raise Invalid("choose a reason", field="reason")
        self._decide(person, ident, access, "rejected", reason)

    def _decide(self, person: UUID, ident: str, access: Access, verdict: str, reason: str) -> None:
        slot, start, mark = _place(ident)
        with self._store.begin(access.about(person)) as uow:
            if slot not in uow.vitals.load(person, [slot]):  # who may not see it has nothing to say about it
                raise NotFound("no such value")
            uow.switch(Access(access.role, access.actor, self._recipient, "collect", access.request, person))
            uow.vitals.lock(person)
            chunk = uow.vitals.load(person, [slot]).get(slot)
            row = None if chunk is None else row_of(chunk.columns, start, mark)
            if chunk is None or row is None:
                raise NotFound("no such value")
            now = self._clock.now()
            uow.reviews.decide_sample(person, chunk, (start, mark), (verdict, reason), access.actor, now)
            if verdict == "confirmed":
                said = [Verdict(start, mark, confirmed=True)]
                _keep(uow, person, chunk, with_confirmed(chunk.columns, said), now)
            else:
                _set_aside(uow, person, chunk, row, now)
            action = "confirm" if verdict == "confirmed" else "set-aside"
            uow.audit.add(action, "Observation", person, categories=chunk.category, count=1)
            uow.commit()


def _keep(uow: UnitOfWork, person: UUID, chunk: Chunk, columns: Columns, now: datetime) -> None:
    write = Write(chunk.slot, chunk.category, chunk.version + 1, columns, summarise(columns))
    uow.vitals.save(person, [write], now)


def _set_aside(uow: UnitOfWork, person: UUID, chunk: Chunk, row: int, now: datetime) -> None:
    """Moves one sample to those that are kept aside; a day without samples keeps an empty chunk."""
    columns = chunk.columns
    gone = columns.take(np.array([row]))
    uow.vitals.keep_conflicts(
        person,
        chunk.slot,
        chunk.category,
        [(int(gone.start[0]), fingerprints(gone)[0], sample_texts(gone)[0])],
    )
    left = columns.take(np.delete(np.arange(len(columns)), row))
    if len(left):
        _keep(uow, person, chunk, left, now)
    else:
        uow.reviews.empty(person, chunk.slot, chunk.version + 1, now, encode(left))


def _place(ident: str) -> tuple[Slot, int, str]:
    """Which sample a form speaks of."""
    parts = ident.split(_MARK)
    try:
        code, day, source, start, mark = parts
        slot = Slot(code, date.fromisoformat(day), UUID(source))
        return slot, int(start), mark
    except ValueError:
        raise NotFound("no such value") from None
