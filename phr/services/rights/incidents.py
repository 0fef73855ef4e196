"""The register of leaks: what happened, who is concerned, which report is due when, its draft, and telling the people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.categories import CATEGORIES
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.rights_rules import Leak, Timer, must_report, rules, timers
from phr.errors import Conflict, Invalid, NotFound
from phr.ids import new_id
from phr.store.tables import Incident
from phr.store.uow import Store

STEPS: Final = ("preliminary", "persons", "final", "closed")
_LONGEST: Final = 2000
_FACTS: Final = ("cause", "done", "prevention", "secondary", "contact")
_TEMPLATE: Final = "incident.notice"


@dataclass(frozen=True, slots=True)
class Reported:
    """What the operator writes down."""

    title: str
    kind: str
    known_at: datetime
    persons: int
    categories: tuple[str, ...]
    encrypted: bool
    malicious: bool
    facts: dict[str, str] = field(default_factory=dict)
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Registered:
    """An incident with its clock."""

    row: Incident
    timers: tuple[Timer, ...]
    must_report: bool
    concerned: int
    untold: int


class Incidents:
    """The incidents of one city."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def record(self, told: Reported, *, actor: str, request: str) -> UUID:
        """Writes an incident down: from now on its clock runs. Raises Invalid with the field."""
        now = self._clock.now()
        _check(told, now)
        row = Incident(
            incident_id=new_id(),
            title=told.title.strip(),
            kind=told.kind,
            drill=told.drill,
            known_at=told.known_at.astimezone(UTC),
            persons=told.persons,
            categories=sorted(set(told.categories)),
            encrypted=told.encrypted,
            malicious=told.malicious,
            facts=dict(told.facts),
            recorded_by=actor,
            updated_at=now,
        )
        with self._store.begin(self._access(actor, request)) as uow:
            uow.incidents.put(row)
            uow.audit.add("incident", "recorded", count=told.persons)
            uow.commit()
        return row.incident_id

    def listed(self, *, actor: str, request: str) -> Sequence[Registered]:
        """All incidents, newest first."""
        with self._store.begin(self._access(actor, request)) as uow:
            found = [
                self._seen(
                    row,
                    uow.incidents.count_people(row.incident_id),
                    len(uow.incidents.untold(row.incident_id, 100_000)),
                )
                for row in uow.incidents.all()
            ]
            uow.commit()
        return found

    def one(self, incident: UUID, *, actor: str, request: str) -> Registered:
        """One incident."""
        for found in self.listed(actor=actor, request=request):
            if found.row.incident_id == incident:
                return found
        raise NotFound("no such incident")

    def due(self, *, actor: str = "incidents", request: str = "status") -> dict[str, int]:
        """How many reports are in time, soon and late, without drills: what the operator's first page counts."""
        counts = {"in-time": 0, "soon": 0, "late": 0}
        today = day_at(self._clock.now(), self._zone)
        for one in self.listed(actor=actor, request=request):
            if one.row.closed_at is None and not one.row.drill:
                for timer in one.timers:
                    if not timer.done:
                        counts[timer.tone(today)] += 1
        return counts

    def step(self, incident: UUID, what: str, *, actor: str, request: str) -> None:
        """Notes that a report was made, or closes. Raises Conflict when a report that is owed is missing."""
        if what not in STEPS:
            raise Invalid("must be one of the known steps", field="step")
        now = self._clock.now()
        with self._store.begin(self._access(actor, request)) as uow:
            row = uow.incidents.get(incident)
            if row is None:
                raise NotFound("no such incident")
            if what == "closed" and any(not one.done for one in timers(_leak(row), self._zone)):
                raise Conflict("a report that is owed was not made yet")
            name = {"preliminary": "preliminary_at", "persons": "told_at", "final": "final_at"}.get(
                what, "closed_at"
            )
            if getattr(row, name) is None:
                setattr(row, name, now)
            row.updated_at = now
            uow.incidents.put(row)
            uow.audit.add("incident", what)
            uow.commit()

    def concerned(
        self, incident: UUID, reader: str, since: date, until: date, *, actor: str, request: str
    ) -> int:
        """Notes as concerned everybody whose data an account reached from a day to a day, by the trail; how many there are."""
        if since > until:
            raise Invalid("must not be before the first day", field="until")
        first = datetime.combine(since, datetime.min.time(), self._zone)
        last = datetime.combine(date.fromordinal(until.toordinal() + 1), datetime.min.time(), self._zone)
        with self._store.begin(Access("operator", actor, self._recipient, "audit", request)) as uow:
            people = uow.incidents.read_by(reader, first, last)
            uow.audit.add("search", "AuditEvent", count=len(people))
            uow.commit()
        with self._store.begin(self._access(actor, request)) as uow:
            row = uow.incidents.get(incident)
            if row is None:
                raise NotFound("no such incident")
            known = uow.incidents.add_people(incident, people)
            row.persons, row.updated_at = max(row.persons, known), self._clock.now()
            uow.incidents.put(row)
            uow.commit()
        return known

    def tell(self, incident: UUID, *, actor: str, request: str) -> int:
        """Posts a message to everybody concerned who was not told; twice is once. Gives how many were posted."""
        told = 0
        while True:
            with self._store.begin(self._access(actor, request)) as uow:
                row = uow.incidents.get(incident)
                people = uow.incidents.untold(incident)
                uow.commit()
            if row is None:
                raise NotFound("no such incident")
            if not people:
                break
            for person in people:
                self._tell(row, person, actor, request)
            told += len(people)
        self.step(incident, "persons", actor=actor, request=request)
        return told

    def _tell(self, row: Incident, person: UUID, actor: str, request: str) -> None:
        """One person, in one transaction; a drill posts nothing to anybody."""
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "rights", request, person, actor)) as uow:
            if not row.drill and uow.people.get(person) is not None:
                key = f"incident:{row.incident_id}"
                uow.outbox.post(person, new_id(), "message", key, {"template": _TEMPLATE, "params": {}}, now)
            uow.switch(self._access(actor, request))
            uow.incidents.told(row.incident_id, person, now)
            uow.commit()

    def draft(self, incident: UUID, *, actor: str, request: str) -> str:
        """The text of the report to the PPC as far as it is known, to be completed by people."""
        found = self.one(incident, actor=actor, request=request)
        return report_text(found, self._zone)

    def _seen(self, row: Incident, concerned: int, untold: int) -> Registered:
        leak = _leak(row)
        return Registered(row, timers(leak, self._zone), must_report(leak), concerned, untold)

    def _access(self, actor: str, request: str) -> Access:
        return Access("operator", actor, self._recipient, "operate", request)


def report_text(found: Registered, zone: ZoneInfo) -> str:
    """The nine items of 規則 第43条 as a draft in Markdown; it names nobody."""
    row = found.row
    known = row.known_at.astimezone(zone)
    facts = {name: str(row.facts.get(name, "")).strip() or "（調査中）" for name in _FACTS}
    told = row.told_at.astimezone(zone).strftime("%Y-%m-%d") if row.told_at else "未実施（対象者へ通知予定）"
    lines = [
        "# 個人データの漏えい等報告書（案）",
        "",
        *(["**これは訓練です。報告しないでください。**", ""] if row.drill else []),
        f"1. 概要：{row.title}（{row.kind}、知った日時 {known:%Y-%m-%d %H:%M %Z}）",
        (
            f"2. 漏えい等が発生し、又は発生したおそれがある個人データの項目：{'、'.join(row.categories)}"
            "（要配慮個人情報を含む）"
        ),
        f"3. 本人の数：{max(row.persons, found.concerned)}人",
        f"4. 原因：{facts['cause']}",
        f"5. 二次被害又はそのおそれの有無及びその内容：{facts['secondary']}",
        f"6. 本人への対応の実施状況：{told}",
        "7. 公表の実施状況：（未定）",
        f"8. 再発防止のための措置：{facts['prevention']}",
        (
            f"9. その他参考となる事項：高度な暗号化 {'あり' if row.encrypted else 'なし'}、"
            f"不正の目的 {'あり' if row.malicious else 'なし'}、連絡先 {facts['contact']}"
        ),
        "",
        *(f"- {one.what}: {one.due.isoformat()}" for one in found.timers),
    ]
    return "\n".join(lines) + "\n"


def _leak(row: Incident) -> Leak:
    return Leak(
        row.known_at,
        row.persons,
        row.encrypted,
        row.malicious,
        row.preliminary_at is not None,
        row.told_at is not None,
        row.final_at is not None,
    )


def _check(told: Reported, now: datetime) -> None:
    good = {
        "title": 0 < len(told.title.strip()) <= 200,
        "kind": told.kind in rules().incident.kinds,
        "known_at": told.known_at.utcoffset() is not None and told.known_at <= now,
        "persons": 0 <= told.persons <= 10_000_000,
        "categories": bool(told.categories) and all(one in CATEGORIES for one in told.categories),
        "facts": all(name in _FACTS and len(text) <= _LONGEST for name, text in told.facts.items()),
    }
    for name, holds in good.items():
        if not holds:
            raise Invalid("is missing or not possible", field=name)
