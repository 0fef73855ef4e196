"""The published score of one person, computed when it is looked at, for the purpose risk alone and never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.risk_picture import Picture, for_residents, of_checkup, picture
from phr.store.uow import Store, UnitOfWork
from risk.scores.model import DEFAULT

_CODE: Final = "checkup"
_OLDEST: Final = 366 * 3


@dataclass(frozen=True, slots=True)
class Computed:
    """A picture with the day of the check-up and where its values are from."""

    picture: Picture
    day: date
    source: str


class RiskDisplay:
    """Computes a score for the person who asked for it; without a grant for risk there is nothing to compute from."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, score: str = DEFAULT
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self.score = for_residents(score)

    def of(self, person: UUID, answers: Mapping[str, bool], *, request: str) -> Computed | None:
        """The score from the newest check-up that the purpose risk may see; None when it sees none."""
        today = day_at(self._clock.now(), self._zone)
        access = machine(self._recipient, "risk", request, person, "risk-display")
        with self._store.begin(access) as uow:
            found = self._read(uow, person, today)
            uow.audit.add("assess", "Observation", person, categories=_CODE, count=int(found is not None))
            uow.commit()
        if found is None:
            return None
        values, age, sex, day, source = found
        return Computed(picture(of_checkup(values, age=age, sex=sex), answers, self.score.name), day, source)

    def _read(
        self, uow: UnitOfWork, person: UUID, today: date
    ) -> tuple[dict[str, float], int | None, str, date, str] | None:
        known = uow.people.get(person)
        since = today - timedelta(days=_OLDEST)
        chunk = uow.vitals.newest([person], _CODE, since, today).get(person)
        if known is None or chunk is None:
            return None
        row = len(chunk.columns) - 1
        values = {
            name: float(column[row])
            for name, column in chunk.columns.channels.items()
            if not np.isnan(column[row])
        }
        source = uow.vitals.sources(person).get(chunk.slot.source_id)
        born = known.birth_date
        age = None if born is None else _age(born, today)
        sex = {"male": "M", "female": "F"}.get(known.sex, "")
        return values, age, sex, chunk.slot.day, "" if source is None else source.label


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
