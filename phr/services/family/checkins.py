"""Check-ins instead of telephone calls: the nurse sends one, a parent answers, and what is urgent reaches a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.grants import decide_rows
from consent.model import Request
from phr.clock import Clock
from phr.domain.access import Access, resident
from phr.domain.days import day_at
from phr.domain.documents import Described, describe, instant
from phr.domain.family import checkin as rules
from phr.domain.family.checkin import Filled, Urgency
from phr.errors import Conflict, Invalid, NotAllowed, NotFound
from phr.ids import new_id
from phr.store.tables import CheckIn, Person
from phr.store.uow import Store, UnitOfWork

OpenCase = Callable[[UnitOfWork, UUID, UUID, Urgency, Sequence[Mapping[str, str]]], None]
"""Opens a case for the nurses in a transaction: person, check-in, how urgent, and why in words."""
Keep = Callable[..., int]
"""Stores a document of a person as a delivery: person, document, actor, role, request; gives how many were refused."""


@dataclass(frozen=True, slots=True)
class Family:
    """A child with a guardian, as the nurse may see them; no name where the guardian does not share."""

    child: Person
    guardian: Person | None
    guardian_id: UUID


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer. reached: a nurse will see it; else the page says whom to call."""

    urgency: Urgency
    reached: bool


class CheckIns:
    """Check-ins of one city."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, keep: Keep, open_case: OpenCase
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._keep = keep
        self._open_case = open_case

    def families(self, access: Access) -> list[Family]:
        """The children whom this nurse guides, with their guardians."""
        found = []
        with self._store.begin(access) as uow:
            for row in uow.family.guided():
                child = uow.people.get(row.person_id)
                if child is not None:
                    uow.audit.add("list", "Guardianship", row.person_id, count=1)
                    found.append(Family(child, uow.people.get(row.guardian_id), row.guardian_id))
            uow.commit()
        return found

    def send(self, guardian: UUID, child: UUID, access: Access) -> UUID:
        """Sends a check-in. Raises NotAllowed where the guardian has not agreed to be guided."""
        now = self._clock.now()
        identity = new_id()
        with self._store.begin(access.about(guardian)) as uow:
            rows = [
                row for row in uow.family.guided() if (row.guardian_id, row.person_id) == (guardian, child)
            ]
            if not rows or uow.people.get(guardian) is None:
                uow.audit.add("send", "check-in", guardian, outcome="refused", reason="no-consent")
                uow.commit()
                raise NotAllowed("no-consent")
            if any(
                row.child_id == child and row.answered_at is None for row in uow.family.check_ins(guardian)
            ):
                raise Conflict("one is waiting for its answer")
            uow.family.add(
                CheckIn(
                    person_id=guardian,
                    check_in_id=identity,
                    child_id=child,
                    category="questionnaire",
                    day=day_at(now, self._zone),
                    form=rules.FORM.key,
                    sent_by=access.actor,
                    sent_at=now,
                )
            )
            uow.audit.add("send", "check-in", guardian, categories="questionnaire", count=1)
            uow.commit()
        return identity

    def sent(self, access: Access) -> list[CheckIn]:
        """The newest check-ins that this nurse may see."""
        with self._store.begin(access) as uow:
            rows = list(uow.family.sent())
            for row in rows:
                uow.audit.add("list", "check-in", row.person_id, categories="questionnaire", count=1)
            uow.commit()
        return rows

    def waiting(self, guardian: UUID, *, actor: str, request: str) -> list[CheckIn]:
        """The check-ins that somebody was sent, newest first."""
        with self._store.begin(resident(guardian, actor, request)) as uow:
            rows = list(uow.family.check_ins(guardian))
            uow.audit.add("read", "check-in", guardian, categories="questionnaire", count=len(rows))
            uow.commit()
        return rows

    def one(self, guardian: UUID, identity: UUID, *, actor: str, request: str) -> CheckIn:
        """One check-in of one's own."""
        with self._store.begin(resident(guardian, actor, request)) as uow:
            row = uow.family.check_in(guardian, identity)
            uow.commit()
        if row is None:
            raise NotFound("no such check-in")
        return row

    def answer(
        self,
        guardian: UUID,
        identity: UUID,
        chosen: Mapping[str, str],
        note: str,
        *,
        call: bool,
        actor: str,
        request: str,
        way: str = "app",
        role: str = "resident",
    ) -> Answered:
        """Stores an answer and brings it to a person when it asks for one.

        The words that speak of harm decide what the page says even where nothing may be stored.
        """
        person = self._open_one(guardian, identity, request)
        filled = rules.checked(chosen, note, call=call)
        urgency, reasons = rules.urgency(filled)
        now = self._clock.now()
        document = self._document(filled, person.patient_id, now)
        if self._keep(guardian, document, actor=actor, role=role, request=request):
            if urgency == "now":
                return Answered(urgency, reached=False)
            raise Invalid("collecting is not consented", field="consent")
        access = Access(role, actor, self._recipient, "collect", request, guardian)
        with self._store.begin(access) as uow:
            row = uow.family.check_in(guardian, identity, lock=True)
            if row is None:
                raise NotFound("no such check-in")
            row.answered_at, row.way, row.urgency = now, way, urgency
            uow.family.add(row)
            reached = True
            if urgency != "none":
                why = rules.told(filled, reasons)
                reached = self._case(uow, guardian, identity, urgency, why, request, now)
            uow.commit()
        return Answered(urgency, reached)

    def _case(
        self,
        uow: UnitOfWork,
        guardian: UUID,
        identity: UUID,
        urgency: Urgency,
        why: Sequence[Mapping[str, str]],
        request: str,
        now: datetime,
    ) -> bool:
        uow.switch(Access("system", "check-in", self._recipient, "guidance", request, guardian))
        asked = Request(str(guardian), self._recipient, "guidance", "questionnaire", day_at(now, self._zone))
        if not decide_rows(uow.consents.lines(guardian), asked, now).permit:
            return False
        self._open_case(uow, guardian, identity, urgency, why)
        return True

    def _open_one(self, guardian: UUID, identity: UUID, request: str) -> Person:
        """The one who answers, when the check-in is theirs and waits for its answer."""
        with self._store.begin(resident(guardian, "check-in", request)) as uow:
            row, person = uow.family.check_in(guardian, identity), uow.people.get(guardian)
            uow.commit()
        if row is None or person is None:
            raise NotFound("no such check-in")
        if row.answered_at is not None:
            raise Conflict("it was answered already")
        return person

    def _document(self, filled: Filled, patient: str, now: datetime) -> Described:
        resource = rules.response(filled, patient, instant(now))
        return describe(resource, self._zone, lambda: str(new_id()))
