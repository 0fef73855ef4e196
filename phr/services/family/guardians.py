"""Guardians: the counter records who may act for whom, as a consent of the child, and ends it at once when asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.build import Choice, build
from consent.grants import decide_rows
from consent.model import Request, Source
from consent.moments import end_of_day
from phr.clock import Clock
from phr.domain.access import Access, resident
from phr.domain.days import day_at
from phr.domain.family.acting import Scope
from phr.domain.family.ages import years_on
from phr.domain.family.brushing import checked_class, school_year_end
from phr.domain.family.guardianship import (
    RULES,
    TEXT_VERSION,
    Asked,
    family_consent,
    last_day,
    may_hide,
    own_wish,
)
from phr.errors import Invalid, NotAllowed, NotFound
from phr.ids import new_id
from phr.store.audit import AuditRow
from phr.store.tables import ClassMember, Guardianship, Person
from phr.store.uow import Store, UnitOfWork

Record = Callable[..., str]
"""Records a consent of a person and gives its id: person, resource, actor, role, request."""
Withdraw = Callable[..., None]
"""Withdraws a consent of a person now: person, consent id, actor, role, request."""
CITY_PURPOSES: Final = ("collect", "guidance", "points")
"""For what a representative may agree on behalf of a child; research is not among them."""


WRITES: Final = frozenset({"collect", "guardian", "guardian-ended", "class"})
"""Actions of the trail that changed something."""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who works at the counter, in one request."""

    actor: str
    request: str
    role: str = "registrar"


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody acts for a person now: the reason to read, and whether they may enter."""

    access: Access
    person: Person
    kind: str
    may_enter: bool
    until: datetime
    seen: frozenset[str]
    may_points: bool = False

    def scope(self, zone: ZoneInfo) -> Scope:
        """How far it goes, as the pages need it."""
        last = day_at(self.until - timedelta(microseconds=1), zone)
        return Scope(
            self.person.person_id,
            self.person.name,
            self.kind,
            self.may_enter,
            self.may_points,
            last,
            self.seen,
        )


class Guardians:
    """Representatives of one city's people."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        record: Record,
        withdraw: Withdraw,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._record = record
        self._withdraw = withdraw

    def record(
        self,
        person: UUID,
        guardian: UUID,
        asked: Asked,
        clerk: Clerk,
        *,
        may_enter: bool = True,
        may_points: bool = False,
    ) -> Guardianship:
        """Records a representative. Raises Invalid where the rules say no, NotFound for people nobody registered."""
        ward, holder = self._identity(person, clerk), self._identity(guardian, clerk)
        now = self._clock.now()
        today = day_at(now, self._zone)
        if person == guardian:
            raise Invalid("nobody represents themselves", field="guardian")
        if holder.birth_date is None or not _of_age(holder.birth_date, today):
            raise Invalid("must be of age", field="guardian")
        until = last_day(asked, ward.birth_date, today)
        recipient = f"Patient/{holder.patient_id}"
        minor = RULES.kinds[asked.kind].minor
        resource = family_consent(
            ward.patient_id,
            recipient,
            ward.birth_date,
            until,
            Source(TEXT_VERSION, "counter", "ja", asked.proof_sha256),
            recipient if minor else f"Patient/{ward.patient_id}",
            at=now,
            organization=self._recipient,
            zone=self._zone,
        )
        consent = self._record(person, resource, actor=clerk.actor, role=clerk.role, request=clerk.request)
        row = Guardianship(
            person_id=person,
            guardianship_id=new_id(),
            guardian_id=guardian,
            kind=asked.kind,
            recipient=recipient,
            consent_id=consent,
            may_enter=may_enter,
            proof=asked.proof,
            proof_sha256=asked.proof_sha256,
            starts_at=now,
            ends_at=end_of_day(until, self._zone),
            recorded_by=clerk.actor,
            may_points=may_points,
        )
        with self._store.begin(self._recording(person, clerk)) as uow:
            uow.family.add(row)
            uow.audit.add("guardian", f"Guardianship/{row.guardianship_id}", person, count=1)
            uow.commit()
        return row

    def agree_for(
        self, person: UUID, purpose: str, row: Guardianship, clerk: Clerk, *, child_agrees: bool = False
    ) -> str:
        """Records what a representative agrees to on behalf of a child, one purpose at a time; it ends with the row.

        child_agrees: the young person was asked and said yes, which is needed from the age of own_consent on.
        """
        if purpose not in CITY_PURPOSES or not RULES.kinds[row.kind].minor:
            raise Invalid("a representative cannot agree to this for somebody", field="purpose")
        self._living(row)
        known = self._identity(person, clerk)
        choice = Choice(
            known.patient_id,
            [self._recipient],
            [purpose],
            None,
            self._clock.now(),
            self._recipient,
            TEXT_VERSION,
            "counter",
            until=self._last(row),
            performer=row.recipient,
            scan=row.proof_sha256,
            also=[f"Patient/{known.patient_id}"] if child_agrees else [],
        )
        return self._record(
            person, build(choice, self._zone), actor=clerk.actor, role=clerk.role, request=clerk.request
        )

    def end(self, person: UUID, identity: UUID, clerk: Clerk) -> None:
        """Ends a representation now; every read that begins after this sees nothing. Twice is once.

        What the same person was given twice ends together: with it goes all that they agreed to for the person.
        """
        with self._store.begin(self._recording(person, clerk)) as uow:
            row = uow.family.guardianship(person, identity)
            if row is None:
                raise NotFound("no such representation")
            consent, guardian = row.consent_id, row.guardian_id
            uow.commit()
        self._withdraw(person, consent, actor=clerk.actor, role=clerk.role, request=clerk.request)
        now = self._clock.now()
        with self._store.begin(self._recording(person, clerk)) as uow:
            for each in uow.family.guardians_of(person):
                if each.guardian_id == guardian and each.revoked_at is None:
                    each.revoked_at, each.ends_at = now, min(each.ends_at, now)
                    uow.family.add(each)
                    uow.audit.add("guardian-ended", f"Guardianship/{each.guardianship_id}", person, count=1)
            uow.commit()

    def hide(self, person: UUID, kinds: Sequence[str], clerk: Clerk) -> str:
        """Hides kinds of data from all who act for a young person who asks for it at the counter."""
        known = self._identity(person, clerk)
        now = self._clock.now()
        if not may_hide(known.birth_date, day_at(now, self._zone)):
            raise Invalid("is too young to decide alone", field="person")
        source = Source(TEXT_VERSION, "counter")
        resource = own_wish(
            known.patient_id, kinds, source, at=now, organization=self._recipient, zone=self._zone
        )
        return self._record(person, resource, actor=clerk.actor, role=clerk.role, request=clerk.request)

    def join_class(self, person: UUID, code: str, row: Guardianship, clerk: Clerk) -> str:
        """Lets a child's days count in a class until the end of the school year, by the consent of the guardian."""
        group = f"Group/{checked_class(code)}"
        self._living(row)
        now = self._clock.now()
        last = min(school_year_end(day_at(now, self._zone)), self._last(row))
        choice = Choice(
            self._identity(person, clerk).patient_id,
            [group],
            ["family"],
            ["child"],
            now,
            self._recipient,
            TEXT_VERSION,
            "counter",
            until=last,
            performer=row.recipient,
        )
        consent = self._record(
            person, build(choice, self._zone), actor=clerk.actor, role=clerk.role, request=clerk.request
        )
        with self._store.begin(self._recording(person, clerk)) as uow:
            member = uow.family.member(person, code) or ClassMember(
                person_id=person, class_code=code, consent_id=consent, joined_at=now
            )
            member.consent_id, member.left_at = consent, None
            uow.family.add(member)
            uow.audit.add("class", f"Group/{code}", person, count=1)
            uow.commit()
        return consent

    def of_person(self, person: UUID, *, actor: str, request: str) -> list[tuple[Guardianship, str]]:
        """Who acts or acted for a person, with their names where they are known; for the person."""
        with self._store.begin(resident(person, actor, request)) as uow:
            rows = list(uow.family.guardians_of(person))
            uow.audit.add("read", "Guardianship", person, count=len(rows))
            uow.commit()
        return [(row, row.recipient.removeprefix("Patient/")) for row in rows]

    def recorded(self, person: UUID, clerk: Clerk) -> list[Guardianship]:
        """Who acts or acted for a person, newest first; for the counter."""
        with self._store.begin(self._recording(person, clerk)) as uow:
            rows = list(uow.family.guardians_of(person))
            uow.audit.add("read", "Guardianship", person, count=len(rows))
            uow.commit()
        return rows

    def acting_for(self, guardian: UUID, *, actor: str, request: str) -> list[Acting]:
        """For whom somebody acts now; each look is on the record of the one it is about."""
        with self._store.begin(resident(guardian, actor, request)) as uow:
            rows = list({row.person_id: row for row in uow.family.guarded_by(guardian)}.values())
            found = [
                self._acting(uow, guardian, row.person_id, row.recipient, actor, request) for row in rows
            ]
            uow.commit()
        return [one for one in found if one is not None]

    def acting(self, guardian: UUID, person: UUID, *, actor: str, request: str) -> Acting:
        """The right to act for one person now. Raises NotFound: no right and no such person look the same."""
        with self._store.begin(resident(guardian, actor, request)) as uow:
            rows = [row for row in uow.family.guarded_by(guardian) if row.person_id == person]
            found = self._acting(uow, guardian, person, rows[0].recipient, actor, request) if rows else None
            uow.commit()
        if found is None:
            raise NotFound("no such person")
        return found

    def entering(self, guardian: UUID, person: UUID, *, actor: str, request: str) -> Acting:
        """The right to enter something for one person now. Raises NotAllowed for somebody who may only look."""
        found = self.acting(guardian, person, actor=actor, request=request)
        if not found.may_enter:
            raise NotAllowed("view-only")
        return found

    def log(self, acting: Acting, limit: int = 200, day: date | None = None) -> list[AuditRow]:
        """What guardians did with a person's record, newest first, for one of them."""
        person = acting.person.person_id
        with self._store.begin(acting.access) as uow:
            rows = uow.audit.of_person(person, limit, day, self._zone.key)
            uow.audit.add("read", "AuditEvent", person, count=len(rows))
            uow.commit()
        return rows

    def _acting(
        self, uow: UnitOfWork, guardian: UUID, person: UUID, recipient: str, actor: str, request: str
    ) -> Acting | None:
        """What the door lets this guardian see now: their own row and the person, or nothing."""
        access = Access("resident", actor, recipient, "family", request, person)
        uow.switch(access)
        row, known = uow.family.acting(guardian, person), uow.people.get(person)
        if row is None or known is None:
            return None
        lines = uow.consents.lines(person)
        now = self._clock.now()
        today = day_at(now, self._zone)
        seen = frozenset(
            kind
            for kind in RULES.seen
            if decide_rows(lines, Request(str(person), recipient, "family", kind, today), now).permit
        )
        uow.audit.add("act", "Patient", person, count=1)
        return Acting(access, known, row.kind, row.may_enter, row.ends_at, seen, row.may_points)

    def _identity(self, person: UUID, clerk: Clerk) -> Person:
        access = Access(clerk.role, clerk.actor, self._recipient, "register", clerk.request, person)
        with self._store.begin(access) as uow:
            known = uow.people.get(person)
            uow.audit.add("read", "Patient", person, count=int(known is not None))
            uow.commit()
        if known is None:
            raise NotFound("no such person")
        return known

    def _living(self, row: Guardianship) -> None:
        """Refuses somebody whose representation is over."""
        if row.ends_at <= self._clock.now():
            raise Invalid("is over", field="guardianship")

    def _last(self, row: Guardianship) -> date:
        """The last day of a representation; its end is the instant at which the next day begins."""
        return day_at(row.ends_at - timedelta(microseconds=1), self._zone)

    def _recording(self, person: UUID, clerk: Clerk) -> Access:
        return Access(clerk.role, clerk.actor, self._recipient, "consent", clerk.request, person)


def _of_age(born: date, today: date) -> bool:
    return years_on(born, today) >= RULES.majority
