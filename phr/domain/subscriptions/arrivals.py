"""What a delivery brought, as subscribers are told of it: of each code and day the newest Observation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np

from ingest.codes import HL7_CATEGORY, JP_CATEGORY, VITALS, Channel, Vital
from phr.domain.samples import Columns
from phr.domain.targets import number_of
from phr.ids import observation_ids


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event: the Observation that it is about (Type/id), its codes and its categories as ``system|code``."""

    focus: str
    codes: tuple[str, ...]
    labels: tuple[str, ...]


def arrivals(person: UUID, arrived: Iterable[tuple[str, date, UUID, Columns]]) -> list[Arrival]:
    """One for each code and day. arrived: code, day, source and the rows that came, oldest first."""
    newest: dict[tuple[str, date], tuple[int, UUID, str | None]] = {}
    for code, day, source, columns in arrived:
        row = len(columns) - 1
        start = int(columns.start[row])
        if (code, day) not in newest or start > newest[code, day][0]:
            newest[code, day] = (start, source, _channel(VITALS[code], columns, row))
    return [
        _arrival(person, code, channel, source, start)
        for (code, _day), (start, source, channel) in sorted(newest.items(), key=lambda one: one[1][0])
    ]


def _channel(vital: Vital, columns: Columns, row: int) -> str | None:
    """Of a panel that is split into one Observation for each item: the first item that the row holds."""
    if not vital.split:
        return None
    return next(name for name, values in columns.channels.items() if not np.isnan(values[row]))


def _arrival(person: UUID, code: str, channel: str | None, source: UUID, start: int) -> Arrival:
    vital = VITALS[code]
    identity = observation_ids(person, number_of((code, channel)), source, np.array([start], np.int64))[0]
    of: Vital | Channel = vital if channel is None else vital.channel(channel)
    return Arrival(
        f"Observation/{identity}",
        tuple(f"{one.system}|{one.code}" for one in of.codings),
        (f"{HL7_CATEGORY}|{of.fhir_category}", f"{JP_CATEGORY}|{of.category_ja_code}"),
    )
