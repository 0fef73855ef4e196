"""The whole record: everything of one person that a caller may see, page by page, each page a short transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.access import Access
from phr.domain.fhir.texts import parse
from phr.domain.fhirsearch.criteria import Criterion
from phr.domain.fhirsearch.times import span
from phr.domain.query import Cursor, DateRange, ObservationQuery
from phr.errors import Invalid, NotFound
from phr.store.uow import Store

_UTC: Final = ZoneInfo("UTC")  # of instants, which name their own zone
Search = Callable[[ObservationQuery, Mapping[UUID, str], Access], Any]
"""The search of Observations: query, people, access -> a page with ``found`` and ``more``."""
Own = Callable[[UUID, Access], Sequence[tuple[str, str]]]
"""The consents of a person for whoever may read them: id and JSON text."""
TYPES: Final = (
    "Patient", "CarePlan", "Communication", "Composition", "Condition", "Consent", "Device", "DiagnosticReport",
    "DocumentReference", "Encounter", "Flag", "Goal", "Immunization", "MedicationStatement", "NutritionOrder",
    "Observation", "Provenance", "QuestionnaireResponse", "RelatedPerson", "RiskAssessment", "Task",
)  # fmt: skip
"""The types that a record may hold, in the order in which they are given."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins: a type, and what was given of it last."""

    kind: str = TYPES[0]
    after: str = ""
    start_us: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """What of a record is wanted.

    kinds: of which types; since, until: microseconds that a resource's time must touch (one without a time stays);
    changed: microseconds since when it was last updated; admits: whether the caller's scopes admit a resource.
    """

    kinds: Sequence[str] = TYPES
    since: int | None = None
    until: int | None = None
    changed: int | None = None
    admits: Callable[[str, bytes], bool] | None = None


ALL: Final = Within()


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
        self, person: UUID, patient: str, access: Access, at: Place, limit: int, within: Within = ALL
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
            if place.kind in within.kinds:
                more, place = self._some(person, patient, access, place, limit - len(found), within)
                found += [one for one in more if within.admits is None or within.admits(one.kind, one.body)]
            else:
                place = _next_kind(place.kind)
        return found, place

    def pages(
        self, person: UUID, patient: str, access: Access, within: Within = ALL, limit: int = 200
    ) -> Iterator[list[One]]:
        """All pages; a withdrawal in between ends them."""
        place: Place | None = Place()
        while place is not None:
            try:
                found, place = self.page(person, patient, access, place, limit, within)
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
        self, person: UUID, patient: str, access: Access, place: Place, limit: int, within: Within
    ) -> tuple[list[One], Place | None]:
        if place.kind == "Observation":
            return self._observations(person, patient, access, place, limit, within)
        if place.kind == "Consent":
            own = [one for one in self._own(person, access) if one[0] > place.after]
            rows = sorted(one for one in own if _changed(one[1], within.changed))
        else:
            span = (within.since, within.until, within.changed)
            with self._store.begin(access) as uow:
                rows = uow.search.of_record(person, place.kind, place.after, limit + 1, span)
                if rows:
                    uow.audit.add("everything", place.kind, person, count=min(len(rows), limit))
                uow.commit()
        found = [One(place.kind, identity, body.encode()) for identity, body in rows[:limit]]
        if len(rows) > limit:
            return found, replace(place, after=found[-1].id)
        return found, _next_kind(place.kind)

    def _observations(
        self, person: UUID, patient: str, access: Access, place: Place, limit: int, within: Within
    ) -> tuple[list[One], Place | None]:
        cursor = Cursor(place.start_us, place.after) if place.after else None
        dates = []
        if within.since is not None:
            dates.append((DateRange("gt", within.since, within.since),))
        if within.until is not None:
            dates.append((DateRange("lt", within.until, within.until),))
        changed = () if within.changed is None else (_since(within.changed),)
        query = ObservationQuery(
            count=limit, descending=False, cursor=cursor, dates=tuple(dates), criteria=changed
        )
        page = self._search(query, {person: patient}, access)
        found = [One("Observation", one.id, one.body) for one in page.found]
        if page.more is not None:
            return found, Place("Observation", page.more.id, page.more.start_us)
        return found, _next_kind("Observation")


def _since(changed: int) -> Criterion:
    """Observations that were last updated since then."""

    def fits(resource: Mapping[str, Any]) -> bool:
        found = span(resource.get("meta", {}).get("lastUpdated"), _UTC)
        return found is not None and found[1] > changed

    return Criterion("_lastUpdated", "", "", frozenset({"meta.lastUpdated"}), True, fits)


def _changed(body: str, changed: int | None) -> bool:
    return changed is None or _since(changed).fits(parse(body.encode()))


def _next_kind(kind: str) -> Place | None:
    place = TYPES.index(kind) + 1
    return Place(TYPES[place]) if place < len(TYPES) else None
