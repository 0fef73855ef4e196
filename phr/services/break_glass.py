"""Break-glass: a nurse opens one person without consent, for a vital interest, with two factors, for at most an hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.break_glass import CHECK_UP, checked, rules
from phr.domain.days import day_at
from phr.domain.documents import parse
from phr.domain.emergency import card_id, card_of
from phr.errors import Invalid, NotFound
from phr.ids import new_id, person_id
from phr.store.tables import BreakGlass as GlassRow
from phr.store.tables import Person
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk, DayRow

TEMPLATE: Final = "break-glass"
ACTION: Final = "break-glass"
_CHECKUP_DAYS: Final = 366 * 5
Prove = Callable[[str, str, str, str], bool]
"""Subject, passphrase, code, request -> whether both factors are right; raises Busy while the account is locked."""


@dataclass(frozen=True, slots=True)
class Glass:
    """A broken glass of the nurse who asks."""

    glass: UUID
    person: UUID
    reason: str
    opened: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """One channel of one day from one source: lowest, highest, how many."""

    code: str
    channel: str
    day: date
    minimum: float | None
    maximum: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen under it: who, the card that the person wrote, day summaries, check-ups."""

    glass: Glass
    name: str
    kana: str
    born: date | None
    sex: str
    card: Mapping[str, str]
    days: tuple[Measured, ...]
    checkups: tuple[tuple[date, Mapping[str, float]], ...]


class BreakGlass:
    """Opens, shows and closes. What may be seen, and until when, is the policy of the database, not this class."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, prove: Prove) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._prove = prove

    def open(self, patient: str, reason: str, note: str, proof: tuple[str, str], access: Access) -> Glass:
        """Breaks the glass of one person. Raises Invalid with the field, NotFound for nobody, Busy while locked.

        The person is told, and the review finds it; both in the transaction that opens.
        """
        reason, note = checked(reason, note)
        if access.role != "nurse":
            raise NotFound("page of another role")
        if not self._prove(access.actor, *proof, access.request):
            self._store.record(_glass(access), [(ACTION, "break-glass", "refused", "factors")])
            raise Invalid("passphrase or code are not right", field="proof")
        person, glass = person_id(patient.strip()), new_id()
        with self._store.begin(_glass(access.about(person))) as uow:
            live = next((one for one in uow.glass.live(access.actor) if one.person_id == person), None)
            if live is not None:
                return _of(live)
            opened, expires = uow.glass.open(person, glass, access.recipient, access.actor, reason, note)
            uow.audit.add(ACTION, f"break-glass/{glass}", person, outcome="emergency", reason=reason)
            uow.outbox.post(
                person, new_id(), "message", f"break-glass:{glass}", {"template": TEMPLATE}, self._clock.now()
            )
            uow.switch(_emergency(access.about(person)))
            if uow.people.get(person) is not None:
                uow.commit()
                return Glass(glass, person, reason, opened, expires)
        self._store.record(_glass(access), [(ACTION, "break-glass", "refused", "nobody")])
        raise NotFound("no such person")

    def live(self, access: Access) -> list[Glass]:
        """The nurse's own glasses that are not over."""
        with self._store.begin(_glass(access)) as uow:
            found = [_of(one) for one in uow.glass.live(access.actor)]
            uow.commit()
        return found

    def close(self, glass: UUID, access: Access) -> None:
        """Ends one before its time. Raises NotFound for one that is over, or somebody else's."""
        one = self._own(glass, access)
        with self._store.begin(_glass(access.about(one.person))) as uow:
            uow.glass.close(one.person, glass)
            uow.audit.add("break-glass-closed", f"break-glass/{glass}", one.person, outcome="emergency")
            uow.commit()

    def see(self, glass: UUID, access: Access) -> Seen:
        """What a live glass shows; each look is on the person's record as an emergency. Raises NotFound when it is over."""
        one = self._own(glass, access)
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(_emergency(access.about(one.person))) as uow:
            known = uow.people.get(one.person)
            if known is None:  # it ended between the two statements
                raise NotFound("no glass is broken")
            days = uow.vitals.days(one.person, rules().codes, today - timedelta(days=rules().days), today)
            chunks = uow.vitals.chunks(one.person, [CHECK_UP], today - timedelta(days=_CHECKUP_DAYS), today)
            card = self._card(uow, one.person)
            uow.audit.add(
                "read",
                "emergency-view",
                one.person,
                categories=",".join((*rules().categories, CHECK_UP)),
                count=len(days) + len(chunks) + bool(card),
                outcome="emergency",
                reason=one.reason,
            )
            uow.commit()
        return _seen(one, known, card, days, chunks)

    def _own(self, glass: UUID, access: Access) -> Glass:
        found = next((one for one in self.live(access) if one.glass == glass), None)
        if found is None:
            raise NotFound("no glass is broken")
        return found

    @staticmethod
    def _card(uow: UnitOfWork, person: UUID) -> Mapping[str, str]:
        found = uow.documents.get("QuestionnaireResponse", card_id(person))
        return {} if found is None or found.deleted else card_of(parse(found.body.encode()))


def _seen(
    one: Glass, known: Person, card: Mapping[str, str], days: list[DayRow], chunks: list[Chunk]
) -> Seen:
    by_day: dict[date, dict[str, float]] = {}
    for chunk in chunks:
        last = len(chunk.columns) - 1
        values = by_day.setdefault(chunk.slot.day, {})
        for name, column in chunk.columns.channels.items():
            if not np.isnan(column[last]):
                values[name] = float(column[last])
    measured = tuple(
        Measured(row.code, row.channel, row.day, row.summary.minimum, row.summary.maximum, row.summary.n)
        for row in days
    )
    checkups = tuple((day, by_day[day]) for day in sorted(by_day)[-rules().checkups :])
    return Seen(one, known.name, known.kana, known.birth_date, known.sex, card, measured, checkups)


def _of(row: GlassRow) -> Glass:
    return Glass(row.glass_id, row.person_id, row.reason, row.opened_at, row.expires_at)


def _glass(access: Access) -> Access:
    """The reason to open or close."""
    return access.for_purpose("break-glass")


def _emergency(access: Access) -> Access:
    """The reason to read under an open glass."""
    return access.for_purpose("emergency")
