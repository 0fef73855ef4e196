"""Alarms in the transaction that stores the value: a red case, a message, and the words for the answer itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import micros
from phr.domain.documents import parse
from phr.domain.queue import RED, TOP
from phr.domain.samples import Columns, joined
from phr.domain.worklist import CLOSED, CONTACTED, OPEN, PRIORITIES
from phr.ids import new_id, source_id
from phr.services.receive.prepare import Prepared
from phr.services.receive.readings import readings_of
from phr.store.tables import WorkItem
from phr.store.uow import UnitOfWork
from phr.store.vitals import Chunk, Slot
from risk.alarms import HEART_RATE, SPO2, UNATTENDED, Alarm, Sent, alarms, due, near, worst
from risk.limits import standard

_AROUND: Final = timedelta(days=2)
"""How far the readings that may confirm one can lie from it."""
_ONE_READING_US: Final = 60_000_000
"""Readings of two sources within a minute are one that came by two ways."""


_RED: Final = "red"
_AMBER: Final = "amber"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
    zone: ZoneInfo
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
    """Evaluates what arrived; values far from every limit cost one comparison.

    Old uploads show in the nurses' list and alarm nobody. The answer tells of every rule that fires: silence would read
    as all clear to whoever measures a third time. Case and message follow once in the quiet hours (R5-5).
    """
    delivery = _Delivery(uow, person, ready, now, zone, inbox)
    days = standard().windows["listed_days"] + 1  # a day's value is as old as the end of the day
    first = (now - timedelta(days=days)).astimezone(zone).date()
    told: dict[str, Warned] = {}
    for slot, parts in ready.parts.items():
        if slot.day < first:
            continue
        arrived = joined(parts)
        if not near(slot.code, arrived.channels):
            continue
        found = _fired(delivery, slot, arrived, before.get(slot), birth, symptoms)
        fired = [alarm for alarm in found if not alarm.late]
        _raise_due(delivery, slot, arrived, fired)
        _list_late(delivery, slot, arrived, [alarm for alarm in found if alarm.late])
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
        listed=True,
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
    parts += _in_documents(delivery, slot, arrived, first, last)
    return joined(parts) if parts else None


def _in_documents(
    delivery: _Delivery, slot: Slot, arrived: Columns, first: date, last: date
) -> list[Columns]:
    """The readings that were kept as documents, because a client wrote more than the columns can hold."""
    found = []
    for document in delivery.uow.search.documents([delivery.person], "Observation", codes=[slot.code]):
        if first <= document.day <= last:
            for one in readings_of(parse(document.body.encode()), delivery.zone):
                columns = Columns(one.start, one.channels, one.offset, one.quality)
                same = source_id(one.source.key) == slot.source_id
                found.append(columns if same else _without(columns, arrived.start))
    return found


def _without(columns: Columns, starts: Any) -> Columns:
    """The readings that are not the same ones by another way."""
    at = np.sort(starts)
    upper = np.searchsorted(at, columns.start + _ONE_READING_US, "right")
    twin = upper > np.searchsorted(at, columns.start - _ONE_READING_US, "left")
    return columns.take(np.flatnonzero(~twin))


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


def _list_late(delivery: _Delivery, slot: Slot, arrived: Columns, late: list[Alarm]) -> None:
    """Red values of an old upload are cases without a message; they move nothing that is open or newer."""
    for rule, alarm in worst(one for one in late if one.severity == _RED).items():
        item = delivery.uow.worklist.of_kind(delivery.person, f"alarm:{rule}")
        known = item is not None and (item.state != CLOSED or int(item.data_mark) >= arrived.start[alarm.row])
        if not known:
            _open(delivery, slot, arrived, alarm, item)


def _sent(item: WorkItem) -> Sent:
    """When the rule spoke last for this person, and how severe that was."""
    at = datetime.fromisoformat(item.basis["fired"])
    return Sent(micros(at), item.basis["severity"], bool(item.basis.get("top")))


def _open(delivery: _Delivery, slot: Slot, arrived: Columns, alarm: Alarm, item: WorkItem | None) -> None:
    """The case of an alarm, new or moved."""
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
    # The earlier one is answered, or was less urgent: this one waits from now.
    elif item.state == CLOSED or item.stage == CONTACTED or item.basis["severity"] != alarm.severity:
        item.opened_at, item.escalated_at = now, None
    if item.state == CLOSED:
        item.state, item.holder, item.outcome = OPEN, None, None
    item.reasons, item.data_mark, item.version = [_reason(slot, arrived, alarm)], str(at), item.version + 1
    item.basis = _basis(alarm, at, now, delivery.ready.sources[slot.source_id].device)
    item.rank = 0.0 if alarm.severity != _RED or alarm.late else TOP if alarm.top else RED
    item.day = slot.day
    delivery.uow.worklist.put(item, event, "alarms", now)


def _raise(delivery: _Delivery, slot: Slot, arrived: Columns, alarm: Alarm, item: WorkItem | None) -> None:
    """Case and message."""
    _open(delivery, slot, arrived, alarm, item)
    delivery.uow.outbox.post(
        delivery.person,
        new_id(),
        "message",
        f"alarm:{alarm.rule}:{delivery.person}:{int(arrived.start[alarm.row])}",
        {"template": alarm.text_key, "severity": alarm.severity, "from": delivery.inbox},
        delivery.now,
    )


def _basis(alarm: Alarm, at: int, now: datetime, device: str) -> dict[str, Any]:
    """What the list needs to know: how urgent, since when, and of which kind of device, so that storms are seen (R9-5).

    A late one spoke to nobody: it escalates never, and keeps no fresh one quiet.
    """
    spoke = _EPOCH + timedelta(microseconds=at) if alarm.late else now
    return {
        "severity": _AMBER if alarm.late else alarm.severity,
        "top": alarm.top and not alarm.late,
        "start": at,
        "fired": spoke.isoformat(),
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
