"""The tooth-brushing game: days of a child, the streak, and what a class did together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.grants import decide_rows
from consent.model import Request
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.family import brushing as rules
from phr.domain.family.brushing import Streak
from phr.errors import Invalid
from phr.store.uow import Store

_SINCE: Final = 1000
"""Days that are read: stickers count for about three years of a child's life."""


@dataclass(frozen=True, slots=True)
class Game:
    """The game as a child sees it. class_times: None while the class is too small, or the child is in none."""

    today: date
    morning: bool
    evening: bool
    week: Sequence[tuple[date, bool, bool]]
    streak: Streak
    in_class: bool
    class_times: int | None


class Brushing:
    """The game of one city's children."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def game(self, person: UUID, access: Access) -> Game:
        """The game of a child, for the child itself or for who acts for them."""
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access) as uow:
            rows = uow.family.brushed(person, today - timedelta(days=_SINCE))
            classes = [member.class_code for member in uow.family.classes(person)]
            uow.audit.add("read", "brushing", person, categories="child", count=len(rows))
            uow.commit()
        days = {row.day: (row.morning, row.evening) for row in rows}
        now = days.get(today, (False, False))
        return Game(
            today,
            *now,
            rules.week_of(days, today),
            rules.streak(list(days), today),
            in_class=bool(classes),
            class_times=self._class_times(classes[0], today, access.request) if classes else None,
        )

    def brush(self, person: UUID, day: date, time: str, *, actor: str, request: str, way: str) -> None:
        """Notes one brushing of today or the days just before it. Raises Invalid with the field."""
        now = self._clock.now()
        rules.checked_day(day, day_at(now, self._zone))
        access = Access("resident", actor, self._recipient, "collect", request, person)
        with self._store.begin(access) as uow:
            asked = Request(str(person), self._recipient, "collect", "child", day)
            if not decide_rows(uow.consents.lines(person), asked, now).permit:
                raise Invalid("collecting is not consented", field="consent")
            uow.family.brush(person, day, rules.checked_time(time), way, now)
            uow.audit.add("collect", "brushing", person, categories="child", count=1)
            uow.commit()

    def evidence(self, person: UUID, first: date, last: date, *, request: str) -> list[tuple[date, str]]:
        """Days with both brushings that may earn points, with what proves each; read for points, so by that consent."""
        access = machine(self._recipient, "points", request, person, "brushing")
        with self._store.begin(access) as uow:
            rows = [row for row in uow.family.brushed(person, first) if row.day <= last]
            uow.audit.add("read", "brushing", person, categories="child", count=len(rows))
            uow.commit()
        return [(row.day, f"brushing:{row.day.isoformat()}") for row in rows if row.morning and row.evening]

    def _class_times(self, code: str, today: date, request: str) -> int | None:
        """What a class did in the last full days; read as the class, so only of children whose guardians agreed."""
        first, last = rules.class_window(today)
        with self._store.begin(machine(f"Group/{code}", "family", request, part="class")) as uow:
            children, times = uow.family.class_counts(code, first, last)
            uow.audit.add("count", f"Group/{code}", count=children)
            uow.commit()
        return rules.class_total(children, times)
