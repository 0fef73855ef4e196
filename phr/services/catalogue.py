"""Catalogue: how many people could be in a release of each variable, never in counts below k."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.store.uow import Store

_PEOPLE: Final = 200
_DAYS: Final = 366
_FRESH: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Count:
    """People with a value, None when they are fewer than k; and the first month that k people reach."""

    people: int | None
    first: date | None


@dataclass(frozen=True, slots=True)
class Counts:
    """All people who could be in a release, and those of each variable by (vital, channel)."""

    people: int | None
    variables: Mapping[tuple[str, str], Count]


class Catalogue:
    """Counts people under the grants of one research recipient; counts are kept for an hour."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, k: int) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._k = k
        self._kept: dict[str, tuple[datetime, Counts]] = {}

    def counts(self, access: Access) -> Counts:
        """The counts of the last year for this caller's recipient and purpose."""
        now = self._clock.now()
        kept = self._kept.get(access.recipient)
        if kept is not None and now - kept[0] < _FRESH:
            return kept[1]
        found = self._counted(access, day_at(now, self._zone))
        self._kept[access.recipient] = (now, found)
        return found

    def _counted(self, access: Access, today: date) -> Counts:
        codes = [key for key, vital in VITALS.items() if not vital.split]
        people: dict[tuple[str, str], dict[UUID, date]] = defaultdict(dict)
        everybody: set[UUID] = set()
        after = UUID(int=0)
        while True:
            with self._store.begin(access) as uow:
                rows = uow.vitals.release_days(codes, today - timedelta(days=_DAYS), today, after, _PEOPLE)
                uow.audit.add("count", "catalogue", count=len({row.person_id for row in rows}))
                uow.commit()
            if not rows:
                break
            for row in rows:
                people[row.code, row.channel].setdefault(row.person_id, row.day)
            everybody |= {row.person_id for row in rows}
            after = max(row.person_id for row in rows)
        return Counts(
            self._shown(len(everybody)),
            {
                key: Count(self._shown(len(firsts)), self._since(list(firsts.values())))
                for key, firsts in people.items()
            },
        )

    def _shown(self, people: int) -> int | None:
        return people if people >= self._k else None

    def _since(self, firsts: list[date]) -> date | None:
        """The month from which k people have a value: one person's first day would single them out."""
        return sorted(firsts)[self._k - 1].replace(day=1) if len(firsts) >= self._k else None
