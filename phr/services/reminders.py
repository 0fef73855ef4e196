"""Reminders of check-ups and screenings, for those who asked: by a postcard's number, on the web, at the counter."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.messages import numbers
from phr.domain.messages.screenings import due, screenings
from phr.domain.points_rules import fiscal_year
from phr.errors import Invalid, NotFound, Refused
from phr.ids import new_id
from phr.store.tables import MessageChoice, RegistrationNumber, ScreeningDone
from phr.store.uow import Store, UnitOfWork
from phr.store.walks import wanting

KIND: Final = "reminder"
_TRIES: Final = 5  # wrong numbers of a person on a day
_MOST: Final = 20_000  # numbers of one batch
_BACK: Final = 3 * 366
_CHECKUP: Final = "checkup"
_STAGGER: Final = timedelta(days=28)  # days between reminders of the same thing


@dataclass(frozen=True, slots=True)
class PostcardNumbers:
    """A batch of new numbers: shown this once, kept as keyed hashes."""

    batch: UUID
    numbers: Sequence[str]
    until: date


class Reminders:
    """PostcardNumbers, who asked, what is done, and whose turn it is."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._key = key

    def make_numbers(self, count: int, days: int, *, actor: str, request: str) -> PostcardNumbers:
        """New numbers for postcards. They belong to nobody until somebody enters one."""
        if not 1 <= count <= _MOST or not 1 <= days <= 730:
            raise Invalid(f"must be 1 to {_MOST} numbers for 1 to 730 days", field="count")
        now, batch = self._clock.now(), new_id()
        made = sorted({numbers.new_number() for _ in range(count)})
        rows = [
            RegistrationNumber(
                number_hash=self._hash(one),
                batch_id=batch,
                kind=KIND,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            for one in made
        ]
        with self._store.begin(Access("system", actor, self._recipient, "register", request)) as uow:
            for first in range(0, len(rows), 1000):
                uow.registrations.put(rows[first : first + 1000])
            uow.audit.add("numbers-made", KIND, count=len(rows))
            uow.commit()
        return PostcardNumbers(
            batch, tuple(map(numbers.shown, made)), day_at(now + timedelta(days=days), self._zone)
        )

    def register(self, person: UUID, text: str, *, actor: str, way: str, request: str) -> str:
        """Enters a number for a person: from now on they are reminded; gives the kind of message.

        Raises Invalid for what cannot be a number (a slip of the pen costs no try), Refused for one that is unknown,
        used or too old, and after five wrong ones until tomorrow.
        """
        number = numbers.plain(text)
        if not number:
            raise Invalid("is no number of a postcard", field="number")
        now = self._clock.now()
        today = day_at(now, self._zone)
        with self._store.begin(self._register(actor, request, person)) as uow:
            if uow.people.get(person) is None:
                raise NotFound("no such person")
            if uow.registrations.tries(person, today) >= _TRIES:
                uow.audit.add("registered", KIND, person, outcome="refused", reason="too-many-tries")
                uow.commit()
                raise Refused("too many wrong numbers; try again tomorrow")
            used = uow.registrations.use(self._hash(number), now)
            if used.why:
                uow.registrations.tried(person, today)
            else:
                self._want(uow, person, used.kind, way)
            uow.audit.add(
                "registered", KIND, person, outcome="refused" if used.why else "ok", reason=used.why
            )
            uow.commit()
        if used.why:
            raise Refused("this number cannot be used")
        return used.kind

    def _want(self, uow: UnitOfWork, person: UUID, kind: str, way: str) -> None:
        held = uow.addresses.choices(person).get(kind)
        channels = [] if held is None else list(held.channels)
        now = self._clock.now()
        uow.addresses.choose(
            MessageChoice(
                person_id=person, kind=kind, wanted=True, channels=channels, way=way, updated_at=now
            )
        )

    def done(self, person: UUID, screening: str, day: date, access: Access, *, way: str) -> None:
        """The person says that a screening is done. Raises Invalid for an unknown one, and for a day to come."""
        now = self._clock.now()
        if screening not in screenings().known:
            raise Invalid("is no screening", field="screening")
        today = day_at(now, self._zone)
        if not today - timedelta(days=_BACK) <= day <= today:
            raise Invalid("must be a day of the last three years", field="day")
        row = ScreeningDone(person_id=person, screening=screening, day=day, way=way, noted_at=now)
        with self._store.begin(access.about(person)) as uow:
            uow.registrations.note_done(row)
            uow.audit.add("screening-noted", screening, person)
            uow.commit()

    def open_for(self, person: UUID, access: Access) -> tuple[list[str], Mapping[str, date]]:
        """The screenings that the person may have this fiscal year, and what they said is done."""
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            done = uow.registrations.done(person, today - timedelta(days=_BACK))
            uow.commit()
        if known is None:
            return [], done
        return due(screenings(), known.birth_date, known.sex, today, done), done

    def round(self, *, request: str) -> int:
        """Reminds everybody who asked, of one thing at a time; says how many. Twice in four weeks is once."""
        access = machine(self._recipient, "deliver", request, part="reminders")
        return sum(self._one(person, request) for person in wanting(self._store, access, KIND))

    def _one(self, person: UUID, request: str) -> bool:
        """The next open screening of one person, unless they were reminded of it not long ago."""
        now = self._clock.now()
        today = day_at(now, self._zone)
        with self._store.begin(self._register("reminders", request, person)) as uow:
            known = uow.people.get(person)
            done = dict(uow.registrations.done(person, today - timedelta(days=_BACK)))
            uow.switch(machine(self._recipient, "guidance", request, person, part="reminders"))
            seen = uow.vitals.chunk_days(person, _CHECKUP, today - timedelta(days=_BACK), today)
            if seen:  # what the person shares for guidance: a check-up that came in needs no reminder
                done[_CHECKUP] = max(seen)
                uow.audit.add("read", "check-up days", person, categories=_CHECKUP, count=len(seen))
            uow.switch(self._register("reminders", request, person))
            wanted = [] if known is None else due(screenings(), known.birth_date, known.sex, today, done)
            turn = (today - date(fiscal_year(today), 4, 1)) // _STAGGER
            posted = bool(wanted) and self._post(uow, person, wanted[turn % len(wanted)], today, turn)
            uow.commit()
        return posted

    def _post(self, uow: UnitOfWork, person: UUID, name: str, today: date, turn: int) -> bool:
        closes = screenings().closes(today).isoformat()
        own = name == _CHECKUP
        params = {"day": closes} if own else {"day": closes, "screening": name}
        template = "reminder.checkup" if own else "reminder.screening"
        key = f"reminder:{person}:{fiscal_year(today)}:{turn}"
        payload = {"template": template, "params": params}
        return uow.outbox.post(person, new_id(), "message", key, payload, self._clock.now())

    def _hash(self, number: str) -> str:
        return hmac.new(self._key, number.encode(), sha256).hexdigest()

    def _register(self, actor: str, request: str, person: UUID) -> Access:
        return Access("system", actor, self._recipient, "register", request, person)
