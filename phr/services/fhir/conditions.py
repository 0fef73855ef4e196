"""Which present resources of a person fit a condition; asked under the lock of that person, so nobody is quicker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.access import Access
from phr.domain.fhir.texts import parse
from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch import matches
from phr.errors import Invalid
from phr.ids import parse_observation_id
from phr.services.fhir.changes import Change
from phr.store.documents import Document
from phr.store.uow import UnitOfWork

Find = Callable[[UnitOfWork, str, UUID], Iterator[Document]]
"""The Observations of a person, of either form, that fit a condition: unit of work, condition, person."""
_NAMING: Final = frozenset({"identifier", "_id"})
_WHOSE: Final = frozenset({"patient", "subject"})


def held(
    uow: UnitOfWork, kind: str, condition: str, person: UUID, zone: ZoneInfo, observations: Find
) -> Iterator[Document]:
    """A person's resources of a type that fit a condition and that this context sees, one after another."""
    _refuse_probing(uow.access, kind, condition)
    if kind == "Observation":
        yield from observations(uow, condition, person)
        return
    for one in uow.documents.of_person(person, kind):
        if matches(kind, condition, parse(one.body.encode()), zone):
            yield one


def fitting(
    uow: UnitOfWork, change: Change, person: UUID, zone: ZoneInfo, observations: Find
) -> list[Document]:
    """Those that a change means, two at most: more than one is an error whatever their number."""
    found: list[Document] = []
    for one in held(uow, change.kind, change.condition, person, zone, observations):
        if change.admits("s", parse(one.body.encode())):
            found.append(one)
            if len(found) > 1:
                break
    return found


def measured(person: UUID, identity: str, category: str, body: bytes) -> Document:
    """What was measured as a document is: its version and its text; what columns say beside it stays empty."""
    meta = parse(body)["meta"]
    at = datetime.fromisoformat(meta["lastUpdated"])
    return Document(
        person_id=person,
        type="Observation",
        id=identity,
        version=int(meta["versionId"]),
        deleted=False,
        category=category,
        day=at.date(),
        codes=(),
        labels=(),
        status="",
        low=None,
        high=None,
        updated_at=at,
        body=body.decode(),
    )


def is_measured(kind: str, identity: str) -> bool:
    """Whether an id is the service's own, of what was measured."""
    return kind == "Observation" and parse_observation_id(identity) is not None


def _refuse_probing(access: Access, kind: str, condition: str) -> None:
    """Who only delivers asks for what they can name: whether something fits would tell what it says."""
    if access.purpose != "collect" or kinds()[kind].directory:
        return
    names = {name for name, _value in parse_qsl(condition, keep_blank_values=True)}
    if not names & _NAMING or names - _NAMING - _WHOSE:
        raise Invalid("a condition of who delivers names an identifier, and nothing else", field="identifier")
