"""Programmes as staff keep them: make one, add people, note who came and who left, lend and take back devices."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.programme_report import COHORTS, DEVICES, OUTCOMES
from phr.errors import Conflict, Invalid, NotFound
from phr.ids import person_id
from phr.store.tables import LentDevice, Person, Programme, ProgrammeMember, ProgrammeReport
from phr.store.uow import Store, UnitOfWork

MOST_AT_ONCE: Final = 5000
PAGE: Final = 50  # members that are looked at together
_MARKS: Final = ("enrolled", "completed", "withdrew")
_ENDS: Final = ("returned", "lost")


@dataclass(frozen=True, slots=True)
class Plan:
    """A programme as it is made; the primary outcome is named here and never changed."""

    name: str
    target: str
    starts: date
    ends: date
    primary: str
    by_threshold: bool = False
    years: tuple[tuple[int, int, int], ...] = ()
    """Years before: year, took part, invited."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a list of people. refused: not known here or without consent to guidance, in one count."""

    added: int
    known: int
    refused: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A programme as it is opened. members: those of one page, by kana."""

    programme: Programme
    counts: Mapping[str, int]
    members: Sequence[tuple[ProgrammeMember, Person]] = ()
    loans: Sequence[tuple[LentDevice, Person]] = ()
    reports: Sequence[ProgrammeReport] = field(default=())
    page: int = 1

    @property
    def seen(self) -> int:
        """Members who may be seen."""
        return sum(self.counts.values())

    @property
    def pages(self) -> int:
        """Pages of members; one when there is nobody."""
        return max(1, -(-self.seen // PAGE))

    @property
    def unseen(self) -> int:
        """Members who were recorded and may no longer be seen."""
        return max(0, int(self.programme.members) - self.seen)


class Programmes:
    """Programmes of one organisation. ``access`` is a nurse's, for the purpose guidance; every look is audited."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._key = key

    def make(self, plan: Plan, access: Access) -> UUID:
        """A new programme. Raises Invalid with the field that is wrong."""
        _check(plan)
        made = Programme(
            programme_id=uuid4(),
            recipient=access.recipient,
            name=plan.name.strip(),
            target=plan.target.strip(),
            by_threshold=plan.by_threshold,
            starts=plan.starts,
            ends=plan.ends,
            primary_outcome=plan.primary,
            years_before=[
                {"year": year, "took_part": took, "invited": of} for year, took, of in sorted(plan.years)
            ],
            made_by=access.actor,
            made_at=self._clock.now(),
        )
        key = made.programme_id
        with self._store.begin(access) as uow:
            uow.programmes.put(made)
            uow.audit.add("programme-made", "programme")
            uow.commit()
        return key

    def listed(self, access: Access) -> list[Overview]:
        """Programmes, newest first, with how many may be seen in each."""
        with self._store.begin(access) as uow:
            found = [Overview(one, uow.programmes.counts(one.programme_id)) for one in uow.programmes.all()]
            uow.audit.add("list", "programme", categories="guidance", count=len(found))
            uow.commit()
        return found

    def opened(self, programme: UUID, access: Access, page: int = 1) -> Overview:
        """One programme with a page of its members, loans and reports; each member shown is audited. Raises NotFound.

        A page beyond the last is the last.
        """
        with self._store.begin(access) as uow:
            rows = uow.programmes
            found = _found(uow, programme)
            made = Overview(
                found,
                rows.counts(programme),
                loans=rows.loans(programme),
                reports=rows.reports(programme),
            )
            page = min(page, made.pages)
            made = replace(made, page=page, members=rows.members(programme, PAGE, (page - 1) * PAGE))
            for member, _person in made.members:
                uow.audit.add("read", "programme-member", member.person_id, categories="guidance", count=1)
            uow.commit()
        return made

    def add(
        self, programme: UUID, people: Sequence[str], cohort: str, access: Access, on: date | None = None
    ) -> Added:
        """Adds people by their patient ids to a cohort. Whoever has not consented to guidance is refused and counted."""
        if cohort not in COHORTS:
            raise Invalid("not one of the cohorts", field="cohort")
        names = list(dict.fromkeys(one.strip() for one in people if one.strip()))
        if not 0 < len(names) <= MOST_AT_ONCE:
            raise Invalid(f"must be 1 to {MOST_AT_ONCE} people", field="people")
        added = known = refused = 0
        today = day_at(self._clock.now(), self._zone)
        with self._store.begin(access) as uow:
            found = _found(uow, programme, lock=True)
            for person in map(person_id, names):
                if uow.programmes.member(programme, person) is not None:
                    known += 1
                elif self._added(uow, programme, person, cohort, on or today):
                    added += 1
                else:
                    refused += 1
            found.members += added
            uow.programmes.put(found)
            uow.commit()
        return Added(added, known, refused)

    def _added(self, uow: UnitOfWork, programme: UUID, person: UUID, cohort: str, on: date) -> bool:
        """Whether the door let the row in; a refused one leaves nothing behind."""
        if uow.people.get(person) is None:
            return False
        row = ProgrammeMember(
            person_id=person,
            programme_id=programme,
            day=on,
            cohort=cohort,
            recorded_by=uow.access.actor,
            updated_at=self._clock.now(),
        )
        if not uow.programmes.admit(row):
            return False
        uow.audit.add("programme-joined", "programme-member", person, categories="guidance", count=1)
        return True

    def mark(self, programme: UUID, patient: str, what: str, on: date | None, access: Access) -> None:
        """Notes the day on which a member enrolled, completed or withdrew; None takes it back."""
        if what not in _MARKS:
            raise Invalid("not one of the choices", field="what")
        with self._store.begin(access) as uow:
            _found(uow, programme)
            member = uow.programmes.member(programme, person_id(patient))
            if member is None:
                raise NotFound("no such member")
            if on is not None and on < member.day:
                raise Invalid("is before the invitation", field="on")
            setattr(member, f"{what}_on", on)
            member.recorded_by, member.updated_at = access.actor, self._clock.now()
            uow.programmes.put(member)
            uow.audit.add(
                f"programme-{what}", "programme-member", member.person_id, categories="guidance", count=1
            )
            uow.commit()

    def lend(self, programme: UUID, patient: str, kind: str, serial: str, access: Access) -> UUID:
        """Lends a device to a member. Raises Conflict when it is with somebody already."""
        if kind not in DEVICES:
            raise Invalid("not one of the choices", field="kind")
        now = self._clock.now()
        row = LentDevice(
            person_id=person_id(patient),
            loan_id=uuid4(),
            programme_id=programme,
            day=day_at(now, self._zone),
            kind=kind,
            serial_hash=self._hash(serial),
            recorded_by=access.actor,
            updated_at=now,
        )
        key, person = row.loan_id, row.person_id
        with self._store.begin(access) as uow:
            found = _found(uow, programme, lock=True)
            if uow.programmes.member(programme, person) is None:
                raise NotFound("no such member")
            if uow.programmes.lent(row.serial_hash):
                raise Conflict("this device is lent already")
            uow.programmes.put(row)
            found.devices += 1
            uow.programmes.put(found)
            uow.audit.add("device-lent", "device", person, categories="guidance", count=1)
            uow.commit()
        return key

    def end_loan(self, programme: UUID, loan: UUID, how: str, access: Access) -> None:
        """A device came back, or is lost."""
        if how not in _ENDS:
            raise Invalid("not one of the choices", field="how")
        now = self._clock.now()
        with self._store.begin(access) as uow:
            row = uow.programmes.loan(loan)
            if row is None or row.programme_id != programme:
                raise NotFound("no such loan")
            if row.returned_on is not None:
                raise Conflict("it came back already")
            # What was lost and found again came back.
            row.lost_on = day_at(now, self._zone) if how == "lost" else None
            row.returned_on = day_at(now, self._zone) if how == "returned" else None
            row.recorded_by, row.updated_at = access.actor, now
            uow.programmes.put(row)
            uow.audit.add(f"device-{how}", "device", row.person_id, categories="guidance", count=1)
            uow.commit()

    def _hash(self, serial: str) -> str:
        """The keyed hash of a serial number as people type it: width, case and dashes do not matter."""
        plain = unicodedata.normalize("NFKC", serial).replace("-", "").replace(" ", "").upper()
        if not 3 <= len(plain) <= 60 or not plain.isalnum():
            raise Invalid("must be 3 to 60 letters and digits", field="serial")
        return hmac.digest(self._key, plain.encode(), "sha256").hex()


def _found(uow: UnitOfWork, programme: UUID, *, lock: bool = False) -> Programme:
    found = uow.programmes.get(programme, lock=lock)
    if found is None:
        raise NotFound("no such programme")
    return found


def _check(plan: Plan) -> None:
    problems: list[tuple[str, bool, str]] = [
        ("name", 0 < len(plan.name.strip()) <= 100, "must be 1 to 100 characters"),
        ("target", 0 < len(plan.target.strip()) <= 500, "must be 1 to 500 characters"),
        ("ends", plan.starts < plan.ends, "must be after the start"),
        ("primary", plan.primary in OUTCOMES, "not one of the outcomes"),
        ("years", len(plan.years) <= 10, "must be at most 10"),
        ("years", all(_year(one) for one in plan.years), "who took part are some of those invited"),
        ("years", len({one[0] for one in plan.years}) == len(plan.years), "a year appears twice"),
    ]
    for name, holds, problem in problems:
        if not holds:
            raise Invalid(problem, field=name)


def _year(given: tuple[Any, ...]) -> bool:
    year, took, invited = given
    return bool(1990 <= year <= 2100 and 0 <= took <= invited <= 10_000_000)
