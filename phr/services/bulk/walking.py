"""The way of an export through the store: type by type, people by people, one short statement after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.access import Access
from phr.domain.bulk.kickoff import Asked
from phr.domain.bulk.limits import limits
from phr.domain.bulk.sieve import Sieve
from phr.domain.fhir.types import kinds
from phr.ids import person_id
from phr.services.bulk.lines import Lines, of_chunk, of_document
from phr.store.audit import NOBODY
from phr.store.bulk import Job
from phr.store.bulk_reads import BEGINNING, ChunkPlace, FoundDocument, Since
from phr.store.search import FoundChunk
from phr.store.uow import Store, UnitOfWork

_DOCUMENTS: Final = "documents"
_CHUNKS: Final = "chunks"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an export goes on: a type, the people after one, samples or documents, and what was read of them last."""

    kind: int = 0
    page: UUID = NOBODY
    phase: str = _CHUNKS
    after: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The same as JSON."""
        return {"kind": self.kind, "page": str(self.page), "phase": self.phase, "after": list(self.after)}


def place_of(raw: dict[str, Any]) -> Place:
    """A place from its JSON; the beginning from nothing."""
    return Place(raw["kind"], UUID(raw["page"]), raw["phase"], tuple(raw["after"])) if raw else Place()


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one statement, to be taken once, and the place behind them."""

    kind: str
    lines: Iterable[Lines]
    place: Place


def access_of(job: Job, request: str) -> Access:
    """The client of a job, as whom everything of it is read: who sees less meanwhile gets less."""
    person = job.person_id if job.person_id != NOBODY else None
    return Access(job.role, job.actor, job.recipient, job.purpose, request, person)


class Walk:
    """One export on its way."""

    def __init__(self, store: Store, zone: ZoneInfo, job: Job, asked: Asked, access: Access) -> None:
        self._store = store
        self._zone = zone
        self._job = job
        self._asked = asked
        self._access = access

    def among(self) -> list[UUID] | None:
        """Whom alone it is about: the resident, the cohort's members as they are now, the patients named; None: whoever."""
        found: set[UUID] | None = None
        if self._job.person_id != NOBODY:
            found = {self._job.person_id}
        if self._asked.level == "Group":
            with self._store.begin(self._access) as uow:
                members = uow.bulk.cohorts.members(self._asked.group)
                uow.commit()
            of_group = {one.person_id for one in members if not one.inactive}
            found = of_group if found is None else found & of_group
        if self._asked.patients is not None:
            named = {person_id(one) for one in self._asked.patients}
            found = named if found is None else found & named
        return None if found is None else sorted(found)

    def batches(self, place: Place) -> Iterator[Batch]:
        """Everything from a place on."""
        among = self.among()
        for index in range(place.kind, len(self._asked.types)):
            start = place if index == place.kind else Place(index)
            yield from self._of_kind(self._asked.types[index], start, among)

    def _of_kind(self, kind: str, place: Place, among: Sequence[UUID] | None) -> Iterator[Batch]:
        sieve = Sieve(kind, self._asked, self._job.scope, self._zone)
        since = self._since(kind)
        while people := self._people(kind, place, among):
            if kind == "Observation" and place.phase == _CHUNKS:
                yield from self._chunks(people, place, since, sieve)
                place = replace(place, phase=_DOCUMENTS, after=())
            yield from self._documents(kind, people, place, since, sieve)
            place = Place(place.kind, max(people))
            if place.page == NOBODY:
                return

    def _people(self, kind: str, place: Place, among: Sequence[UUID] | None) -> dict[UUID, str]:
        """The next people; with the first of them nobody, where what is about nobody is wanted."""
        with self._store.begin(self._access) as uow:
            found = uow.bulk.reads.people(place.page, among, limits().page_people)
            uow.commit()
        nobody = kinds()[kind].directory and self._asked.level == "system" and place.page == NOBODY
        return {NOBODY: "", **found} if nobody else found

    def _since(self, kind: str) -> Since | None:
        at, key = self._asked.since, (self._job.recipient, self._job.purpose)
        if at is None:
            return None
        with self._store.begin(self._access) as uow:
            tracked = uow.bulk.givens.tracked(key, kind, at)
            uow.commit()
        return Since(at, tracked, *key)

    def _chunks(
        self, people: dict[UUID, str], place: Place, since: Since | None, sieve: Sieve
    ) -> Iterator[Batch]:
        after = _chunk_place(place.after)
        while True:
            with self._store.begin(self._access) as uow:
                found = uow.bulk.reads.chunks(
                    list(people), after, since, limits().batch_samples, limits().batch_rows
                )
                _noted(uow, "Observation", [(one.person_id, one.category, len(one.columns)) for one in found])
                uow.commit()
            if not found:
                return
            last = found[-1]
            after = (last.person_id, last.code, last.day, last.source_id)
            yield Batch(
                "Observation",
                _chunk_lines(found, people, sieve),
                replace(place, after=(str(after[0]), after[1], after[2].isoformat(), str(after[3]))),
            )

    def _documents(
        self, kind: str, people: dict[UUID, str], place: Place, since: Since | None, sieve: Sieve
    ) -> Iterator[Batch]:
        after = (
            (UUID(place.after[0]), place.after[1])
            if place.phase == _DOCUMENTS and place.after
            else (NOBODY, "")
        )
        while True:
            with self._store.begin(self._access) as uow:
                found = uow.bulk.reads.documents(list(people), kind, after, since, limits().batch_rows)
                _noted(uow, kind, [(one.person_id, one.category, 1) for one in found])
                uow.commit()
            if not found:
                return
            after = (found[-1].person_id, found[-1].id)
            yield Batch(
                kind,
                _document_lines(found, sieve),
                replace(place, phase=_DOCUMENTS, after=(str(after[0]), after[1])),
            )


def _chunk_place(after: tuple[str, ...]) -> ChunkPlace:
    if not after:
        return BEGINNING
    return UUID(after[0]), after[1], date.fromisoformat(after[2]), UUID(after[3])


def _chunk_lines(found: Sequence[FoundChunk], people: dict[UUID, str], sieve: Sieve) -> Iterator[Lines]:
    return chain.from_iterable(of_chunk(one, people[one.person_id], sieve) for one in found)


def _document_lines(found: Sequence[FoundDocument], sieve: Sieve) -> Iterator[Lines]:
    return chain.from_iterable(of_document(one, sieve) for one in found)


def _noted(uow: UnitOfWork, kind: str, rows: Iterable[tuple[UUID, str, int]]) -> None:
    """One audit row for each person that was read."""
    counts: dict[UUID, tuple[set[str], int]] = {}
    for person, category, number in rows:
        categories, before = counts.get(person, (set(), 0))
        counts[person] = ({*categories, category}, before + number)
    for person, (categories, number) in counts.items():
        uow.audit.add("export", kind, person, categories=",".join(sorted(categories)), count=number)
