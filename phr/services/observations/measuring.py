"""Values of one code in a span of time, for $stats: from day summaries where those are exact, else sample by sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.codes import VITALS, Channel, lookup, lookup_component
from phr.clock import micros
from phr.domain.days import begins
from phr.domain.fhirsearch.numeric import decimal
from phr.domain.fhirsearch.statistics import FROM_DAYS, Floats, figures, of_days
from phr.domain.fhirsearch.units import UCUM, converted
from phr.services.observations.selecting import FIRST_DAY, LAST_DAY, local_day
from phr.store.documents import Document
from phr.store.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Span:
    """Microseconds [low, high); None for open."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What is said of one code: its statistics, the unit, and how many Observations it rests on."""

    values: Mapping[str, float | None]
    unit: str
    ucum: str
    used: int


def measure(
    uow: UnitOfWork,
    person: UUID,
    coding: tuple[str | None, str],
    names: Sequence[str],
    span: Span,
    documents: Sequence[Mapping[str, Any]],
    zone: ZoneInfo,
) -> Figures:
    """The statistics of a code, system None for any. documents: Observations of the code that are kept as documents."""
    hits = [*lookup(*coding), *lookup_component(*coding)]
    channels = [(key, _channel(key, name)) for key, name in hits]
    numeric = [(key, one) for key, one in channels if one is not None]
    ucum = numeric[0][1].ucum if numeric else _first_unit(documents)
    unit = numeric[0][1].unit if numeric else ucum
    same = [(key, one) for key, one in numeric if one.ucum == ucum]
    days = _whole_days(span, zone)
    if days is not None and set(names) <= FROM_DAYS and not documents:
        rows = [
            (s.n, s.minimum, s.maximum, s.total)
            for key, one in same
            for s in (row.summary for row in uow.vitals.days(person, [key], *days, channel=one.name))
        ]
        return Figures(of_days(names, rows), unit, ucum, sum(row[0] for row in rows))
    parts = [_samples(uow, person, key, one, span, zone) for key, one in same]
    kept = [value for one in documents if (value := _value(one, ucum)) is not None]
    values = np.concatenate([*parts, np.array(kept, np.float64)])
    total = sum(map(len, parts)) + len(documents)
    return Figures(figures(names, values[~np.isnan(values)], total), unit, ucum, total)


def _channel(key: str, name: str | None) -> Channel | None:
    """The channel with a number; None where a code has several, or answers."""
    vital = VITALS[key]
    found = (
        vital.channel(name) if name is not None else vital.channels[0] if len(vital.channels) == 1 else None
    )
    return None if found is None or found.coded is not None else found


def _whole_days(span: Span, zone: ZoneInfo) -> tuple[date, date] | None:
    """The civil days of a span that begins and ends with one."""
    first = FIRST_DAY if span.low is None else local_day(span.low, zone)
    last = LAST_DAY if span.high is None else local_day(span.high - 1, zone)
    starts = span.low is None or micros(begins(first, zone)) == span.low
    ends = span.high is None or local_day(span.high, zone) != last
    return (first, last) if starts and ends else None


def _samples(uow: UnitOfWork, person: UUID, key: str, channel: Channel, span: Span, zone: ZoneInfo) -> Floats:
    first = FIRST_DAY if span.low is None else local_day(span.low, zone)
    last = LAST_DAY if span.high is None else local_day(span.high, zone)
    found = [np.empty(0, np.float64)]
    for chunk in uow.vitals.chunks(person, [key], first, last):
        start = chunk.columns.start
        within = np.ones(len(start), bool)
        if span.low is not None:
            within &= start >= span.low
        if span.high is not None:
            within &= start < span.high
        if channel.name in chunk.columns.channels:
            found.append(np.round(chunk.columns.channels[channel.name][within], channel.decimals))
    return np.concatenate(found)


def _first_unit(documents: Sequence[Mapping[str, Any]]) -> str:
    units = [one.get("valueQuantity", {}).get("code", "") for one in documents]
    return next((str(one) for one in units if one), "")


def _value(resource: Mapping[str, Any], ucum: str) -> float | None:
    """The value of a document in a unit; None where it has none in it."""
    quantity = resource.get("valueQuantity")
    value = decimal(quantity.get("value")) if isinstance(quantity, dict) else None
    if value is None or not isinstance(quantity, dict):
        return None
    if quantity.get("code", "") == ucum:
        return float(value)
    if quantity.get("system") != UCUM:
        return None
    found = converted(value, str(quantity.get("code", "")), ucum)
    return None if found is None else float(found)


def of_code(document: Document, coding: tuple[str | None, str]) -> bool:
    """Whether a document is of a code and says something that holds."""
    wanted = {document.status} & {"entered-in-error", "cancelled"}
    codes = [one.partition("|") for one in document.codes]
    return not wanted and any(
        code == coding[1] and coding[0] in (None, system) for system, _bar, code in codes
    )
