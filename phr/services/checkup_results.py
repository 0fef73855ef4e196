"""Check-up results: the newest check-ups of one person with what the rules say of the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.store.tables import Person
from phr.store.uow import Store
from risk.errors import BadInput
from risk.explain import Result
from risk.stratify import stratify

_CODE: Final = "checkup"
_DAYS: Final = 366 * 5


@dataclass(frozen=True, slots=True)
class Examined:
    """One check-up: its day and the columns that carry a value."""

    day: date
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Results:
    """Check-ups, oldest first, and the judgement of the newest; None when the rules cannot read it."""

    checkups: tuple[Examined, ...]
    sex: str
    result: Result | None


class CheckupResults:
    """Reads check-ups for whoever may see them."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, glucose_rule: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._glucose = glucose_rule

    def of(self, person: UUID, access: Access, most: int = 3) -> Results:
        """The newest check-ups, at most so many. Those that are not for this caller are absent."""
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            chunks = uow.vitals.chunks(person, [_CODE], today - timedelta(days=_DAYS), today)
            uow.audit.add("read", "Observation", person, categories=_CODE, count=len(chunks))
            uow.commit()
        by_day: dict[date, dict[str, float]] = {}
        for chunk in chunks:
            row = len(chunk.columns) - 1
            values = by_day.setdefault(chunk.slot.day, {})
            for name, column in chunk.columns.channels.items():
                if not np.isnan(column[row]):
                    values[name] = float(column[row])
        found = tuple(Examined(day, by_day[day]) for day in sorted(by_day)[-most:])
        sex = "" if known is None else {"male": "M", "female": "F"}.get(known.sex, "")
        result = self._judged(found[-1], known, sex) if found else None
        return Results(found, sex, result)

    def _judged(self, newest: Examined, known: Person | None, sex: str) -> Result | None:
        answers: dict[str, Any] = {**newest.values, "checkup_date": newest.day.isoformat()}
        if sex:
            answers["sex"] = sex
        if known is not None and known.birth_date is not None:
            answers["birth_date"] = known.birth_date.isoformat()
        try:
            return stratify(answers, glucose_rule=self._glucose)
        except BadInput:
            return None
