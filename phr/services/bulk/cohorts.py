"""Cohorts: Groups that one recipient keeps for its exports; of another's nobody learns that it exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.bulk.groups import shown, taken
from phr.domain.documents import validate
from phr.domain.fhir.texts import instant, parse
from phr.errors import NotFound, Unmet
from phr.ids import new_id
from phr.store.cohorts import Cohort, Member
from phr.store.uow import Store, UnitOfWork


class Cohorts:
    """Groups of this city's recipients."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, resource: dict[str, Any], access: Access) -> dict[str, Any]:
        """Keeps a new Group. Its members are taken as they are named: whether they exist is not said. Raises Invalid."""
        with self._store.begin(access) as uow:
            found = self._put(uow, str(new_id()), 1, resource, access)
            uow.commit()
        return found

    def update(
        self, group_id: str, resource: dict[str, Any], expected: int | None, access: Access
    ) -> dict[str, Any]:
        """Puts another Group in its place. Raises NotFound, Invalid, and Unmet for a version that is not expected."""
        with self._store.begin(access) as uow:
            present = _known(uow, group_id)
            if expected is not None and present.version != expected:
                raise Unmet("the Group has another version")
            found = self._put(uow, group_id, present.version + 1, resource, access)
            uow.commit()
        return found

    def _put(
        self, uow: UnitOfWork, group_id: str, version: int, resource: dict[str, Any], access: Access
    ) -> dict[str, Any]:
        body, named = taken(resource)
        validate(resource)
        members = [Member(*one) for one in named]
        cohort = Cohort(group_id, access.recipient, version, self._clock.now(), body, members)
        uow.bulk.cohorts.put(cohort)
        uow.audit.add("write", "Group", count=len(members))
        return _shown(cohort)

    def read(self, group_id: str, access: Access) -> dict[str, Any]:
        """A Group. Raises NotFound."""
        with self._store.begin(access) as uow:
            found = _known(uow, group_id)
            uow.audit.add("read", "Group", count=len(found.members))
            uow.commit()
        return _shown(found)

    def listed(self, access: Access) -> list[dict[str, Any]]:
        """The Groups of this recipient, newest first."""
        with self._store.begin(access) as uow:
            found = uow.bulk.cohorts.listed()
            uow.audit.add("search", "Group", count=len(found))
            uow.commit()
        return [_shown(one) for one in found]

    def remove(self, group_id: str, access: Access) -> None:
        """Removes a Group; twice is once, as FHIR has it."""
        with self._store.begin(access) as uow:
            removed = uow.bulk.cohorts.remove(group_id)
            uow.audit.add("erase", "Group", count=int(removed))
            uow.commit()


def _known(uow: UnitOfWork, group_id: str) -> Cohort:
    found = uow.bulk.cohorts.get(group_id)
    if found is None:
        raise NotFound("no such Group")
    return found


def _shown(cohort: Cohort) -> dict[str, Any]:
    body: Mapping[str, Any] = parse(cohort.body.encode())
    members = [(one.person_id, one.patient, one.inactive) for one in cohort.members]
    return shown(body, cohort.group_id, cohort.version, instant(cohort.updated_at), members)
