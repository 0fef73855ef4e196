"""Values that cannot be true: a nurse looks at them with the person's consent, discards them, or has one judged again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from ingest.codes import VITALS
from ingest.series import ZONE_ASSUMED, Series, Source
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.reviews import can_be_vouched
from phr.errors import Invalid, NotFound, Refused
from phr.store.tables import Quarantine
from phr.store.uow import Store

ReceiveOne = Callable[..., Any]
"""The receive use case."""
_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class Apart:
    """One value in quarantine. vouch: whether a person can vouch for it."""

    ident: str
    code: str
    category: str
    day: date
    reason: str
    values: Mapping[str, str]
    vouch: bool


class SetApart:
    """The quarantine of one person at a time. ``access`` is the nurse's, for the purpose guidance."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, receive: ReceiveOne
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._receive = receive

    def listed(self, person: UUID, access: Access) -> list[Apart]:
        """What lies apart, as far as consent lets it be seen; the look is audited."""
        with self._store.begin(access.about(person)) as uow:
            rows = uow.reviews.set_apart(person)
            if rows:
                categories = ",".join(sorted({row.category for row in rows}))
                uow.audit.add("read", "quarantine", person, categories=categories, count=len(rows))
            uow.commit()
        return [
            Apart(
                row.quarantine_id,
                row.code,
                row.category,
                row.day,
                row.reason,
                _values(row.sample),
                can_be_vouched(row.code, row.reason),
            )
            for row in rows
        ]

    def discard(self, person: UUID, ident: str, note: str, access: Access) -> None:
        """The value is of no use: it stays on record as discarded."""
        self._decide(person, ident, "discarded", note, access)

    def judge_again(self, person: UUID, ident: str, note: str, access: Access) -> bool:
        """Sends the value through the same door once more; tells whether it was taken.

        Raises Refused where no person can vouch for the value.
        """
        row = self._decide(person, ident, "judged-again", note, access)
        sources = self._sources(person, access)
        receipt = self._receive(
            person,
            [_series(row, sources.get(row.source, Source(row.source)), self._zone)],
            request=access.request,
            actor=access.actor,
            role=access.role,
        )
        return bool(receipt.stored)

    def _decide(self, person: UUID, ident: str, state: str, note: str, access: Access) -> Quarantine:
        if not note.strip() or len(note) > _NOTE:
            raise Invalid("say why, in at most 500 characters", field="note")
        with self._store.begin(access.about(person)) as uow:
            if uow.reviews.one_seen(person, ident) is None:  # who may not see it has nothing to say about it
                raise NotFound("no such value")
            uow.switch(Access(access.role, access.actor, self._recipient, "collect", access.request, person))
            row = uow.reviews.one_set_apart(person, ident)
            if row is None:
                raise NotFound("no such value")
            if state == "judged-again" and not can_be_vouched(row.code, row.reason):
                raise Refused("nobody can vouch for such a value; enter the right one and discard this")
            uow.reviews.decide(row, state, access.actor, note.strip(), self._clock.now())
            uow.audit.add(state, "quarantine", person, categories=row.category, count=1)
            uow.commit()
        return row

    def _sources(self, person: UUID, access: Access) -> Mapping[str, Source]:
        with self._store.begin(access.about(person)) as uow:
            found = uow.vitals.sources(person).values()
            uow.commit()
        return {
            one.key: Source(one.key, one.label, one.platform, one.device, one.method, one.phd)
            for one in found
        }


def _values(sample: str) -> dict[str, str]:
    """The channels of a kept sample, as text: they cannot be true, so nothing is computed with them."""
    found: dict[str, Any] = orjson.loads(sample)
    return {
        name: str(value)
        for name, value in sorted(found.items())
        if name not in {"start", "duration", "offset"} and value is not None
    }


def _series(row: Quarantine, source: Source, zone: ZoneInfo) -> Series:
    """The kept sample as a delivery of its own; the offset was not kept, so the city's is assumed and said."""
    sample: dict[str, Any] = orjson.loads(row.sample)
    start = int(sample["start"])
    at = datetime.fromtimestamp(start // 1_000_000, UTC).astimezone(zone)
    offset = at.utcoffset()
    seconds = 0 if offset is None else int(offset.total_seconds())
    names = [channel.name for channel in VITALS[row.code].channels]
    return Series(
        row.code,
        source,
        np.array([start], np.int64),
        {name: np.array([float(sample.get(name, "nan"))], np.float64) for name in names if name in sample},
        np.array([seconds], np.int32),
        np.array([ZONE_ASSUMED], np.uint8),
        None if sample.get("duration") is None else np.array([sample["duration"]], np.int64),
    )
