"""Consents: record a version, withdraw, show; the grants change in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.build import withdraw as withdrawn_json
from consent.categories import CATEGORIES
from consent.fhir import read
from consent.grants import grants
from consent.model import Consent
from consent.profile import check
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.agreeing import by_others, check_way, last_stopped, purposes_of, shares
from phr.domain.days import day_at
from phr.domain.documents import dump, instant, parse
from phr.domain.fhir.condition import only
from phr.domain.subscriptions.topics import CONSENT_CHANGED
from phr.domain.withdrawal import audiences, closed, open_kinds
from phr.errors import Conflict, Invalid, NotFound, Unmet
from phr.ids import new_id
from phr.store.consent_effects import CalledBack, Effect
from phr.store.documents import Document
from phr.store.subscriptions import Happened
from phr.store.uow import Store, UnitOfWork

__all__ = ["CalledBack", "Changed", "Committed", "Consents", "Effect", "Fit", "Held", "Recorded"]
RECORDER_URL: Final = "urn:phr:consent-recorder"
Changed = Callable[[UnitOfWork, UUID], Mapping[str, int]]
"""What follows a new version in its own transaction: unit of work in the context of the consent, person -> what it
stopped, by kind."""
Committed = Callable[[UUID, str], Mapping[str, int]]
"""What follows the commit of a version that closed something: person, request -> what it took away, by kind."""
Fit = Callable[[UnitOfWork, UUID, Consent], None]
"""Refuses a consent that its performers may not give: unit of work, person, consent. Raises Invalid with the field."""
Unless = Callable[[dict[str, Any]], bool]
"""Whether a consent that is there makes a new one needless."""
_Open = dict[tuple[str, str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A consent that was recorded: its version, from when it counts, and who already holds data.

    at: an instant not before the commit; every read that begins after it obeys this version.
    """

    consent_id: str
    version: int
    status: str
    at: datetime
    releases: Sequence[tuple[str, str]]
    stopped: Mapping[str, int] = field(default_factory=dict)
    found: bool = False
    """Whether it was there, so that nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Held:
    """A version of a consent as it is kept."""

    consent: Consent
    version: int
    recorded_at: datetime
    resource: dict[str, Any]

    @property
    def recorder(self) -> str:
        """Who recorded it: role and account; empty for a version of before this was kept."""
        marks = [each for each in self.resource.get("extension") or [] if each.get("url") == RECORDER_URL]
        return str(marks[0]["valueString"]) if marks else ""


def _recorded(resource: dict[str, Any], access: Access) -> dict[str, Any]:
    """The resource with who recorded it: the account and its role, never a name; what a client says there is dropped."""
    others = [
        each
        for each in resource.get("extension") or []
        if not (isinstance(each, dict) and each.get("url") == RECORDER_URL)
    ]
    mark = {"url": RECORDER_URL, "valueString": f"{access.role}:{access.actor}"}
    return {**resource, "extension": [*others, mark]}


class Consents:
    """Keeps the consents of one city's people."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        changed: Changed | None = None,
        committed: Committed | None = None,
        fit: Fit | None = None,
    ) -> None:
        self._changed = changed
        self._committed = committed
        self._fit = fit
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def record(
        self,
        person: UUID,
        resource: dict[str, Any],
        *,
        actor: str,
        role: str,
        request: str,
        expected_version: int | None = None,
        unless: Unless | None = None,
        signed: date | None = None,
    ) -> Recorded:
        """Records a new consent or the next version of one. Raises Invalid with the field, Conflict when it changed.

        Both of these are asked of the person's consents under the lock of the person. unless: one that fits is given
        instead, Unmet for more. signed: the day of the sheet that is copied; Unmet where it was stopped on that day or since.
        """
        problems = [problem for problem in check(resource, self._zone) if problem.severity == "error"]
        if problems:
            raise Invalid(problems[0].problem, field=problems[0].field)
        access = Access(role, actor, self._recipient, "consent", request, person)
        with self._store.begin(access) as uow:
            uow.vitals.lock(person)
            known = uow.people.get(person)
            consent = read(resource, self._zone)
            if known is None or consent.patient != known.patient_id:
                raise NotFound("no such person")
            check_way(consent, role)
            if self._fit is not None:
                self._fit(uow, person, consent)
            there = self._there(uow, person, unless)
            if there is not None:
                return Recorded(
                    str(there.consent.id),
                    there.version,
                    str(there.consent.status),
                    there.recorded_at,
                    (),
                    found=True,
                )
            if signed is not None:
                self._refuse_stopped(uow, person, consent, signed)
            before = self._open(uow, person)
            recorded = self._put(uow, person, resource, expected_version)
            gone = closed(before, self._open(uow, person))
            stopped = dict(self._changed(uow, person)) if self._changed is not None else {}
            stopped = {kind: count for kind, count in stopped.items() if count}
            uow.consent_effects.note(person, recorded[0], recorded[1], stopped, self._clock.now())
            uow.commit()
        at = self._clock.now()
        if gone or stopped:
            stopped |= self._after(access, person, recorded, gone, at)
        return Recorded(*recorded, at, releases=self._releases(access), stopped=stopped)

    def _there(self, uow: UnitOfWork, person: UUID, unless: Unless | None) -> Held | None:
        """The one consent that fits a condition."""
        if unless is None:
            return None
        documents = uow.documents.of_person(person, "Consent")
        held = (self._held(one.version, one.updated_at, one.body) for one in documents)
        return only(one for one in held if unless(one.resource))

    def _refuse_stopped(self, uow: UnitOfWork, person: UUID, consent: Consent, signed: date) -> None:
        """A sheet that is copied late does not begin again what the resident has stopped on its day or since."""
        for document in uow.documents.of_person(person, "Consent"):
            versions = uow.documents.history("Consent", document.id)[::-1] if document.version > 1 else []
            held = [self._held(version, at, body) for version, _deleted, at, body in versions]
            days = [day_at(each.recorded_at, self._zone) for each in held]
            for purpose in purposes_of(consent):
                shared = (shares(each.consent, purpose) for each in held)
                stopped = last_stopped(list(zip(days, shared, strict=True)))
                if stopped is not None and stopped >= signed:
                    raise Unmet("it was stopped after the sheet was written")

    def _open(self, uow: UnitOfWork, person: UUID) -> _Open:
        """What each recipient may see today, for each purpose."""
        now, rows = self._clock.now(), uow.consents.lines(person)
        day = day_at(now, self._zone)
        return {
            (recipient, purpose): kinds
            for recipient, purpose in audiences(rows)
            if (kinds := open_kinds(rows, str(person), recipient, purpose, day, now))
        }

    def _after(
        self, access: Access, person: UUID, recorded: tuple[str, int, str], gone: _Open, at: datetime
    ) -> dict[str, int]:
        """After the commit: what has to go now goes, and each closed door is tried once from outside."""
        taken = dict(self._committed(person, access.request)) if self._committed is not None else {}
        now = self._clock.now()
        denied = all(
            not kinds & self.shared_kinds(person, Access("system", "probe", to, why, access.request, person))
            for (to, why), kinds in gone.items()
        )
        probed = self._clock.now()
        with self._store.begin(access) as uow:
            keep = uow.consent_effects
            keep.note(person, recorded[0], recorded[1], {kind: n for kind, n in taken.items() if n}, now)
            keep.note(person, recorded[0], recorded[1], {"committed": 1}, at)
            if denied:
                keep.note(person, recorded[0], recorded[1], {"denied": sum(map(len, gone.values()))}, probed)
            uow.commit()
        return taken

    def effects(self, person: UUID, access: Access) -> tuple[list[Effect], list[CalledBack]]:
        """What each version of the person's consents stopped, and which releases were called back."""
        with self._store.begin(access) as uow:
            found = uow.consent_effects.of_person(person), uow.consent_effects.called_back(person)
            uow.commit()
        return found

    def _put(
        self, uow: UnitOfWork, person: UUID, resource: dict[str, Any], expected: int | None
    ) -> tuple[str, int, str]:
        now = self._clock.now()
        identity = str(resource.get("id") or new_id())
        version = uow.documents.version(person, "Consent", identity)
        if expected is not None and expected != version:
            raise Conflict("the consent was changed meanwhile")
        stored = {
            **_recorded(resource, uow.access),
            "id": identity,
            "meta": {"versionId": str(version + 1), "lastUpdated": instant(now)},
        }
        consent = read(stored, self._zone)
        uow.documents.put(
            Document(
                person_id=person,
                type="Consent",
                id=identity,
                version=version + 1,
                deleted=False,
                category="consent",
                day=day_at(now, self._zone),
                codes=(),
                labels=(),
                status=str(consent.status),
                low=consent.date_time,
                high=None,
                updated_at=now,
                body=dump(stored),
            )
        )
        rows = grants(consent)
        # Those whom the version before named are told too: that a consent ended is for them.
        named = {one.recipient for one in (*uow.consents.lines(person), *rows) if one.consent_id == identity}
        uow.consents.replace(person, identity, rows)
        happened = Happened(person, CONSENT_CHANGED, f"Consent/{identity}", audience=sorted(named))
        uow.happenings.note([happened], now)
        action = "consent" if consent.status == "active" else "withdraw"
        uow.audit.add(action, f"Consent/{identity}", person, count=version + 1)
        return identity, version + 1, str(consent.status)

    def withdraw(
        self,
        person: UUID,
        consent_id: str,
        *,
        actor: str,
        role: str,
        request: str,
        expected_version: int | None = None,
    ) -> Recorded:
        """Withdraws a consent: counts for every read that begins after the answer. Twice is once."""
        held = self.one(person, consent_id, actor=actor, role=role, request=request)
        if held.consent.status != "active":
            access = Access(role, actor, self._recipient, "consent", request, person)
            return Recorded(
                consent_id, held.version, str(held.consent.status), held.recorded_at, self._releases(access)
            )
        resource = withdrawn_json(held.resource, self._clock.now(), self._zone)
        return self.record(
            person,
            resource,
            actor=actor,
            role=role,
            request=request,
            expected_version=expected_version or held.version,
        )

    def lapse(self, person: UUID, performer: str, *, actor: str, role: str, request: str) -> int:
        """Withdraws what somebody else agreed to for a person; gives how many consents."""
        given = [
            each
            for each in self.all(person, actor=actor, role=role, request=request)
            if each.consent.status == "active" and performer in by_others(each.consent)
        ]
        for each in given:
            self.withdraw(person, str(each.consent.id), actor=actor, role=role, request=request)
        return len(given)

    def one(self, person: UUID, consent_id: str, *, actor: str, role: str, request: str) -> Held:
        """The present version of one consent."""
        for held in self.all(person, actor=actor, role=role, request=request):
            if held.consent.id == consent_id:
                return held
        raise NotFound("no such consent")

    def all(self, person: UUID, *, actor: str, role: str, request: str) -> list[Held]:
        """The present versions of a person's consents, newest first."""
        access = Access(role, actor, self._recipient, "consent", request, person)
        with self._store.begin(access) as uow:
            documents = uow.documents.of_person(person, "Consent")
            uow.audit.add("read", "Consent", person, count=len(documents))
            uow.commit()
        return [self._held(document.version, document.updated_at, document.body) for document in documents]

    def history(self, person: UUID, consent_id: str, *, actor: str, role: str, request: str) -> list[Held]:
        """Every version of one consent, newest first."""
        access = Access(role, actor, self._recipient, "consent", request, person)
        with self._store.begin(access) as uow:
            versions = uow.documents.history("Consent", consent_id)
            uow.audit.add("history", f"Consent/{consent_id}", person, count=len(versions))
            uow.commit()
        if not versions:
            raise NotFound("no such consent")
        return [self._held(version, at, body) for version, _deleted, at, body in versions]

    def _held(self, version: int, at: datetime, body: str) -> Held:
        resource = parse(body.encode())
        return Held(read(resource, self._zone), version, at, resource)

    def shared(self, person: UUID, access: Access) -> dict[str, bool]:
        """For each kind of data whether this caller may see today's: what is not shared is said, not shown empty."""
        kinds = self.shared_kinds(person, access)
        return {category: category in kinds for category in CATEGORIES}

    def shared_kinds(self, person: UUID, access: Access) -> frozenset[str]:
        """The kinds of today's data that this caller may see."""
        with self._store.begin(access) as uow:
            rows = uow.consents.lines(person)
            uow.commit()
        now = self._clock.now()
        return open_kinds(rows, str(person), access.recipient, access.purpose, day_at(now, self._zone), now)

    def _releases(self, access: Access) -> list[tuple[str, str]]:
        """Who already received data that cannot be called back."""
        if access.person is None:
            return []
        with self._store.begin(access) as uow:
            found = uow.releases.of_person(access.person)
            uow.commit()
        return [(release, recipient) for release, recipient, _at in found]
