"""Identities: the Patient of a person, to those who may know them."""

from __future__ import annotations

from phr.domain.access import Access
from phr.errors import NotFound
from phr.ids import person_id
from phr.store.uow import Store


class Identities:
    """Reads Patients."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def patient(self, identity: str, access: Access) -> str:
        """The Patient's JSON. Raises NotFound when unknown, or not for this caller."""
        with self._store.begin(access) as uow:
            found = uow.documents.get("Patient", identity)
            if found is not None:
                uow.audit.add("read", "Patient", found.person_id, count=1)
            else:
                uow.audit.add("read", "Patient", person_id(identity), outcome="refused", reason="not-found")
            uow.commit()
        if found is None or found.deleted:
            raise NotFound("no such Patient")
        return found.body
