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
from phr.domain.days import day_of
from phr.domain.queue import speaks
from phr.domain.samples import Columns, joined
from phr.domain.worklist import CLOSED, CONTACTED, OPEN, PRIORITIES
from phr.ids import new_id
from phr.services.receive.prepare import Prepared
from phr.store.tables import WorkItem
from phr.store.uow import UnitOfWork
from phr.store.vitals import Chunk, Slot
from risk.alarms import Alarm, alarms
from risk.limits import standard

_FRESH: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Warned:
    """One alarm as the answer to the sender tells it."""

    rule: str
    severity: str
    text_key: str


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
    """Evaluates what arrived; old uploads and values far from every limit cost one comparison."""
    now_us = micros(now)
    oldest = now_us - micros_of(_FRESH)
    today = (now + timedelta(days=1)).astimezone(zone).date()
    found = []
    for slot, parts in ready.parts.items():
        if (today - slot.day).days > 3:
            continue
        arrived = joined(parts)
        if int(arrived.start.max()) < oldest:
            continue
        old = before.get(slot)
        source = ready.sources[slot.source_id]
        for alarm in _fired(slot, arrived, old, now_us, source.method, birth, symptoms):
            warned = _raise(
                uow, person, slot, ready.categories[slot], arrived, alarm, now, inbox, source.device
            )
            if warned is not None:
                found.append(warned)
    return found


def _fired(
    slot: Slot,
    arrived: Columns,
    old: Chunk | None,
    now_us: int,
    method: str,
    birth: date | None,
    symptoms: frozenset[str],
) -> list[Alarm]:
    """The alarms of a day's arrival, without readings that were there already."""
    found = alarms(
        slot.code,
        arrived.channels,
        arrived.start,
        now_us=now_us,
        recent=None if old is None else (old.columns.start, old.columns.channels),
        source_method=method,
        birth=birth,
        symptoms=symptoms,
    )
    return [alarm for alarm in found if _is_news(arrived, old, alarm)]


def micros_of(span: timedelta) -> int:
    """Whole microseconds of a span."""
    return span // timedelta(microseconds=1)


def _is_news(arrived: Columns, old: Chunk | None, alarm: Alarm) -> bool:
    """A reading that was there already alarms nobody again."""
    return old is None or not bool(np.isin(arrived.start[alarm.row], old.columns.start))


def _raise(
    uow: UnitOfWork,
    person: UUID,
    slot: Slot,
    category: str,
    arrived: Columns,
    alarm: Alarm,
    now: datetime,
    inbox: str,
    device: str,
) -> Warned | None:
    kind = f"alarm:{alarm.rule}"
    at = int(arrived.start[alarm.row])
    item = uow.worklist.of_kind(person, kind)
    basis = _basis(alarm, at, now, device)
    quiet = timedelta(hours=standard().windows["quiet_hours"])
    if not speaks(_last(item), alarm.severity, now, quiet):
        return None
    reasons = [_reason(slot, arrived, alarm)]
    if item is None:
        item = WorkItem(
            person_id=person,
            item_id=new_id(),
            kind=kind,
            category=category,
            day=day_of((at + int(arrived.offset[alarm.row]) * 1_000_000) // 86_400_000_000),
            priority=PRIORITIES["alarm"],
            state=OPEN,
            reasons=reasons,
            basis=basis,
            data_mark=str(at),
            rule_version="alarms",
            version=1,
            opened_at=now,
            updated_at=now,
        )
        event = "opened"
    else:
        item.reasons, item.basis, item.data_mark, item.version = reasons, basis, str(at), item.version + 1
        if (
            item.state == CLOSED or item.stage == CONTACTED
        ):  # the earlier one is answered; this one waits from now
            item.opened_at, item.escalated_at = now, None
        if item.state == CLOSED:
            item.state, item.holder, item.outcome = OPEN, None, None
        event = "fired-again"
    item.day = slot.day
    uow.worklist.put(item, event, "alarms", now)
    uow.outbox.post(
        person,
        new_id(),
        "message",
        f"alarm:{alarm.rule}:{person}:{at}",
        {"template": alarm.text_key, "severity": alarm.severity, "from": inbox},
        now,
    )
    return Warned(alarm.rule, alarm.severity, alarm.text_key)


def _basis(alarm: Alarm, at: int, now: datetime, device: str) -> dict[str, Any]:
    """What the list needs to know: how urgent, since when, and of which kind of device, so that storms are seen (R9-5)."""
    return {
        "severity": alarm.severity,
        "top": alarm.top,
        "start": at,
        "fired": now.isoformat(),
        "device": device[:100],
    }


def _last(item: WorkItem | None) -> tuple[datetime, str] | None:
    """When this rule spoke last for this person, and how severe that was."""
    return None if item is None else (datetime.fromisoformat(item.basis["fired"]), item.basis["severity"])


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
