"""Reads FHIR documents for someone, for a purpose: the present version, an earlier one, and the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from phr.domain.access import Access
from phr.domain.fhir.history import Asked, Version
from phr.errors import Gone, NotFound
from phr.ids import person_id
from phr.store.audit import NOBODY
from phr.store.documents import Document
from phr.store.uow import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a history, newest first; more: whether another follows."""

    found: Sequence[Version]
    more: bool


class Reading:
    """Reads the documents of one city."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, kind: str, identity: str, access: Access) -> Document:
        """The present version. Raises Gone when it was deleted, NotFound when it is not there or not for this caller."""
        with self._store.begin(access) as uow:
            found = uow.documents.get(kind, identity)
            if found is None:
                self._refused(uow, "read", kind, identity)
            else:
                uow.audit.add("read", kind, found.person_id, categories=found.category, count=1)
            uow.commit()
        if found is None:
            raise NotFound(f"no such {kind}")
        if found.deleted:
            raise Gone("deleted")
        return found

    def version(self, kind: str, identity: str, version: int, access: Access) -> Version:
        """One version. What came before a deletion is for the person alone; a version in which it was deleted is Gone."""
        with self._store.begin(access) as uow:
            present = uow.documents.get(kind, identity)
            found = None if present is None else uow.documents.one_version(present, version)
            if found is None:
                self._refused(uow, "read", kind, identity)
            else:
                uow.audit.add("read", kind, found.person_id, categories=found.category, count=1)
            uow.commit()
        if present is None or found is None:
            raise NotFound("no such version")
        if found.deleted or (present.deleted and not _own(access, present.person_id)):
            raise Gone("deleted")
        return found

    def earlier(self, person: UUID, identity: str, access: Access) -> list[Version]:
        """What stood in the place of a measurement before corrections over FHIR, newest first."""
        with self._store.begin(access) as uow:
            found = uow.documents.earlier(person, "Observation", identity)
            kept = ",".join(sorted({one.category for one in found}))
            uow.audit.add("history", "Observation", person, categories=kept, count=len(found))
            uow.commit()
        return found

    def history(self, asked: Asked, access: Access) -> HistoryPage:
        """Versions, newest first. Raises NotFound for one document that is not there or not for this caller."""
        with self._store.begin(access) as uow:
            if asked.id:
                present = uow.documents.get(asked.kind, asked.id)
                person = asked.person if present is None else present.person_id
            else:
                present, person = None, asked.person
            missing = bool(asked.id) and present is None
            ask = replace(asked, person=person, own=_own(access, person))
            rows = [] if missing else uow.documents.versions(ask)
            if missing:
                self._refused(uow, "history", asked.kind, asked.id)
            else:
                kept = ",".join(sorted({one.category for one in rows[: asked.count]}))
                count = min(len(rows), asked.count)
                uow.audit.add("history", asked.kind or "record", person, categories=kept, count=count)
            uow.commit()
        if missing:
            raise NotFound(f"no such {asked.kind}")
        return HistoryPage(rows[: asked.count], len(rows) > asked.count)

    def _refused(self, uow: UnitOfWork, action: str, kind: str, identity: str) -> None:
        person = person_id(identity) if kind == "Patient" else NOBODY
        uow.audit.add(action, kind, person, outcome="refused", reason="not-found")


def _own(access: Access, person: UUID) -> bool:
    return access.role == "resident" and access.purpose == "self" and access.person == person
