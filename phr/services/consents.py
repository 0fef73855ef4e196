"""Consents: record a version, withdraw, show; the grants change in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.build import withdraw as withdrawn_json
from consent.categories import CATEGORIES
from consent.fhir import read
from consent.grants import GrantRow, decide_rows, grants
from consent.model import Consent, Request
from consent.profile import check
from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.documents import dump, instant, parse
from phr.errors import Conflict, Invalid, NotFound
from phr.ids import new_id
from phr.store.documents import Document
from phr.store.uow import Store, UnitOfWork

Changed = Callable[[UnitOfWork, UUID], None]
"""What follows a new version in its own transaction: unit of work in the context of the consent, person."""


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


@dataclass(frozen=True, slots=True)
class Held:
    """A version of a consent as it is kept."""

    consent: Consent
    version: int
    recorded_at: datetime
    resource: dict[str, Any]


class Consents:
    """Keeps the consents of one city's people."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, changed: Changed | None = None
    ) -> None:
        self._changed = changed
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
    ) -> Recorded:
        """Records a new consent or the next version of one. Raises Invalid with the field, Conflict when it changed."""
        problems = [problem for problem in check(resource, self._zone) if problem.severity == "error"]
        if problems:
            raise Invalid(problems[0].problem, field=problems[0].field)
        access = Access(role, actor, self._recipient, "consent", request, person)
        with self._store.begin(access) as uow:
            uow.vitals.lock(person)
            known = uow.people.get(person)
            if known is None or read(resource, self._zone).patient != known.patient_id:
                raise NotFound("no such person")
            recorded = self._put(uow, person, resource, expected_version)
            if self._changed is not None:
                self._changed(uow, person)
            uow.commit()
        return Recorded(*recorded, self._clock.now(), releases=self._releases(access))

    def _put(
        self, uow: UnitOfWork, person: UUID, resource: dict[str, Any], expected: int | None
    ) -> tuple[str, int, str]:
        now = self._clock.now()
        identity = str(resource.get("id") or new_id())
        version = uow.documents.version(person, "Consent", identity)
        if expected is not None and expected != version:
            raise Conflict("the consent was changed meanwhile")
        stored = {
            **resource,
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
        uow.consents.replace(person, identity, grants(consent))
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
        now = self._clock.now()
        with self._store.begin(access) as uow:
            rows: list[GrantRow] = uow.consents.lines(person)
            uow.commit()
        today = day_at(now, self._zone)
        return {
            category: decide_rows(
                rows, Request(str(person), access.recipient, access.purpose, category, today), now
            ).permit
            for category in CATEGORIES
        }

    def _releases(self, access: Access) -> list[tuple[str, str]]:
        """Who already received data that cannot be called back."""
        if access.person is None:
            return []
        with self._store.begin(access) as uow:
            found = uow.releases.of_person(access.person)
            uow.commit()
        return [(release, recipient) for release, recipient, _at in found]
