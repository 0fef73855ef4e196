"""Requests as those see them who answer them; incidents and provisions for operators; the public page of privacy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from phr.domain.access import Access
from phr.domain.rights_rules import rules
from phr.errors import Invalid
from phr.ids import person_id
from phr.services.rights.incidents import Reported
from phr.services.rights.requests import Asked
from phr.web.ports import Session
from phr.web.sessions import held
from phr.web.views.documents import (
    IncidentLine,
    Incidents,
    Privacy,
    ProvisionLine,
    Provisions,
    RightsWork,
    TimerLine,
)
from phr.web.wired.documents import ident_of, request_line
from phr.web.wired.parts import Area, together

CHECKS: Final = (
    ("consent", "yes", "docs/explanation/consent.md"),
    ("withdraw", "yes", "docs/explanation/consent.md"),
    ("delete", "yes", "docs/how-to/erase-an-account.md"),
    ("export", "yes", "docs/how-to/take-your-data.md"),
    ("log", "yes", "docs/how-to/verify-the-audit-trail.md"),
    ("third-party", "yes", "docs/how-to/handle-a-request.md"),
    ("leak", "yes", "docs/how-to/report-a-leak.md"),
    ("end", "yes", "docs/how-to/end-the-service.md"),
    ("encryption", "partly", "docs/explanation/erasure.md"),
    ("certified", "city", "docs/explanation/threat-model.md"),
)
"""The self-check: what, whether it is so, and where it is explained. What only the city can say is "city"."""


class RightsStaff(Area):
    """Requests, incidents, provisions."""

    @together
    def rights_work(self, session: Session, notice: str) -> RightsWork:
        """What must be answered."""
        access = self._rights(session)
        undecided, decided = self._system.rights_requests.work(access)
        return RightsWork(
            open=tuple(request_line(one, self._whose(one.row.person_id, access)) for one in undecided),
            decided=tuple(request_line(one) for one in decided),
            today=self._parts.today(),
            notice=notice,
        )

    def rights_ask(
        self, session: Session, number: str, kind: str, text: str, *, as_whom: str, proof: str, proof_day: str
    ) -> None:
        """Records a request of the counter."""
        if not number.strip() or len(number) > 64:
            raise Invalid("give the number of the person", field="number")
        asked = Asked(kind, {"text": text.strip()}, as_whom, proof, _day(proof_day, "proof_day"))
        self._system.rights_requests.ask(person_id(number.strip()), asked, self._rights(session))

    def rights_step(self, session: Session, ident: str, step: str, text: str, until: str) -> None:
        """Takes, extends or decides."""
        number, access, requests = ident_of(ident), self._rights(session), self._system.rights_requests
        if step == "take":
            requests.take(number, access)
        elif step == "extend":
            last = _day(until, "until")
            if last is None:
                raise Invalid("give the new last day", field="until")
            requests.extend(number, last, text, access)
        else:
            requests.decide(number, step, text, access)

    @together
    def incidents_page(self, session: Session, notice: str) -> Incidents:
        """The register."""
        one, today = held(session), self._parts.today()
        found = self._system.incidents.listed(actor=one.subject, request=one.request)
        return Incidents(
            lines=tuple(_incident(each, today) for each in found),
            today=today,
            tell=rules().incident.tell,
            kinds=tuple(sorted(rules().incident.kinds)),
            notice=notice,
        )

    def incident_record(self, session: Session, form: Mapping[str, str], known: datetime) -> None:
        """Writes an incident down."""
        one = held(session)
        told = Reported(
            title=form.get("title", ""),
            kind=form.get("kind", ""),
            known_at=known.replace(tzinfo=self._parts.zone) if known.tzinfo is None else known,
            persons=int(form["persons"]) if form.get("persons", "").isdigit() else -1,
            categories=tuple(form.get("categories", "").split()),
            encrypted=form.get("encrypted") == "yes",
            malicious=form.get("malicious") == "yes",
            facts={"cause": form.get("cause", "")},
        )
        self._system.incidents.record(told, actor=one.subject, request=one.request)

    def incident_step(self, session: Session, ident: str, step: str) -> None:
        """Notes a report, tells the people, or closes."""
        one, incidents = held(session), self._system.incidents
        if step == "tell":
            incidents.tell(ident_of(ident), actor=one.subject, request=one.request)
        else:
            incidents.step(ident_of(ident), step, actor=one.subject, request=one.request)

    def incident_people(self, session: Session, ident: str, reader: str, since: date, until: date) -> int:
        """Finds whose data an account reached."""
        one = held(session)
        found: int = self._system.incidents.concerned(
            ident_of(ident), reader.strip(), since, until, actor=one.subject, request=one.request
        )
        return found

    def incident_report(self, session: Session, ident: str) -> str:
        """The draft for the authority."""
        one = held(session)
        text: str = self._system.incidents.draft(ident_of(ident), actor=one.subject, request=one.request)
        return text

    @together
    def provisions_page(self, session: Session) -> Provisions:
        """The log of provisions."""
        one = held(session)
        rows = self._system.provisions.listed(actor=one.subject, request=one.request)
        lines = tuple(
            ProvisionLine(row.at, row.kind, row.recipient, tuple(row.items), row.persons, row.basis)
            for row in rows
        )
        return Provisions(lines, rules().provision_years)

    def privacy(self) -> Privacy:
        """The public page."""
        settings, end = self._parts.settings, self._system.ending.known()
        return Privacy(
            recipient=settings.recipient,
            days=settings.rights_days,
            copy_days=settings.copy_keep_days,
            kept=tuple((one.what, one.years) for one in self._system.erasing.kept),
            checks=CHECKS,
            ends_on=None if end is None else end.ends_on,
            export_until=None if end is None else end.export_until,
        )

    def _rights(self, session: Session) -> Access:
        """The reason of those who answer requests."""
        one = held(session)
        return Access(one.role, one.subject, self._parts.settings.recipient, "rights", one.request)

    def _whose(self, person: Any, access: Access) -> str:
        """The name that a request belongs to; empty once the person is gone."""
        with self._system.store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            uow.commit()
        return "" if known is None else f"{known.name} {known.patient_id}"


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text.strip() else None
    except ValueError:
        raise Invalid("is no day", field=field) from None


def _incident(found: Any, today: date) -> IncidentLine:
    row = found.row
    return IncidentLine(
        ident=str(row.incident_id),
        title=row.title,
        kind=row.kind,
        known=row.known_at,
        persons=row.persons,
        concerned=found.concerned,
        untold=found.untold,
        categories=tuple(row.categories),
        encrypted=row.encrypted,
        malicious=row.malicious,
        drill=row.drill,
        closed=row.closed_at is not None,
        must_report=found.must_report,
        timers=tuple(TimerLine(one.what, one.due, one.tone(today)) for one in found.timers),
    )
