"""Hands the reports of guidance to the responsible insurer, for people who agreed to it; each one is audited and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.guidance.archive import archive_name, file_name, index, packed
from phr.domain.guidance.course import fold, live
from phr.domain.guidance.editions import edition_named
from phr.domain.guidance.events import Entry, Evaluated, Interviewed, event_of
from phr.domain.guidance.export_fhir import bundle
from phr.domain.guidance.export_xml import document
from phr.domain.guidance.report import Report, eight_digits, report_code, report_of, subject_of
from phr.errors import NotAllowed, Refused
from phr.store.tables import GuidanceCourse, GuidanceHandover, Person
from phr.store.uow import Store, UnitOfWork

RECIPIENT: Final = "Organization/insurer"
"""The insurer as consents name it; which one it is, the insurer number says."""
_PAGE: Final = 200
_INSURED: Final = "urn:phr:insured"


@dataclass(slots=True)
class Handed:
    """What was handed over: the archive, the FHIR documents by name, and who was left out and why (counts only)."""

    name: str
    archive: bytes = b""
    bundles: dict[str, bytes] = field(default_factory=dict)
    reports: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One hand-over: to whom, from whom, when."""

    insurer: str
    sender: str
    day: date
    sequence: int
    at: datetime

    def access(self, request: str, person: UUID | None = None) -> Access:
        return machine(RECIPIENT, "insurer", request, person, part="handover")


class Handover:
    """Makes the files for insurers."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, institution: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._institution = institution

    def name(self, insurer: str, sequence: int = 0) -> str:
        """The name that today's delivery will have. Raises Invalid, naming the insurer or sender number."""
        today = day_at(self._clock.now(), self._zone)
        return archive_name(self._institution, eight_digits(insurer), today, sequence)

    def export(
        self,
        insurer: str,
        year: int,
        *,
        request: str,
        sequence: int = 0,
        schemas: Mapping[str, bytes] | None = None,
    ) -> Handed:
        """The reports of courses for check-ups of one fiscal year. A later one of a course replaces the earlier by version.

        Raises: Invalid, naming the insurer or sender number when it is none; Refused when nobody is to be reported.
        """
        now = self._clock.now()
        to = _Delivery(
            eight_digits(insurer), self._institution, day_at(now, self._zone), sequence, now.astimezone(UTC)
        )
        made = Handed(archive_name(to.sender, to.insurer, to.day, sequence))
        documents: list[tuple[str, bytes]] = []
        after = UUID(int=0)
        while True:
            page = self._page(to, year, after, request)
            if not page:
                break
            after = page[-1]
            for course in page:
                self._one(course, to, made, documents, request)
        if not documents:
            raise Refused("nobody is to be reported: " + _counted(made.skipped))
        found = index(to.sender, to.insurer, to.day, len(documents))
        made.archive = packed(made.name, documents, found, schemas or {})
        return made

    def _page(self, to: _Delivery, year: int, after: UUID, request: str) -> Sequence[UUID]:
        first, last = date(year, 4, 1), date(year + 1, 3, 31)
        with self._store.begin(to.access(request)) as uow:
            rows = uow.courses.of_insurer(to.insurer, first, last, after, _PAGE)
            found = [row.course_id for row in rows]
            uow.commit()
        return found

    def _one(
        self, course: UUID, to: _Delivery, made: Handed, documents: list[tuple[str, bytes]], request: str
    ) -> None:
        """One report in a transaction of its own, so that a consent withdrawn a moment ago counts."""
        with self._store.begin(to.access(request)) as uow:
            row = uow.courses.get(course)
            person = None if row is None else uow.people.get(row.person_id)
            if row is None or person is None:
                made.skipped["not-shared"] += 1
                return
            name = file_name(to.sender, to.day, to.sequence, len(documents) + 1)
            try:
                report, body = self._reported(uow, row, person, to, name)
            except (Refused, NotAllowed) as reason:
                word = str(reason) if isinstance(reason, Refused) else "not-shared"
                made.skipped[word] += 1
                uow.audit.add("handover", "guidance-course", row.person_id, outcome="refused", reason=word)
                uow.commit()
                return
            uow.audit.add(
                "handover", "guidance-course", row.person_id, categories="checkup,guidance", count=1
            )
            uow.commit()
        documents.append((name, body))
        made.reports[report.code] += 1
        stem = name.removesuffix(".xml")
        made.bundles[f"{stem}.json"] = orjson.dumps(bundle(report, to.at), option=orjson.OPT_INDENT_2)

    def _reported(
        self, uow: UnitOfWork, row: GuidanceCourse, person: Person, to: _Delivery, name: str
    ) -> tuple[Report, bytes]:
        if eight_digits(person.insurer_no) != to.insurer:
            raise Refused("another-insurer")
        entries = _entries(uow, row)
        course = fold(entries)
        if not report_code(course):
            raise Refused("not-begun")
        held = uow.courses.handovers(row.course_id)
        same = bool(held) and held[-1].course_version == row.version
        number = held[-1].number if same else len(held) + 1
        report = report_of(
            course,
            _licences(entries),
            edition_named(course.edition),
            _subject(uow, person),
            ident=row.course_id,
            version=number,
            made=to.day,
            institution=to.sender,
        )
        body = document(report)
        if not same:
            uow.courses.hand_over(
                GuidanceHandover(
                    person_id=row.person_id,
                    course_id=row.course_id,
                    number=number,
                    category="guidance",
                    day=to.day,
                    insurer_no=to.insurer,
                    course_version=row.version,
                    name=name,
                    sha256=sha256(body).hexdigest(),
                    at=to.at,
                )
            )
        return report, body


def _entries(uow: UnitOfWork, row: GuidanceCourse) -> tuple[Entry, ...]:
    rows = uow.courses.events(row.course_id)
    if len(rows) != row.version:
        raise NotAllowed("a part of the course is not shared")
    return tuple(Entry(one.version, one.at, one.actor, one.licence, event_of(one.body)) for one in rows)


def _licences(entries: Sequence[Entry]) -> dict[str, str]:
    """Who led the interview and who evaluated, by licence; the last of each counts."""
    found: dict[str, str] = {}
    for entry in live(entries):
        if isinstance(entry.event, Interviewed):
            found["interview"] = entry.licence
        elif isinstance(entry.event, Evaluated):
            found["evaluation"] = entry.licence
    return found


def _subject(uow: UnitOfWork, person: Person) -> Any:
    """The person as the insurance card says, from the Patient."""
    kept = uow.documents.get("Patient", person.patient_id)
    resource: dict[str, Any] = {} if kept is None else orjson.loads(kept.body)
    cards = [
        str(one.get("value", "")) for one in resource.get("identifier", []) if one.get("system") == _INSURED
    ]
    postal = next((str(one.get("postalCode", "")) for one in resource.get("address", [])), "")
    insured = next(iter(cards), "")
    return subject_of(insured, person.kana, person.sex, person.birth_date, postal)


def _counted(skipped: Counter[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(skipped.items())) or "no course"
