"""One search from its parameters to a page: chains first, each through the gate, then matches, then what goes with them."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from phr.domain.fhir.texts import parse
from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch.criteria import identified, referring
from phr.domain.fhirsearch.elements import under
from phr.domain.fhirsearch.narrowing import observation_query
from phr.domain.fhirsearch.references import address, local
from phr.domain.fhirsearch.request import Chain, Has, Request
from phr.domain.fhirsearch.request import request as asked_for
from phr.domain.fhirsearch.shaping import ordered
from phr.errors import Invalid, NotFound
from phr.services.fhirsearch.asking import Asker, Hit, OfObservations, People, Position, Result
from phr.services.fhirsearch.gathering import Gathering
from phr.services.fhirsearch.including import Including
from phr.store.uow import Store

SEARCHED = frozenset({"documents", "register"})
_OF_PATIENT = frozenset({"patient", "subject"})


class FhirSearch:
    """Searches one city's resources."""

    def __init__(self, store: Store, zone: ZoneInfo, observations: OfObservations) -> None:
        self._gathering = Gathering(store, zone, observations)
        self._including = Including(store, self._gathering)

    def search(self, request: Request, asker: Asker, at: Position | None = None) -> Result:
        """One page. Raises TooCostly, and NotFound for a type that is not searched here."""
        kind = kinds().get(request.kind)
        if kind is None or kind.served not in SEARCHED:
            raise NotFound("no such type")
        asker.require(request.kind)
        people, left = self._resolved(request, asker, None)
        page = self._observations if request.kind == "Observation" else self._documents
        result = page(left, people, asker, at)
        if not (request.includes or request.revincludes) or not result.found:
            return result
        included, cut = self._including.of(request, result.found, asker)
        return replace(result, included=included, cut=cut)

    def latest(self, request: Request, asker: Asker, most: int) -> Result:
        """The newest Observations of each code. Raises Invalid where no patient is named."""
        asker.require("Observation")
        people, left = self._gathering.people(request, asker, People({}, named=False))
        if not people.named or len(people.known) > 1:
            raise Invalid("name one patient", field="patient")
        access = asker.access(next(iter(people.known), None))
        query = observation_query(left, most)
        found = self._gathering.observations.latest(query, people.known, access, most)
        kept = [one for one in found if self._gathering.admitted(one, asker)]
        return Result(kept, total=len(kept))

    def _resolved(self, request: Request, asker: Asker, within: People | None) -> tuple[People, Request]:
        """The search with chains turned into conditions: what they lead through is searched as the caller."""
        for name in request.lists:  # no List is held, so none has members
            del name
            request = replace(request, criteria=(*request.criteria, identified([])))
        people, left = self._gathering.people(request, asker, within)
        for chain in request.chains:
            people, left = self._chained(people, left, chain, asker)
        for one in request.has:
            left = replace(left, criteria=(*left.criteria, identified(self._had(people, left, one, asker))))
        return people, left

    def _all(
        self, kind: str, rest: tuple[str, str], of: Request, asker: Asker, people: People | None
    ) -> list[Hit]:
        asker.require(kind)
        sub = asked_for(kind, [rest], of.place)
        known, left = self._resolved(sub, asker, people)
        return self._gathering.everything(left, known, asker)

    def _chained(self, people: People, left: Request, chain: Chain, asker: Asker) -> tuple[People, Request]:
        within = None if people.named else people
        hits = self._all(chain.kind, chain.rest, left, asker, people if chain.kind == "Patient" else within)
        if (
            chain.kind == "Patient"
            and chain.of.name in _OF_PATIENT
            and chain.of.source in ("subject", "patient")
        ):
            kept = {one.person for one in hits}
            known = {person: name for person, name in people.known.items() if person in kept}
            return People(known, people.named), left
        found = referring(chain.of, {(one.kind, one.id) for one in hits}, left.place.base)
        return people, replace(left, criteria=(*left.criteria, found))

    def _had(self, people: People, left: Request, has: Has, asker: Asker) -> set[str]:
        """The ids of the searched type that resources which match refer to."""
        asker.require(has.kind)
        if has.kind == "Observation" and left.kind == "Patient" and has.of.source == "subject":
            sub = asked_for("Observation", [has.rest], left.place)
            known, rest = self._resolved(sub, asker, people)
            if asker.admits is None:
                query = observation_query(rest, 1)
                holders = self._gathering.observations.holders(query, known.known, asker.access(None))
                return {known.known[one] for one in holders}
        hits = self._all(has.kind, has.rest, left, asker, people if people.known else None)
        paths = has.of.parts[0].paths
        found = {
            local(address(one), left.place.base) for hit in hits for one in under(parse(hit.body), paths)
        }
        return {one[1] for one in found if one is not None and one[0] == left.kind}

    def _observations(self, request: Request, people: People, asker: Asker, at: Position | None) -> Result:
        if request.sort and [one.of.name for one in request.sort] != ["date"]:
            return _page(request, self._sorted(request, people, asker), at)
        if request.summary == "count" or request.count == 0:
            return Result([], total=self._total(request, people, asker))
        found, more = self._gathering.observed(request, people, asker, at, request.count)
        position = Position(found[-1].id, found[-1].start_us) if more and found else None
        if request.total in ("accurate", "estimate"):
            return Result(found, more=position, total=self._total(request, people, asker))
        return Result(found, more=position, total=len(found) if at is None and not more else None)

    def _total(self, request: Request, people: People, asker: Asker) -> int:
        if asker.admits is not None:
            return len(self._gathering.everything(request, people, asker))
        query = observation_query(request, 1)
        person = next(iter(people.known)) if people.named and len(people.known) == 1 else None
        return self._gathering.observations.total(
            query, people.known, asker.access(person), named=people.named
        )

    def _documents(self, request: Request, people: People, asker: Asker, at: Position | None) -> Result:
        return _page(request, self._sorted(request, people, asker), at)

    def _sorted(self, request: Request, people: People, asker: Asker) -> list[Hit]:
        found = self._gathering.everything(request, people, asker)
        return ordered(found, request.sort, lambda one: parse(one.body), request.place)


def _page(request: Request, found: list[Hit], at: Position | None) -> Result:
    """The page after a position: after its resource, or after its place where that is gone."""
    start = 0
    if at is not None:
        start = next((place + 1 for place, one in enumerate(found) if one.id == at.id), at.place)
    if request.summary == "count" or request.count == 0:
        return Result([], total=len(found))
    page = found[start : start + request.count]
    more = Position(page[-1].id, place=start + len(page)) if start + len(page) < len(found) and page else None
    return Result(page, more=more, total=None if request.total == "none" else len(found))
