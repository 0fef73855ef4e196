"""A stage for earning: steps of devices on the city's days, people who share for points, and a nurse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import numpy as np

from ingest.series import Series, Source
from phr.bootstrap import System
from phr.domain.access import Access
from tests.build import CITY, WATCH, agree

ZONE = ZoneInfo("Asia/Tokyo")
PHONE = Source("HEALTH_CONNECT|Pixel 9||active", "Pixel 9", "HEALTH_CONNECT", "Pixel 9", "active")
TYPED = Source("manual", "手入力", "PHR", "", "manual")
_SEEDS = count(1)
NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
"""Noon in the city on a Friday."""


def someone(
    system: System, *, born: str = "1990-05-05", purposes: tuple[str, ...] = ("collect", "points")
) -> Any:
    """A new person: id and patient number."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": born}
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    agree(system, person, patient, purposes=purposes, date_time=datetime(2026, 1, 1, tzinfo=UTC))
    return person, patient


def walk(
    day: date,
    steps: int,
    *,
    source: Source = WATCH,
    hour: int = 9,
    minutes: int = 60,
    seed: int | None = None,
) -> Series:
    """A day's steps in one walk with a living pace; each call another, since equal records of two people are a signal."""
    start = int(datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).timestamp()) * 1_000_000
    spread = np.random.default_rng(next(_SEEDS) if seed is None else seed).uniform(0.5, 1.5, minutes)
    values = np.floor(spread / spread.sum() * steps)
    values[0] += steps - values.sum()
    return Series(
        "55423-8",
        source,
        start + np.arange(minutes, dtype=np.int64) * 60_000_000,
        {"value": values},
        np.full(minutes, 32400, np.int32),
        np.zeros(minutes, np.uint8),
        np.full(minutes, 60_000_000, np.int64),
    )


def give(system: System, person: UUID, *series: Series) -> Any:
    """A delivery."""
    return system.receive(person, list(series), request="test", actor="device", role="gateway")


def nurse(name: str = "nurse-points") -> Access:
    """A nurse of the city, for points."""
    return Access("nurse", name, CITY, "points", "request-points")


def own(person: UUID) -> Access:
    """The person, at their own record."""
    return Access("resident", "self", f"Patient/{person}", "self", "request-own", person)


def events(system: System, person: UUID) -> list[tuple[str, date, int]]:
    """What stands in the book: event, day, points, reversals included."""
    rows = system.points.history(person, actor="self", request="test")
    return [(row.event, row.day, row.points) for row in rows]


def earned(system: System, person: UUID) -> int:
    """The points of a person's book."""
    return sum(points for _event, _day, points in events(system, person))


def days_ago(number: int) -> date:
    """A day before the stage's."""
    return NOON.astimezone(ZONE).date() - timedelta(days=number)


def forget(system: System, person: UUID, source: Source) -> None:
    """Takes a source's records out, as the administrator."""
    with system.database.admin() as admin:
        admin.execute(
            "DELETE FROM phr.vital_chunk WHERE person_id = %s AND source_id IN"
            " (SELECT source_id FROM phr.vital_source WHERE person_id = %s AND key = %s)",
            (person, person, source.key),
        )
        admin.commit()
