"""Alarms in the transaction that stores the value: a red case, a message, and the words for the answer itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import micros
from phr.domain.queue import RED, TOP
from phr.domain.samples import Columns, joined
from phr.domain.worklist import CLOSED, CONTACTED, OPEN, PRIORITIES
from phr.ids import new_id
from phr.services.receive.prepare import Prepared
from phr.store.tables import WorkItem
from phr.store.uow import UnitOfWork
from phr.store.vitals import Chunk, Slot
from risk.alarms import HEART_RATE, SPO2, UNATTENDED, Alarm, Sent, alarms, due, near, worst

_OLDEST: Final = timedelta(hours=48)
"""Older arrivals need no look; how fresh a value must be is the rule's to say, and a day's value is as old as its end."""
_AROUND: Final = timedelta(days=2)
"""How far the readings that may confirm one can lie from it."""
_ONE_READING_US: Final = 60_000_000
"""Readings of two sources within a minute are one that came by two ways."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One alarm as the answer to the sender tells it."""

    rule: str
    severity: str
    text_key: str


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What the alarms of one delivery share."""

    uow: UnitOfWork
    person: UUID
    ready: Prepared
    now: datetime
    inbox: str


def raise_alarms(
    uow: UnitOfWork,
    person: UUID,
    ready: Prepared,
    before: Mapping[Slot, Chunk],
    *,
    now: datetime,
    zone: ZoneInfo,
    birth: date | None,
    symptoms: frozenset[str],
    inbox: str,
) -> list[Warned]:
    """Evaluates what arrived; old uploads and values far from every limit cost one comparison.

    The answer tells of every rule that fires: silence would read as all clear to whoever measures a third time. Case
    and message follow once in the quiet hours (R5-5).
    """
    delivery = _Delivery(uow, person, ready, now, inbox)
    oldest = micros(now) - micros_of(_OLDEST)
    today = (now + timedelta(days=1)).astimezone(zone).date()
    told: dict[str, Warned] = {}
    for slot, parts in ready.parts.items():
        if (today - slot.day).days > 3:
            continue
        arrived = joined(parts)
        if int(arrived.start.max()) < oldest or not near(slot.code, arrived.channels):
            continue
        fired = _fired(delivery, slot, arrived, before.get(slot), birth, symptoms)
        _raise_due(delivery, slot, arrived, fired)
        for alarm in worst(fired).values():
            told[alarm.rule] = Warned(alarm.rule, alarm.severity, alarm.text_key)
    return list(told.values())


def _fired(
    delivery: _Delivery,
    slot: Slot,
    arrived: Columns,
    old: Chunk | None,
    birth: date | None,
    symptoms: frozenset[str],
) -> list[Alarm]:
    """The alarms of a day's arrival, without readings that were there already."""
    earlier = _earlier(delivery, slot, arrived, old)
    found = alarms(
        slot.code,
        arrived.channels,
        arrived.start,
        now_us=micros(delivery.now),
        recent=None if earlier is None else (earlier.start, earlier.channels),
        source_method=delivery.ready.sources[slot.source_id].method,
        birth=birth,
        symptoms=symptoms,
    )
    return [alarm for alarm in found if _is_news(arrived, old, alarm)]


def _earlier(delivery: _Delivery, slot: Slot, arrived: Columns, old: Chunk | None) -> Columns | None:
    """The readings that may confirm: of this source and day, of the days around (midnight parts no two readings, and a
    resting rate comes once a day), and of other devices.
    """
    parts = [] if old is None else [old.columns]
    first, last = slot.day - _AROUND, slot.day + _AROUND
    others = [
        chunk
        for chunk in delivery.uow.vitals.chunks(delivery.person, [slot.code], first, last)
        if chunk.slot != slot
    ]
    unattended: set[UUID] = set()
    if others and slot.code in {HEART_RATE, SPO2}:
        sources = delivery.uow.vitals.sources(delivery.person)
        unattended = {one for one, row in sources.items() if row.method in UNATTENDED}
    for chunk in others:
        if chunk.slot.source_id in unattended:
            continue
        columns = chunk.columns
        parts.append(columns if chunk.slot.source_id == slot.source_id else _without(columns, arrived.start))
    return joined(parts) if parts else None


def _without(columns: Columns, starts: Any) -> Columns:
    """The readings that are not the same ones by another way."""
    at = np.sort(starts)
    upper = np.searchsorted(at, columns.start + _ONE_READING_US, "right")
    twin = upper > np.searchsorted(at, columns.start - _ONE_READING_US, "left")
    return columns.take(np.flatnonzero(~twin))


def micros_of(span: timedelta) -> int:
    """Whole microseconds of a span."""
    return span // timedelta(microseconds=1)


def _is_news(arrived: Columns, old: Chunk | None, alarm: Alarm) -> bool:
    """A reading that was there already alarms nobody again."""
    return old is None or not bool(np.isin(arrived.start[alarm.row], old.columns.start))


def _raise_due(delivery: _Delivery, slot: Slot, arrived: Columns, fired: list[Alarm]) -> None:
    """Cases and messages for those alarms that are not quiet."""
    rules = {alarm.rule for alarm in fired}
    items = {rule: delivery.uow.worklist.of_kind(delivery.person, f"alarm:{rule}") for rule in sorted(rules)}
    last = {rule: _sent(item) for rule, item in items.items() if item is not None}
    for alarm in due(fired, last, micros(delivery.now)):
        _raise(delivery, slot, arrived, alarm, items[alarm.rule])


def _sent(item: WorkItem) -> Sent:
    """When the rule spoke last for this person, and how severe that was."""
    at = datetime.fromisoformat(item.basis["fired"])
    return Sent(micros(at), item.basis["severity"], bool(item.basis.get("top")))


def _raise(delivery: _Delivery, slot: Slot, arrived: Columns, alarm: Alarm, item: WorkItem | None) -> None:
    at, now, person = int(arrived.start[alarm.row]), delivery.now, delivery.person
    event = "opened" if item is None else "fired-again"
    if item is None:
        item = WorkItem(
            person_id=person,
            item_id=new_id(),
            kind=f"alarm:{alarm.rule}",
            category=delivery.ready.categories[slot],
            day=slot.day,
            priority=PRIORITIES["alarm"],
            state=OPEN,
            reasons=[],
            basis={},
            data_mark="",
            rule_version="alarms",
            version=0,
            opened_at=now,
            updated_at=now,
        )
    elif (
        item.state == CLOSED or item.stage == CONTACTED
    ):  # the earlier one is answered; this one waits from now
        item.opened_at, item.escalated_at = now, None
    if item.state == CLOSED:
        item.state, item.holder, item.outcome = OPEN, None, None
    item.reasons, item.data_mark, item.version = [_reason(slot, arrived, alarm)], str(at), item.version + 1
    item.basis = _basis(alarm, at, now, delivery.ready.sources[slot.source_id].device)
    item.rank = TOP if alarm.top else RED if alarm.severity == "red" else 0.0
    item.day = slot.day
    delivery.uow.worklist.put(item, event, "alarms", now)
    delivery.uow.outbox.post(
        person,
        new_id(),
        "message",
        f"alarm:{alarm.rule}:{person}:{at}",
        {"template": alarm.text_key, "severity": alarm.severity, "from": delivery.inbox},
        now,
    )


def _basis(alarm: Alarm, at: int, now: datetime, device: str) -> dict[str, Any]:
    """What the list needs to know: how urgent, since when, and of which kind of device, so that storms are seen (R9-5)."""
    return {
        "severity": alarm.severity,
        "top": alarm.top,
        "start": at,
        "fired": now.isoformat(),
        "device": device[:100],
    }


def _reason(slot: Slot, arrived: Columns, alarm: Alarm) -> dict[str, Any]:
    values = {name: float(column[alarm.row]) for name, column in arrived.channels.items()}
    return {
        "code": slot.code,
        "values": {name: value for name, value in values.items() if value == value},  # noqa: PLR0124 - NaN is not itself
        "at": int(arrived.start[alarm.row]),
        "offset": int(arrived.offset[alarm.row]),
        "text": alarm.text_key,
        "limits": [getattr(limit, "name", str(limit)) for limit in alarm.limits],
    }
