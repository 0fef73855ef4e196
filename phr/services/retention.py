"""Retention: samples older than a day that a city's rules set are counted, and deleted when somebody says so."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.errors import Refused
from phr.store.retention import Retention

PEOPLE: Final = "people"
_YEARS: Final = (
    5  # 特定健診の実施基準 第10条: values of check-ups, which lie in the same tables, are kept so long
)


class Retaining:
    """Deletes nothing on its own: a record is for life, unless the city's rules set an age."""

    def __init__(self, retention: Retention, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._retention = retention
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def plan(self, before: date) -> Counter[str]:
        """What would go: rows of each table of days before one, and of how many people. Changes nothing."""
        self._refuse_recent(before)
        found: Counter[str] = Counter()
        for people in self._retention.holders(before):
            found += self._retention.count(people, before)
            found[PEOPLE] += len(people)
        return found

    def carry_out(self, before: date, *, request: str) -> Counter[str]:
        """Deletes it, some people in each transaction; who stops it may begin again. Each person's trail says so."""
        self._refuse_recent(before)
        access = Access("system", "retention", self._recipient, "operate", request)
        done: Counter[str] = Counter()
        for people in self._retention.holders(before):
            done += self._retention.trim(people, before, access)
            done[PEOPLE] += len(people)
        return done

    def _refuse_recent(self, before: date) -> None:
        today = day_at(self._clock.now(), self._zone)
        if (before.year + _YEARS, before.month, before.day) > (today.year, today.month, today.day):
            raise Refused(
                f"only days that are over for {_YEARS} years may go: results of check-ups are kept so long"
            )
