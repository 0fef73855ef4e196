"""Correcting a value: typed by hand, the person corrects it at once; the original is kept, and who had it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.codes import VITALS
from ingest.series import MANUAL, SOFT_LIMIT
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.reviews import CORRECTED
from phr.domain.samples import Columns, fingerprints, sample_texts, summarise
from phr.errors import Invalid, NotFound, Refused
from phr.ids import new_id
from phr.store.tables import RightsRequest
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk, Slot, Write
from risk.plausibility import check

_MARK: Final = "~"
_MOST: Final = 100
_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Value:
    """One stored value. typed: whether a person typed it, so that the person may correct it without asking."""

    ident: str
    code: str
    at: datetime
    values: Mapping[str, float]
    typed: bool


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction: its number, and who had received such data (kind, who)."""

    request: UUID
    recipients: tuple[tuple[str, str], ...]


class Correcting:
    """Corrections in the records of one city."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def of_day(self, person: UUID, day: date, access: Access) -> list[Value]:
        """The single readings of a day, oldest first."""
        codes = [code for code, vital in VITALS.items() if not vital.split]
        with self._store.begin(access) as uow:
            chunks = uow.vitals.chunks(person, codes, day, day)
            found = [value for chunk in chunks if len(chunk.columns) <= _MOST for value in self._of(chunk)]
            uow.audit.add("read", "Observation", person, count=len(found))
            uow.commit()
        return sorted(found, key=lambda one: (one.at, one.code))[:_MOST]

    def one(self, person: UUID, ident: str, access: Access) -> Value:
        """One value. Raises NotFound."""
        slot, _start, _mark = _place(ident)
        for value in self.of_day(person, slot.day, access):
            if value.ident == ident:
                return value
        raise NotFound("no such value")

    def __call__(
        self,
        person: UUID,
        ident: str,
        values: Mapping[str, float],
        reason: str,
        access: Access,
        *,
        ours: bool = False,
    ) -> Corrected:
        """Puts other numbers in the place of a value. ours: the city corrects what a device sent, after a request.

        Raises Refused where the value was not typed by a person, Invalid with the field, NotFound.
        """
        if not reason.strip() or len(reason) > _REASON:
            raise Invalid("say why, in at most 500 characters", field="reason")
        slot, start, mark = _place(ident)
        now = self._clock.now()
        with self._store.begin(access.about(person)) as uow:
            if slot not in uow.vitals.load(person, [slot]):
                raise NotFound("no such value")
            recipients = tuple(uow.everything.recipients(person))
            uow.switch(Access(access.role, access.actor, self._recipient, "collect", access.request, person))
            uow.vitals.lock(person)
            chunk = uow.vitals.load(person, [slot]).get(slot)
            row = None if chunk is None else _row(chunk.columns, start, mark)
            if chunk is None or row is None:
                raise NotFound("no such value")
            if not ours and not chunk.columns.quality[row] & MANUAL:
                raise Refused("a device sent it")
            before = chunk.columns.take(np.array([row]))
            after = _with(slot.code, before, values)
            self._keep(uow, person, chunk, row, before, after, reason, access, now)
            detail = self._detail(slot.code, before, after, reason, recipients)
            uow.switch(machine(self._recipient, "rights", access.request, person, access.actor))
            request = self._note(uow, person, detail, access, now)
            uow.commit()
        self._tell(person, request, recipients, access)
        return Corrected(request, recipients)

    def _of(self, chunk: Chunk) -> list[Value]:
        columns, slot = chunk.columns, chunk.slot
        marks = fingerprints(columns)
        found = []
        for row, start in enumerate(columns.start.tolist()):
            held = {name: float(column[row]) for name, column in columns.channels.items()}
            parts = (slot.code, slot.day.isoformat(), str(slot.source_id), str(start), marks[row])
            found.append(
                Value(
                    _MARK.join(parts),
                    slot.code,
                    datetime.fromtimestamp(start / 1_000_000, self._zone),
                    {name: value for name, value in held.items() if not np.isnan(value)},
                    bool(columns.quality[row] & MANUAL),
                )
            )
        return found

    def _keep(
        self,
        uow: UnitOfWork,
        person: UUID,
        chunk: Chunk,
        row: int,
        before: Columns,
        after: Columns,
        reason: str,
        access: Access,
        now: datetime,
    ) -> None:
        """The original beside the record with who and why; the day in its next version."""
        slot, start = chunk.slot, int(before.start[0])
        mark = fingerprints(before)[0]
        uow.vitals.keep_conflicts(person, slot, chunk.category, [(start, mark, sample_texts(before)[0])])
        why = f"{CORRECTED}: {reason.strip()}"
        uow.reviews.decide_sample(person, chunk, (start, mark), ("rejected", why), access.actor, now)
        columns = _replaced(chunk.columns, row, after)
        uow.vitals.save(
            person, [Write(slot, chunk.category, chunk.version + 1, columns, summarise(columns))], now
        )
        uow.audit.add("correct", "Observation", person, categories=chunk.category, count=1)

    def _detail(
        self, code: str, before: Columns, after: Columns, reason: str, recipients: Any
    ) -> dict[str, Any]:
        at = datetime.fromtimestamp(int(before.start[0]) / 1_000_000, self._zone)
        return {
            "code": code,
            "at": at.isoformat(),
            "before": _shown(before),
            "after": _shown(after),
            "reason": reason.strip(),
            "recipients": [list(one) for one in recipients],
        }

    def _note(
        self, uow: UnitOfWork, person: UUID, detail: dict[str, Any], access: Access, now: datetime
    ) -> UUID:
        """The register has every correction, also those that needed nobody's decision."""
        row = RightsRequest(
            person_id=person,
            request_id=new_id(),
            kind="correct",
            state="done",
            asked_at=now,
            asked_by=access.actor,
            as_whom="self",
            due_on=day_at(now, self._zone),
            handler=access.actor,
            detail=detail,
            decided_at=now,
            decision="corrected",
            updated_at=now,
        )
        uow.rights.put(row)
        return row.request_id

    def _tell(
        self, person: UUID, request: UUID, recipients: tuple[tuple[str, str], ...], access: Access
    ) -> None:
        """Family members get a message; organisations stand in the register, for the staff to write to."""
        for kind, who in recipients:
            if kind == "guardian":
                reader = UUID(who)
                with self._store.begin(
                    machine(self._recipient, "rights", access.request, reader, access.actor)
                ) as uow:
                    payload: dict[str, Any] = {"template": "rights.corrected", "params": {}}
                    uow.outbox.post(
                        reader, new_id(), "message", f"corrected:{request}", payload, self._clock.now()
                    )
                    uow.audit.add("notify", "correction", person, count=1)
                    uow.commit()


def _with(code: str, before: Columns, values: Mapping[str, float]) -> Columns:
    """The sample with other numbers. Raises Invalid for a channel that it does not have, or a value that cannot be."""
    if not values:
        raise Invalid("give the right value", field="value")
    for name, value in values.items():
        if name not in before.channels or np.isnan(before.channels[name][0]) or not np.isfinite(value):
            raise Invalid("is no value of this kind", field=name)
    channels = {
        name: np.array([values.get(name, float(column[0]))]) for name, column in before.channels.items()
    }
    verdict = check(code, channels, before.duration, start=before.start, age=None)
    if verdict.hard.any():
        raise Invalid("cannot be true", field=next(iter(values)))
    quality = (before.quality & ~np.uint8(SOFT_LIMIT)) | np.where(verdict.soft, SOFT_LIMIT, 0).astype(
        np.uint8
    )
    changed = replace(before, channels=channels, quality=quality.astype(np.uint8))
    if fingerprints(changed) == fingerprints(before):
        raise Invalid("is the same as before", field=next(iter(values)))
    return changed


def _replaced(day: Columns, row: int, after: Columns) -> Columns:
    """The day with one row exchanged."""
    channels = {name: column.copy() for name, column in day.channels.items()}
    for name, column in channels.items():
        column[row] = after.channels[name][0]
    quality = day.quality.copy()
    quality[row] = after.quality[0]
    return replace(day, channels=channels, quality=quality)


def _shown(one: Columns) -> dict[str, float]:
    return {name: float(column[0]) for name, column in one.channels.items() if not np.isnan(column[0])}


def _row(day: Columns, start: int, mark: str) -> int | None:
    for place in np.flatnonzero(day.start == start).tolist():
        if fingerprints(day.take(np.array([place])))[0] == mark:
            return int(place)
    return None


def _place(ident: str) -> tuple[Slot, int, str]:
    parts = ident.split(_MARK)
    try:
        code, day, source, start, mark = parts
        return Slot(code, date.fromisoformat(day), UUID(source)), int(start), mark
    except ValueError:
        raise NotFound("no such value") from None
