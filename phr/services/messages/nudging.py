"""Nudging: once a day, for those who asked for it, a look at what they share for guidance, and at most one word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.messages.nudges import WINDOW, chosen, nudges
from phr.ids import new_id
from phr.store.tables import Person
from phr.store.uow import Store, UnitOfWork
from phr.store.walks import wanting

Goals = Callable[[UnitOfWork, Person, date], Mapping[str, float]]
"""What a person wants to reach: code -> value; asked in the context of guidance."""

_SUMMED: Final = frozenset(
    {"55423-8"}
)  # steps: a day counts as its sum; of several devices the best, never their sum


class Nudging:
    """Posts nudges."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, goals: Goals) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._goals = goals

    def round(self, *, request: str) -> int:
        """Looks at everybody who asked for nudges; says how many got a word. Twice on a day is once."""
        access = machine(self._recipient, "deliver", request, part="nudges")
        return sum(self._one(person, request) for person in wanting(self._store, access, "nudge"))

    def _one(self, person: UUID, request: str) -> bool:
        now = self._clock.now()
        today = day_at(now, self._zone)
        deliver = machine(self._recipient, "deliver", request, person, part="nudges")
        guidance = machine(self._recipient, "guidance", request, person, part="nudges")
        with self._store.begin(deliver) as uow:
            resting = {
                one.template for one in nudges() if uow.messages.posted(person, one.template, now - one.rest)
            }
            uow.switch(guidance)
            known = uow.people.get(person)
            if known is None:  # nothing is shared for guidance
                return False
            days = _days(uow, person, today)
            rule = chosen(nudges(), days, self._goals(uow, known, today), today, resting)
            uow.audit.add(
                "read", "day-summaries", person, categories=_CATEGORIES, count=sum(map(len, days.values()))
            )
            posted = rule is not None and uow.outbox.post(
                person, new_id(), "message", f"nudge:{person}:{today}", {"template": rule.template}, now
            )
            uow.commit()
        return posted


_CATEGORIES: Final = "activity,blood-pressure,body"


def _days(uow: UnitOfWork, person: UUID, today: date) -> dict[str, dict[date, float]]:
    """Code -> day -> value of what this context sees; a code without any day is absent."""
    codes = sorted({rule.code for rule in nudges()})
    found: dict[str, dict[date, float]] = {}
    for row in uow.vitals.days(person, codes, today - timedelta(days=WINDOW), today):
        value = row.summary.total if row.code in _SUMMED else row.summary.mean
        per_day = found.setdefault(row.code, {})
        per_day[row.day] = max(per_day.get(row.day, 0.0), value or 0.0)
    return found
