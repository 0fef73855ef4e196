"""Permissions: which kinds of one person's data a caller may see today, and until when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.categories import CATEGORIES
from consent.grants import GrantRow, decide_rows
from consent.model import OPEN_END, Request
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.store.uow import Store


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a kind of data may be seen; ``until`` is the instant at which that ends, if it does."""

    permitted: bool
    until: datetime | None = None


class Permissions:
    """Asks the rule of consent for each kind of data."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone

    def across(
        self, person: UUID, access: Access, purposes: Sequence[str]
    ) -> Mapping[str, Mapping[str, Permission]]:
        """The same for several purposes of one caller, in one transaction and on one way to the database."""
        now, today = self._clock.now(), day_at(self._clock.now(), self._zone)
        about = access.about(person)
        asked: dict[str, Callable[[], list[GrantRow]]] = {}
        with self._store.begin(about) as uow:
            for purpose in purposes:
                if purpose != uow.access.purpose:
                    uow.switch(about.for_purpose(purpose))
                asked[purpose] = uow.consents.asked(person)
            found = {purpose: read() for purpose, read in asked.items()}
            uow.commit()
        return {
            purpose: _judged(rows, about.for_purpose(purpose), person, today, now)
            for purpose, rows in found.items()
        }

    def of(self, person: UUID, access: Access) -> Mapping[str, Permission]:
        """Every kind of data; what is not shared is said, so that it is not shown as empty."""
        now = self._clock.now()
        with self._store.begin(access.about(person)) as uow:
            rows: list[GrantRow] = uow.consents.lines(person)
            uow.commit()
        return _judged(rows, access, person, day_at(now, self._zone), now)


def _judged(
    rows: list[GrantRow], access: Access, person: UUID, today: date, now: datetime
) -> dict[str, Permission]:
    """What the rule says of each kind of data."""
    found = {}
    for category in CATEGORIES:
        asked = Request(str(person), access.recipient, access.purpose, category, today)
        permit = decide_rows(rows, asked, now).permit
        found[category] = Permission(permit, _end(rows, asked, now) if permit else None)
    return found


def _end(rows: list[GrantRow], asked: Request, now: datetime) -> datetime | None:
    """The last end of the permits that let this in now; None when one of them is open."""
    ends = [
        row.valid_to
        for row in rows
        if row.effect == "permit"
        and row.category in {asked.category, "*"}
        and row.purpose in {asked.purpose, "*"}
        and row.recipient in {asked.recipient, "*"}
        and row.valid_from <= now < row.valid_to
    ]
    latest = max(ends, default=OPEN_END)
    return None if latest >= OPEN_END else latest
