"""The whole record: everything of one person that a caller may see, page by page, each page a short transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.query import Cursor, ObservationQuery
from phr.errors import Invalid, NotFound
from phr.store.uow import Store

Search = Callable[[ObservationQuery, Mapping[UUID, str], Access], Any]
"""The search of Observations: query, people, access -> a page with ``found`` and ``more``."""
Own = Callable[[UUID, Access], Sequence[tuple[str, str]]]
"""The consents of a person for whoever may read them: id and JSON text."""
TYPES: Final = (
    "Patient", "CarePlan", "Communication", "Composition", "Consent", "DiagnosticReport", "Encounter", "Goal",
    "Immunization", "NutritionOrder", "Observation", "QuestionnaireResponse", "RiskAssessment", "Task",
)  # fmt: skip
"""The types that a record may hold, in the order in which they are given."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins: a type, and what was given of it last."""

    kind: str = TYPES[0]
    after: str = ""
    start_us: int = 0


@dataclass(frozen=True, slots=True)
class One:
    """One resource."""

    kind: str
    id: str
    body: bytes


class WholeRecord:
    """Reads records through the gate: what consent does not cover for this caller is absent."""

    def __init__(self, store: Store, search: Search, own: Own) -> None:
        self._store = store
        self._search = search
        self._own = own

    def page(
        self,
        person: UUID,
        patient: str,
        access: Access,
        at: Place,
        limit: int,
        kinds: Sequence[str] = TYPES,
    ) -> tuple[list[One], Place | None]:
        """At most so many resources from a place on, and where the next page begins.

        Raises NotFound where the caller may not know the person; that is asked anew for every page.
        """
        if at.kind not in TYPES:
            raise Invalid("not a page of this record", field="_cursor")
        self._known(person, patient, access)
        found: list[One] = []
        place: Place | None = at
        while place is not None and len(found) < limit:
            if place.kind in kinds:
                more, place = self._some(person, patient, access, place, limit - len(found))
                found += more
            else:
                place = _next_kind(place.kind)
        return found, place

    def pages(
        self, person: UUID, patient: str, access: Access, kinds: Sequence[str] = TYPES, limit: int = 200
    ) -> Iterator[list[One]]:
        """All pages; a withdrawal in between ends them."""
        place: Place | None = Place()
        while place is not None:
            try:
                found, place = self.page(person, patient, access, place, limit, kinds)
            except NotFound:
                return
            yield found

    def _known(self, person: UUID, patient: str, access: Access) -> None:
        with self._store.begin(access) as uow:
            known = uow.people.get(person)
            uow.audit.add(
                "everything",
                "Patient",
                person,
                count=int(known is not None),
                outcome="ok" if known else "refused",
            )
            uow.commit()
        if known is None or known.patient_id != patient:
            raise NotFound("no such Patient")

    def _some(
        self, person: UUID, patient: str, access: Access, place: Place, limit: int
    ) -> tuple[list[One], Place | None]:
        if place.kind == "Observation":
            return self._observations(person, patient, access, place, limit)
        if place.kind == "Consent":
            rows = [one for one in self._own(person, access) if one[0] > place.after]
        else:
            with self._store.begin(access) as uow:
                rows = uow.documents.after(person, place.kind, place.after, limit + 1)
                if rows:
                    uow.audit.add("everything", place.kind, person, count=min(len(rows), limit))
                uow.commit()
        found = [One(place.kind, identity, body.encode()) for identity, body in sorted(rows)[:limit]]
        if len(rows) > limit:
            return found, replace(place, after=found[-1].id)
        return found, _next_kind(place.kind)

    def _observations(
        self, person: UUID, patient: str, access: Access, place: Place, limit: int
    ) -> tuple[list[One], Place | None]:
        cursor = Cursor(place.start_us, place.after) if place.after else None
        query = ObservationQuery(count=limit, descending=False, cursor=cursor)
        page = self._search(query, {person: patient}, access)
        found = [One("Observation", one.id, one.body) for one in page.found]
        if page.more is not None:
            return found, Place("Observation", page.more.id, page.more.start_us)
        return found, _next_kind("Observation")


def _next_kind(kind: str) -> Place | None:
    place = TYPES.index(kind) + 1
    return Place(TYPES[place]) if place < len(TYPES) else None
