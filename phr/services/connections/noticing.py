"""Notices: what the cloud says has changed waits with its person until it is read; what is nobody's is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.cloud.notices import Notice
from phr.services.connections.desk import Desk


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of the notices of one delivery."""

    kept: int = 0
    repeated: int = 0
    unknown: int = 0


class Noticing:
    """Takes notices of one cloud. The signature was checked before."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __call__(self, notices: Sequence[Notice], *, request: str) -> Noted:
        """Keeps them for their people, whose connections are due at once. Nothing is read here."""
        desk, now = self._desk, self._desk.clock.now()
        hashes = {one.health_user_id: desk.vault.user_hashes(one.health_user_id) for one in notices}
        asked = sorted({each for several in hashes.values() for each in several})
        kept = repeated = unknown = 0
        with desk.store.begin(desk.access(request, actor="hook")) as uow:
            people = uow.connections.people_of(desk.provider, asked)
            for one in notices:
                mine = [person for each in hashes[one.health_user_id] for person in people.get(each, ())]
                unknown += not mine
                body = replace(one, health_user_id="").to_json()
                for person in mine:
                    uow.switch(desk.access(request, person, "hook"))
                    new = uow.connections.note(person, desk.provider, one.key, body, now)
                    uow.connections.wake(person, desk.provider, now)
                    kept, repeated = kept + new, repeated + (not new)
            uow.commit()
        return Noted(kept, repeated, unknown)
