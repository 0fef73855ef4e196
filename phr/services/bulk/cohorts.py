"""Cohorts: Groups that one recipient keeps for its exports; of another's nobody learns that it exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.bulk.groups import shown, taken
from phr.domain.bulk.limits import limits
from phr.domain.documents import validate
from phr.domain.fhir.condition import only
from phr.domain.fhir.history import Asked, Version
from phr.domain.fhir.texts import dump, instant, parse
from phr.domain.fhir.types import NOBODY
from phr.errors import Gone, NotFound, Refused, Unmet
from phr.ids import new_id
from phr.store.cohorts import Cohort, Member
from phr.store.uow import Store, UnitOfWork

Unless = Callable[[Mapping[str, Any]], bool]
"""Whether a Group that is there makes a new one needless."""


class Cohorts:
    """Groups of this city's recipients."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(
        self, resource: dict[str, Any], access: Access, unless: Unless | None = None
    ) -> tuple[dict[str, Any], bool]:
        """Keeps a new Group, unless one fits; that Group, and whether it is new.

        Its members are taken as they are named: whether they exist is not said. Raises Invalid, Unmet where several
        fit, and Refused where this recipient keeps as many as it may.
        """
        with self._store.begin(access) as uow:
            uow.bulk.cohorts.lock(access.recipient)
            there = None if unless is None else _there(uow, unless)
            if there is None and uow.bulk.cohorts.count() >= limits().cohorts:
                raise Refused(f"at most {limits().cohorts} Groups are kept: remove one that is not needed")
            found = self._put(uow, str(new_id()), 1, resource, access) if there is None else there
            uow.commit()
        return found, there is None

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

    def remove(self, group_id: str, expected: int | None, access: Access) -> int:
        """Removes a Group, whose versions stay; its last version, 0 when there was none: twice is once, as FHIR has it."""
        with self._store.begin(access) as uow:
            present = uow.bulk.cohorts.get(group_id)
            if expected is not None and (present is None or present.version != expected):
                raise Unmet("the Group has another version")
            removed = uow.bulk.cohorts.remove(group_id, self._clock.now())
            uow.audit.add("erase", "Group", count=int(removed))
            uow.commit()
        return 0 if present is None or not removed else present.version + 1

    def version(self, group_id: str, version: int, access: Access) -> dict[str, Any]:
        """One version. Raises Gone for that with which it ended, and NotFound."""
        with self._store.begin(access) as uow:
            found = uow.bulk.cohorts.version(group_id, version)
            if found is None:
                uow.audit.add("read", "Group", outcome="refused", reason="not-found")
            else:
                uow.audit.add("read", "Group", count=len(found.members))
            uow.commit()
        if found is None:
            raise NotFound("no such version")
        if found.deleted:
            raise Gone("deleted")
        return _shown(found)

    def history(self, asked: Asked, access: Access) -> tuple[list[Version], bool]:
        """Versions, newest first, and whether more follow. A page ends early where its members become too many."""
        with self._store.begin(access) as uow:
            rows = uow.bulk.cohorts.versions(asked)
            shown: list[Version] = []
            members = 0
            for row in rows[: asked.count]:
                whole = row if row.deleted else uow.bulk.cohorts.peopled(row)
                members += len(whole.members)
                if shown and members > limits().members:
                    break
                shown.append(_version(whole))
            unknown = bool(asked.id) and not rows and asked.after is None and not _ever(uow, asked.id)
            if unknown:
                uow.audit.add("history", "Group", outcome="refused", reason="not-found")
            else:
                uow.audit.add("history", "Group", count=len(shown))
            uow.commit()
        if unknown:
            raise NotFound("no such Group")
        return shown, len(shown) < len(rows)


def _there(uow: UnitOfWork, unless: Unless) -> dict[str, Any] | None:
    """The one Group that fits."""
    found = only(one for one in map(_shown, uow.bulk.cohorts.listed()) if unless(one))
    uow.audit.add("search", "Group", count=int(found is not None))
    return found


def _version(cohort: Cohort) -> Version:
    text = dump(_shown(cohort))
    return Version(
        NOBODY,
        "Group",
        cohort.group_id,
        cohort.version,
        deleted=cohort.deleted,
        category="directory",
        day=cohort.updated_at.date(),
        updated_at=cohort.updated_at,
        body=text,
    )


def _ever(uow: UnitOfWork, group_id: str) -> bool:
    return bool(uow.bulk.cohorts.versions(Asked(NOBODY, own=False, kind="Group", id=group_id, count=1)))


def _known(uow: UnitOfWork, group_id: str) -> Cohort:
    """The Group. Raises Gone when it was removed, NotFound when it is not there or another's."""
    found = uow.bulk.cohorts.get(group_id)
    if found is None:
        if _ever(uow, group_id):
            raise Gone("deleted")
        raise NotFound("no such Group")
    return found


def _shown(cohort: Cohort) -> dict[str, Any]:
    body: Mapping[str, Any] = parse(cohort.body.encode())
    members = [(one.person_id, one.patient, one.inactive) for one in cohort.members]
    return shown(body, cohort.group_id, cohort.version, instant(cohort.updated_at), members)
