"""Finding people by kana, birth date or address, with those of the same household; every hit is audited (R9-8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.findable import address_key, birth_date, kana_key
from phr.errors import Invalid
from phr.services.worklist.rows import has_duty, masked, unmasked
from phr.store.tables import Person, WorkItem
from phr.store.uow import Store, UnitOfWork

_SPACE: Final = 32


@dataclass(frozen=True, slots=True)
class Found:
    """A person whom the nurse may know. address: empty when unknown or blocked; household: others who live there."""

    person: Person
    address: str
    blocked: bool
    household: Sequence[Person]
    cases: Sequence[WorkItem]


class Finding:
    """Searches among the people who share something with the nurse's organisation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, name: str, born: str, address: str, access: Access, limit: int = 20) -> list[Found]:
        """People who fit everything that was typed. Raises Invalid for nothing, or for a date that is none."""
        for field, typed in (("name", name), ("address", address)):
            if any(ord(sign) < _SPACE for sign in typed):
                raise Invalid("not plain text", field=field)
        day = birth_date(born) if born.strip() else None
        if born.strip() and day is None:
            raise Invalid("not a date", field="born")
        kana, place = kana_key(name), address_key(address)
        if not (kana or day or place):
            raise Invalid("type something to look for", field="name")
        with self._store.begin(access) as uow:
            people = uow.people.sought(kana, day, place, limit)
            duty = has_duty(uow)
            found = [self._found(uow, person, duty=duty) for person in people]
            for hit in found:
                uow.audit.add("search", "Patient", hit.person.person_id, count=1)
                for other in hit.household:
                    uow.audit.add("search", "Patient", other.person_id, count=1)
            if not found:
                uow.audit.add("search", "Patient", outcome="ok", reason="nobody")
            uow.commit()
        return found

    def _found(self, uow: UnitOfWork, person: Person, *, duty: bool) -> Found:
        blocked = person.guarded and not duty
        lives = None if blocked else uow.people.address(person.person_id)
        return Found(
            masked(person, duty=duty),
            "" if lives is None else lives.text,
            blocked,
            [] if blocked else [masked(one, duty=duty) for one in uow.people.household(person.person_id)],
            uow.worklist.of_person(person.person_id),
        )

    def address(self, person: UUID, access: Access) -> tuple[str, list[Person]]:
        """Where a person lives and who else does, as far as this nurse may know."""
        with self._store.begin(access.about(person)) as uow:
            lives = uow.people.address(person)
            household = uow.people.household(person)
            duty = unmasked(uow, household)
            others = [masked(one, duty=duty) for one in household]
            for one in others:
                uow.audit.add("search", "Patient", one.person_id, count=1)
            uow.commit()
        return ("" if lives is None else lives.text), others
