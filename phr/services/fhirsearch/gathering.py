"""Everything that matches a search, up to a limit: Observations by their own reader, all else from the documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.fhir.texts import parse
from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch import fits
from phr.domain.fhirsearch.narrowing import observation_query, people_of
from phr.domain.fhirsearch.request import Request
from phr.errors import TooCostly
from phr.ids import person_id
from phr.services.fhirsearch.asking import (
    MOST_HITS,
    MOST_PEOPLE,
    Asker,
    Held,
    Hit,
    OfObservations,
    People,
    Position,
    cursor_of,
)
from phr.store.audit import NOBODY
from phr.store.uow import Store

_AT_ONCE: Final = 500
_ROUNDS: Final = 40  # of a page that the caller's scopes admit little of


class Gathering:
    """Gathers what matches."""

    def __init__(self, store: Store, zone: ZoneInfo, observations: OfObservations) -> None:
        self._store = store
        self._zone = zone
        self.observations = observations

    def people(self, request: Request, asker: Asker, within: People | None = None) -> tuple[People, Request]:
        """Whose records a search goes through, and the search without what that decides. Raises TooCostly."""
        named, left = people_of(request)
        if asker.own is not None:
            own = dict([asker.own]) if named is None or asker.own[1] in named else {}
            return People(own, named=True), left
        if named is not None:
            known = {person_id(one): one for one in named}
            return People(known, named=True), left
        if within is not None:
            return within, left
        if kinds()[request.kind].category == "directory":
            return People({}, named=False), left
        with self._store.begin(asker.access(None)) as uow:
            all_known = uow.people.all(limit=MOST_PEOPLE + 1)
        if len(all_known) > MOST_PEOPLE:
            raise TooCostly("goes through too many records: name a patient")
        return People({one.person_id: one.patient_id for one in all_known}, named=False), left

    def observed(
        self, request: Request, people: People, asker: Asker, at: Position | None, count: int
    ) -> tuple[list[Hit], bool]:
        """Observations in the order of time after a position, and whether more follow."""
        query = observation_query(request, count)
        found: list[Hit] = []
        for _round in range(_ROUNDS):
            query = query if at is None else replace(query, cursor=cursor_of(at))
            page = self.observations.search(
                query, people.known, asker.access(_one(people)), named=people.named
            )
            found += [one for one in page.found if asker.admits is None or self.admitted(one, asker)]
            if page.more is None or asker.admits is None or len(found) > count:
                return found[:count], page.more is not None or len(found) > count
            at = Position(page.more.id, page.more.start_us)
        raise TooCostly("too few of the matches are within the scopes of the token: search for less")

    def documents(self, request: Request, people: People, asker: Asker) -> list[Hit]:
        """Every document that matches, newest first."""
        about = [*people.known, *([NOBODY] if kinds()[request.kind].directory else [])]
        with self._store.begin(asker.access(_one(people))) as uow:
            rows = uow.search.documents(about, request.kind, limit=MOST_HITS + 1)
            if len(rows) > MOST_HITS:
                raise TooCostly("finds too many resources: name a patient")
            rows.sort(key=lambda one: (-one.updated_at.timestamp(), one.id))
            found: list[Hit] = []
            for row in rows:
                hit = Held(row.type, row.id, row.person_id, row.category, row.body.encode())
                resource = parse(hit.body)
                if fits(request.criteria, resource) and (
                    asker.admits is None or asker.admits(row.type, resource)
                ):
                    found.append(hit)
            self._audit(uow, request.kind, people, found)
            uow.commit()
        return found

    def everything(self, request: Request, people: People, asker: Asker) -> list[Hit]:
        """Every match. Raises TooCostly."""
        if request.kind != "Observation":
            return self.documents(request, people, asker)
        found: list[Hit] = []
        at: Position | None = None
        while True:
            hits, more = self.observed(request, people, asker, at, _AT_ONCE)
            found += hits
            if not more or not hits:
                return found
            if len(found) > MOST_HITS:
                raise TooCostly("finds too many resources: search for less")
            at = Position(hits[-1].id, hits[-1].start_us)

    def admitted(self, one: Hit, asker: Asker) -> bool:
        """Whether the caller's scopes admit a resource."""
        return asker.admits is None or asker.admits(one.kind, parse(one.body))

    def _audit(self, uow: Any, kind: str, people: People, found: list[Hit]) -> None:
        numbers: Mapping[UUID, list[str]] = defaultdict(list)
        for one in found:
            numbers[one.person].append(one.category)
        for person in {*numbers, *(people.known if people.named else ())}:
            held = numbers[person]
            uow.audit.add("search", kind, person, categories=",".join(sorted(set(held))), count=len(held))


def _one(people: People) -> UUID | None:
    """The person whom it is about, where it is about one."""
    return next(iter(people.known)) if people.named and len(people.known) == 1 else None
