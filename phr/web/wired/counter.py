"""The counter over the services: identities, one-time links, and representations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import segno
from markupsafe import Markup

from phr.domain.access import Access
from phr.domain.agreeing import who_agrees
from phr.domain.days import day_at
from phr.domain.family.ages import years_on
from phr.domain.family.guardianship import RULES, Asked
from phr.errors import Invalid, NotFound
from phr.ids import person_id
from phr.services.family import Clerk
from phr.web.ports import Session
from phr.web.ports.counter import NewRepresentative
from phr.web.sessions import WebSession, held
from phr.web.views.counter import CounterHit, CounterPerson, CounterSearch, Link, Representative
from phr.web.wired.parts import Area, together

_HOURS: Final = 12
_MOST: Final = 30


class CounterArea(Area):
    """What the counter does for somebody who stands there."""

    @together
    def counter_search(self, session: Session, name: str) -> CounterSearch:
        """People whose name or kana begins so; that they were found is on their record."""
        one = held(session)
        found = self._system.register.find(name, actor=one.subject, role=one.role, request=one.request)[
            :_MOST
        ]
        hits = []
        for person, _name, _kana, _born in found:
            hits.append(_hit(self._system.register.known(person, _register(one))))
        return CounterSearch(name, tuple(hits))

    @together
    def counter_person(self, session: Session, patient: str) -> CounterPerson:
        """One person, and who acts for them."""
        one = held(session)
        known = self._system.register.known(person_id(patient), _register(one))
        rows = self._system.guardians.recorded(known.person_id, _clerk(one))
        listed = self._parts.directory.named(
            (row.recipient.removeprefix("Patient/") for row in rows), request=one.request
        )
        today = self._parts.today()
        return CounterPerson(
            _hit(known),
            tuple(
                Representative(
                    str(row.guardianship_id),
                    listed[number].display if number in listed else number,
                    row.kind,
                    day_at(row.starts_at, self._parts.zone),
                    day_at(row.ends_at - timedelta(microseconds=1), self._parts.zone),
                    row.may_enter,
                    row.may_points,
                    ended=row.ends_at <= self._parts.now(),
                )
                for row in rows
                for number in [row.recipient.removeprefix("Patient/")]
            ),
            {name: kind.proofs for name, kind in RULES.kinds.items()},
            minor=known.birth_date is not None and years_on(known.birth_date, today) < RULES.majority,
            today=today,
        )

    def counter_link(self, session: Session, patient: str) -> CounterPerson:
        """The page with a new one-time link."""
        one = held(session)
        view = self.counter_person(session, patient)
        person, number = person_id(patient), view.hit.patient
        self._system.accounts.ensure(
            number,
            "resident",
            recipient=f"Patient/{number}",
            display=view.hit.name,
            person=person,
            request=one.request,
        )
        code = self._system.accounts.link(number, one.request)
        address = f"{self._parts.settings.base_url}/sign-in?token={code}"
        drawn = segno.make(address, error="m", micro=False)
        picture = Markup(drawn.svg_inline(scale=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704 - of our own link
        return replace(view, link=Link(address, code, picture, _HOURS))

    def add_representative(self, session: Session, patient: str, new: NewRepresentative) -> None:
        """Record who acts for somebody; the number and the birth date of who will act must fit together."""
        one = held(session)
        holder = self._system.register.known(person_id(new.patient), _register(one))
        if holder.birth_date != new.born:
            raise NotFound("no such record with this birth date")
        person, clerk = person_id(patient), _clerk(one)
        asked = Asked(new.kind, new.proof, new.copy, new.until)
        if new.agreed and not (new.kind in RULES.kinds and RULES.kinds[new.kind].minor):
            raise Invalid("only for a child", field="kind")
        born = self._system.register.known(person, _register(one)).birth_date
        if new.agreed and not new.child_agrees and who_agrees(born, self._parts.today()) != "guardian":
            raise Invalid("a young person of this age is asked too", field="agreed")
        row = self._system.guardians.record(
            person,
            holder.person_id,
            asked,
            clerk,
            may_enter=new.may_enter,
            may_points=new.may_points,
        )
        for purpose in new.agreed:
            self._system.guardians.agree_for(person, purpose, row, clerk, child_agrees=new.child_agrees)

    def end_representative(self, session: Session, patient: str, ident: str) -> None:
        """End it now."""
        try:
            row = UUID(ident)
        except ValueError:
            raise NotFound("no such representation") from None
        self._system.guardians.end(person_id(patient), row, _clerk(held(session)))


def _register(one: WebSession) -> Access:
    return one.access("register")


def _clerk(one: WebSession) -> Clerk:
    return Clerk(one.subject, one.request, "registrar")


def _hit(known: Any) -> CounterHit:
    return CounterHit(known.patient_id, known.name or known.patient_id, known.kana, known.birth_date)
