"""How a valid resource is filed: whose it is, in which category, on which day; and the version that is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from phr.domain.days import day_at
from phr.domain.documents import Described, describe, filed
from phr.domain.fhir.texts import dump, instant
from phr.domain.fhir.types import UNCLASSIFIED, kinds
from phr.domain.targets import target_of
from phr.errors import Invalid
from phr.ids import parse_observation_id, person_id
from phr.store.audit import NOBODY
from phr.store.documents import Document
from phr.store.uow import UnitOfWork

_REFERENCE: Final = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filed:
    """A described resource with the person and the category under which it is kept; NOBODY for the directory."""

    described: Described
    person: UUID
    category: str


def file(uow: UnitOfWork, resource: dict[str, Any], zone: ZoneInfo, identity: str, now: datetime) -> Filed:
    """Validates a resource and says whose it is. Raises Invalid, also where it must be about somebody and is not."""
    described = describe(resource, zone, lambda: identity)
    kind = kinds()[described.type]
    if described.low is None:  # without a time of its own it is of the day on which it was written
        described = replace(described, day=day_at(described.high or now, zone))
    category = filed(described)
    if kind.category == "by-target":
        person, category = _by_target(uow, described)
    elif described.subject:
        person = person_id(described.subject)
    elif kind.directory and not any(name in resource for name in kind.person):
        person = NOBODY
    else:
        place = f"{kind.name}.{kind.person[0]}" if kind.person else kind.name
        raise Invalid("expected a reference to a Patient", field=place)
    return Filed(described, person, category)


def _by_target(uow: UnitOfWork, described: Described) -> tuple[UUID, str]:
    """Of what it is about: one person, and the one category of it all; with several it is the person's alone."""
    people: set[UUID] = {person_id(described.subject)} if described.subject else set()
    categories: set[str] = {UNCLASSIFIED} if described.subject else set()
    for target in described.resource.get("target", []):
        match = _REFERENCE.fullmatch(str(target.get("reference", "")))
        if match is None or match.group(1) == "Patient":
            continue
        key = parse_observation_id(match.group(2)) if match.group(1) == "Observation" else None
        known = None if key is None else target_of(key.target)
        if key is not None and known is not None:
            people.add(key.person)
            categories.add(VITALS[known[0]].consent_category if known[0] in VITALS else UNCLASSIFIED)
            continue
        document = uow.documents.get(match.group(1), match.group(2))
        if document is not None and document.person_id != NOBODY:
            people.add(document.person_id)
            categories.add(document.category)
    if len(people) != 1:
        raise Invalid("must be about resources of one person", field=f"{described.type}.target")
    return people.pop(), categories.pop() if len(categories) == 1 else UNCLASSIFIED


def document(one: Filed, version: int, now: datetime) -> Document:
    """The version that is kept."""
    d = one.described
    return Document(
        person_id=one.person,
        type=d.type,
        id=d.id,
        version=version,
        deleted=False,
        category=one.category,
        day=d.day,
        codes=d.codes,
        labels=d.labels,
        status=d.status,
        low=d.low,
        high=d.high,
        updated_at=now,
        body=d.stored_body(version, now),
    )


def ended(present: Document, now: datetime) -> Document:
    """The version in which a document is deleted: its id, and nothing of what it said."""
    version = present.version + 1
    meta = {"versionId": str(version), "lastUpdated": instant(now)}
    body = dump({"resourceType": present.type, "id": present.id, "meta": meta})
    return replace(
        present, version=version, deleted=True, codes=(), labels=(), status="", updated_at=now, body=body
    )
