"""Days of steps as points see them: automatic records only, one source for each moment, and what a person should look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.series import MANUAL
from phr.domain.days import begins, day_at
from phr.domain.fraud import FraudRules, signals_of
from phr.domain.reconcile import NOTHING, Told, reconcile, worn_spans
from phr.domain.samples import Columns
from phr.store.earning import StepChunk

AUTOMATIC: Final = frozenset({"passive", "active", "derived"})
"""How a device's own record came about; what was typed, and what is unknown, earns no step points."""
Hearts = Mapping[tuple[UUID, date, str], Columns]


@dataclass(frozen=True, slots=True)
class StepDay:
    """One person's day: steps that no two devices count twice, who said so, when the last of it came in."""

    person: UUID
    day: date
    steps: int
    sources: tuple[UUID, ...]
    uploaded: date
    columns: Columns
    twin: bool

    def signals(self, zone: ZoneInfo, rules: FraudRules) -> tuple[str, ...]:
        """Why a person should look before this day earns."""
        midnight = int(begins(self.day, zone).timestamp()) * 1_000_000
        return (*signals_of(self.columns, midnight, rules), *(("twin",) if self.twin else ()))


def crowded(chunks: Iterable[StepChunk]) -> list[UUID]:
    """The people with a day of which more than one source speaks."""
    told: dict[tuple[UUID, date], int] = defaultdict(int)
    for one in chunks:
        told[one.person_id, one.day] += 1
    return sorted({person for (person, _day), count in told.items() if count > 1})


def step_days(chunks: Sequence[StepChunk], hearts: Hearts, zone: ZoneInfo, now: datetime) -> list[StepDay]:
    """The days of some people."""
    groups: dict[tuple[UUID, date], list[tuple[StepChunk, Columns]]] = defaultdict(list)
    for one in chunks:
        if one.method not in AUTOMATIC:
            continue
        automatic = (one.columns.quality & MANUAL) == 0
        rows = one.columns if automatic.all() else one.columns.take(automatic)
        if len(rows):
            groups[one.person_id, one.day].append((one, rows))
    return [_day(person, day, parts, hearts, zone, now) for (person, day), parts in groups.items()]


def _day(
    person: UUID,
    day: date,
    parts: Sequence[tuple[StepChunk, Columns]],
    hearts: Hearts,
    zone: ZoneInfo,
    now: datetime,
) -> StepDay:
    uploaded = day_at(min(max(one.updated_at for one, _ in parts), now), zone)
    columns, sources = _together(parts, hearts)
    total = int(np.nansum(columns.channels["value"]) + 1e-6)
    return StepDay(person, day, total, sources, uploaded, columns, any(one.twin for one, _ in parts))


def _together(parts: Sequence[tuple[StepChunk, Columns]], hearts: Hearts) -> tuple[Columns, tuple[UUID, ...]]:
    """One value for each moment: overlaps of devices are never added up."""
    first, rows = parts[0]
    if len(parts) == 1 and _disjoint(rows):
        return rows, (first.source_id,)
    told = []
    for one, rows in parts:
        heart = hearts.get((one.person_id, one.day, one.device))
        worn = NOTHING if heart is None else worn_spans(heart)
        told.append(Told(one.source_id, rows, one.method, one.platform, worn))
    view = reconcile("amount", told)
    if view is None:
        return rows.take(np.zeros(len(rows), bool)), ()
    return view.columns, tuple(view.sources[place] for place in np.unique(view.owner).tolist())


def _disjoint(rows: Columns) -> bool:
    """Whether the rows of one source do not overlap, so that their sum is the day's."""
    if rows.duration is None:
        return True
    return bool(np.all(rows.start[1:] >= (rows.start + rows.duration)[:-1]))
