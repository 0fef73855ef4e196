"""Walks over many people, a few in each short transaction, so that no snapshot grows old."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from phr.domain.access import Access
from phr.store.audit import NOBODY
from phr.store.uow import Store


def wanting(store: Store, access: Access, kind: str) -> Iterator[UUID]:
    """Everybody who asked for messages of a kind, by id."""
    after = NOBODY
    while True:
        with store.begin(access) as uow:
            people = uow.addresses.wanting(kind, after)
            uow.commit()
        if not people:
            return
        yield from people
        after = people[-1]
