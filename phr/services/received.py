"""Received: who already holds data of a person that cannot be called back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from phr.domain.access import resident
from phr.store.uow import Store


@dataclass(frozen=True, slots=True)
class Received:
    """One release that a person is in: to whom, when, and which variables it was approved for."""

    release_id: str
    recipient: str
    at: datetime
    variables: tuple[str, ...]


class ReceivedData:
    """Reads the releases that hold a person's data."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def by_others(self, person: UUID, *, actor: str, request: str) -> Sequence[Received]:
        """Releases, oldest first."""
        with self._store.begin(resident(person, actor, request)) as uow:
            rows = uow.releases.of_person(person)
            kept = {release_id: uow.releases.get(release_id) for release_id, _recipient, _at in rows}
            uow.audit.add("read", "release", person, count=len(rows))
            uow.commit()
        found = []
        for release_id, recipient, at in rows:
            release = kept[release_id]
            variables = () if release is None else tuple(release.protocol.get("variables", ()))
            found.append(Received(release_id, recipient, at, variables))
        return found
