"""What is given with matches: resources they refer to and resources that refer to them, each through the gate by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from phr.domain.fhir.texts import parse
from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch import PARAMETERS
from phr.domain.fhirsearch.criteria import Place, referring
from phr.domain.fhirsearch.elements import under
from phr.domain.fhirsearch.references import address, local
from phr.domain.fhirsearch.request import Include, Request
from phr.errors import NotAllowed
from phr.services.fhirsearch.asking import MOST_INCLUDED, Asker, Held, Hit, People
from phr.services.fhirsearch.gathering import Gathering
from phr.store.uow import Store, UnitOfWork

_ROUNDS = 5
Key = tuple[str, str]


class Including:
    """Includes."""

    def __init__(self, store: Store, gathering: Gathering) -> None:
        self._store = store
        self._gathering = gathering

    def of(self, request: Request, matches: Sequence[Hit], asker: Asker) -> tuple[list[Hit], bool]:
        """Each resource once, none that is a match already; and whether there were too many."""
        known = {(one.kind, one.id) for one in matches}
        found: list[Hit] = []
        fresh: Sequence[Hit] = matches
        for turn in range(_ROUNDS):
            forth = [one for one in request.includes if turn == 0 or one.again]
            back = [one for one in request.revincludes if turn == 0 or one.again]
            new = self._forth(forth, fresh, known, asker, request.place)
            new += self._back(back, fresh, known | {(one.kind, one.id) for one in new}, asker, request.place)
            if not new:
                break
            known |= {(one.kind, one.id) for one in new}
            found += new
            fresh = new
        return found[:MOST_INCLUDED], len(found) > MOST_INCLUDED

    def _forth(
        self, includes: Iterable[Include], hits: Sequence[Hit], known: set[Key], asker: Asker, place: Place
    ) -> list[Hit]:
        wanted: dict[Key, None] = {}
        for include in includes:
            for one in hits:
                if one.kind == include.kind:
                    wanted |= dict.fromkeys(_referred(include, parse(one.body), place.base))
        keys = [key for key in wanted if key not in known and _may(asker, key[0])]
        if not keys:
            return []
        with self._store.begin(asker.access(None)) as uow:
            found = [hit for key in keys[: MOST_INCLUDED + 1] if (hit := self._one(uow, key)) is not None]
            found = [one for one in found if self._gathering.admitted(one, asker)]
            for (kind, person), count in Counter((one.kind, one.person) for one in found).items():
                uow.audit.add("search", kind, person, count=count)
            uow.commit()
        return found

    def _one(self, uow: UnitOfWork, key: Key) -> Hit | None:
        kind, identity = key
        if kind == "Observation":
            one = self._gathering.observations.find(uow, identity)
            return None if one is None else Held(kind, one.id, one.person, one.category, one.body)
        found = uow.documents.get(kind, identity)
        if found is None or found.deleted:
            return None
        return Held(kind, found.id, found.person_id, found.category, found.body.encode())

    def _back(
        self, includes: Iterable[Include], hits: Sequence[Hit], known: set[Key], asker: Asker, place: Place
    ) -> list[Hit]:
        found: list[Hit] = []
        for include in includes:
            if not _may(asker, include.kind):
                continue
            sought = {(one.kind, one.id) for one in hits if include.target in ("", one.kind)}
            people = People(self._people(hits, asker), named=False)
            for of in _references(include):
                request = Request(include.kind, (referring(of, sought, place.base),), place=place)
                if include.kind == "Observation":
                    more = self._gathering.observed(request, people, asker, None, MOST_INCLUDED + 1)[0]
                else:
                    more = self._gathering.documents(request, people, asker)
                found += [one for one in more if (one.kind, one.id) not in known]
                known = known | {(one.kind, one.id) for one in more}
        return found

    def _people(self, hits: Sequence[Hit], asker: Asker) -> Mapping[UUID, str]:
        """Whose records may refer to these: those of their own people."""
        if asker.own is not None:
            return dict([asker.own])
        with self._store.begin(asker.access(None)) as uow:
            known = uow.people.of([one.person for one in hits])
        return {person: one.patient_id for person, one in known.items()}


def _references(include: Include) -> list[Any]:
    if include.of is not None:
        return [include.of]
    return [one for one in PARAMETERS[include.kind].values() if one.type == "reference"]


def _referred(include: Include, resource: Mapping[str, Any], base: str) -> list[Key]:
    """What a resource refers to by an include."""
    found = [
        local(address(one), base) for of in _references(include) for one in under(resource, of.parts[0].paths)
    ]
    return [
        one
        for one in found
        if one is not None and include.target in ("", one[0]) and kinds().get(one[0]) is not None
    ]


def _may(asker: Asker, kind: str) -> bool:
    """Whether the caller's scopes hold a type at all; what they do not hold is left out."""
    known = kinds().get(kind)
    if known is None or known.served not in ("documents", "register"):
        return False
    try:
        asker.require(kind)
    except NotAllowed:
        return False
    return True
