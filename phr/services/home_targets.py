"""Goals for home blood pressure: set by a nurse under the consent to guidance, read by the person and the nurse."""

from __future__ import annotations

from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.documents import describe, parse
from phr.domain.home_target import Target, goal, identity, target_of
from phr.errors import NotFound
from phr.store.documents import Document
from phr.store.uow import Store

_CATEGORY: Final = "guidance"


class HomeTargets:
    """Keeps one goal for each person who has one."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone

    def of(self, person: UUID, access: Access) -> Target | None:
        """The goal of a person that this caller may see."""
        with self._store.begin(access.about(person)) as uow:
            found = uow.documents.get("Goal", identity(person))
            if found is not None:
                uow.audit.add("read", "Goal", person, categories=_CATEGORY, count=1)
            uow.commit()
        return None if found is None else target_of(parse(found.body.encode()))

    def put(self, person: UUID, target: Target | None, access: Access) -> None:
        """Sets the goal, or ends it. Raises Invalid, or NotFound for somebody whom this caller may not know."""
        now = self._clock.now()
        day = day_at(now, self._zone)
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            if known is None:
                raise NotFound("no such person")
            resource = goal(person, known.patient_id, target, day, access.recipient)
            described = describe(resource, self._zone, lambda: identity(person))
            version = uow.documents.version(person, "Goal", described.id) + 1
            uow.documents.put(
                Document(
                    person_id=person,
                    type="Goal",
                    id=described.id,
                    version=version,
                    deleted=False,
                    category=_CATEGORY,
                    day=day,
                    codes=described.codes,
                    labels=(),
                    status=resource["lifecycleStatus"],
                    low=None,
                    high=None,
                    updated_at=now,
                    body=described.stored_body(version, now),
                )
            )
            uow.audit.add("write", "Goal", person, categories=_CATEGORY, count=version)
            uow.commit()
