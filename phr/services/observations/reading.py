"""Search and read Observations for someone, for a purpose; a caller cannot tell chunks from documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import micros
from phr.domain.access import Access
from phr.domain.documents import parse
from phr.domain.query import Cursor, ObservationQuery, Token, window
from phr.domain.targets import target_of
from phr.errors import NotFound
from phr.ids import parse_observation_id
from phr.services.observations.latest import latest
from phr.services.observations.measuring import Figures, Span, measure, of_code
from phr.services.observations.rendering import Found, Part, of_document, rendered
from phr.services.observations.selecting import (
    FIRST_DAY,
    LAST_DAY,
    SPLIT,
    Selecting,
    first,
    fits_status,
    holds_any,
    in_order,
    local_day,
)
from phr.store.audit import NOBODY
from phr.store.documents import Document
from phr.store.uow import Store, UnitOfWork

_PLAIN = frozenset({"code", "category", "date", "status", "_id"})


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a search; ``more`` is where the next one begins, None on the last."""

    found: Sequence[Found]
    more: Cursor | None


class Observations:
    """Reads Observations of one city."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def search(
        self, query: ObservationQuery, people: Mapping[UUID, str], access: Access, *, named: bool = True
    ) -> Page:
        """One page. people: whose Observations, with the id of their Patient. Rows without consent are absent.

        named: whether the caller named these people; else only those of whom something is found are in the trail.
        """
        with self._store.begin(access) as uow:
            page = self._page(uow, query, people)
            for person, categories in _categories(page.found, people if named else ()).items():
                uow.audit.add(
                    "search",
                    "Observation",
                    person,
                    categories=",".join(sorted(set(categories))),
                    count=len(categories),
                )
            uow.commit()
        return page

    def read(self, identity: str, access: Access) -> bytes:
        """One Observation. Raises NotFound when it does not exist or is not for this caller."""
        with self._store.begin(access) as uow:
            found = self.find(uow, identity)
            if found is not None:
                uow.audit.add("read", "Observation", found.person, categories=found.category, count=1)
            else:
                key = parse_observation_id(identity)
                person = NOBODY if key is None else key.person
                uow.audit.add("read", "Observation", person, outcome="refused", reason="not-found")
            uow.commit()
        if found is None:
            raise NotFound("no such Observation")
        return found.body

    def find(self, uow: UnitOfWork, identity: str) -> Found | None:
        """One Observation of either form, in a transaction that leaves the audit row itself."""
        return self._derived(uow, identity) or self._document(uow, identity)

    def fitting(
        self, uow: UnitOfWork, query: ObservationQuery, people: Mapping[UUID, str]
    ) -> Iterator[Found]:
        """All that match, page by page, in a transaction that leaves the audit row itself."""
        while True:
            page = self._page(uow, query, people)
            yield from page.found
            if page.more is None:
                return
            query = replace(query, cursor=page.more)

    def count(self, person: UUID, access: Access) -> tuple[int, int]:
        """How many samples and how many Observations of a person this caller can find."""
        with self._store.begin(access) as uow:
            sizes = uow.vitals.sizes(person)
            found = sum(number for code, number in sizes.items() if code not in SPLIT)
            for code in SPLIT:
                for chunk in uow.vitals.chunks(person, [code], FIRST_DAY, LAST_DAY):
                    found += sum(int((~np.isnan(one)).sum()) for one in chunk.columns.channels.values())
            found += len(uow.search.documents([person], "Observation"))
            uow.audit.add("count", "Observation", person, count=found)
            uow.commit()
        return sum(sizes.values()), found

    def total(
        self, query: ObservationQuery, people: Mapping[UUID, str], access: Access, *, named: bool = True
    ) -> int:
        """How many Observations match, on all pages together."""
        whole = replace(query, cursor=None)
        with self._store.begin(access) as uow:
            found = (
                len(self._documents(uow, whole, people)) + Selecting(uow, whole, people, self._zone).total()
            )
            for person in people if named else ():
                uow.audit.add("count", "Observation", person, count=found)
            if not named:
                uow.audit.add("count", "Observation", NOBODY, count=found)
            uow.commit()
        return found

    def holders(self, query: ObservationQuery, people: Mapping[UUID, str], access: Access) -> set[UUID]:
        """Those of the people of whom any Observation matches."""
        one = replace(query, count=1, cursor=None)
        with self._store.begin(access) as uow:
            found = {person for person, name in people.items() if self._page(uow, one, {person: name}).found}
            for person in found:
                uow.audit.add("search", "Observation", person, count=1)
            uow.commit()
        return found

    def latest(
        self, query: ObservationQuery, people: Mapping[UUID, str], access: Access, most: int
    ) -> list[Found]:
        """The newest of each code, at most so many."""
        with self._store.begin(access) as uow:
            rows = self._documents(uow, replace(query, cursor=None), people)
            found = latest(uow, query, people, rows, most, self._zone)
            page = _with_bodies(uow, found)
            for person in people:
                kept = ",".join(sorted({one.category for one in page if one.person == person}))
                uow.audit.add("lastn", "Observation", person, categories=kept, count=len(page))
            uow.commit()
        return page

    def statistics(
        self,
        person: UUID,
        codings: Sequence[tuple[str | None, str]],
        names: Sequence[str],
        span: Span,
        access: Access,
    ) -> list[Figures]:
        """The statistics of each code in a span of time."""
        with self._store.begin(access) as uow:
            low, high = span.low, span.high
            rows = uow.search.documents(
                [person], "Observation", codes=[code for _system, code in codings], since=low, until=high
            )
            found = []
            for coding in codings:
                of = [parse(one.body.encode()) for one in rows if of_code(one, coding) and _within(one, span)]
                found.append(measure(uow, person, coding, names, span, of, self._zone))
            uow.audit.add("stats", "Observation", person, count=sum(one.used for one in found))
            uow.commit()
        return found

    def _derived(self, uow: UnitOfWork, identity: str) -> Found | None:
        key = parse_observation_id(identity)
        target = None if key is None else target_of(key.target)
        if key is None or target is None:
            return None
        code, channel = target
        chunk = uow.search.chunk(key.person, code, local_day(key.start_us, self._zone), key.source_head)
        known = uow.people.get(key.person)
        if chunk is None or known is None:
            return None
        row = int(np.searchsorted(chunk.columns.start, key.start_us))
        if row >= len(chunk.columns) or chunk.columns.start[row] != key.start_us:
            return None
        if channel is not None and np.isnan(
            chunk.columns.channels.get(channel, np.full(row + 1, np.nan))[row]
        ):
            return None
        one = Part(chunk, channel, np.array([row]), chunk.columns.start[[row]])
        found = rendered([one], {key.person: known.patient_id})
        return found[0] if found[0].id == identity else None

    def _document(self, uow: UnitOfWork, identity: str) -> Found | None:
        document = uow.documents.get("Observation", identity)
        return None if document is None or document.deleted else of_document(document)

    def _page(self, uow: UnitOfWork, query: ObservationQuery, people: Mapping[UUID, str]) -> Page:
        documents_of = self._asked(uow, query, people)
        samples = Selecting(uow, query, people, self._zone).page()
        chosen = rendered(first(query, samples, query.count + 1), people)
        documents = in_order(query, [of_document(one) for one in documents_of()])
        found = in_order(query, [*documents[: query.count + 1], *chosen])
        page = _with_bodies(uow, found[: query.count])
        more = Cursor(page[-1].start_us, page[-1].id) if len(found) > query.count and page else None
        return Page(page, more)

    def _documents(
        self, uow: UnitOfWork, query: ObservationQuery, people: Mapping[UUID, str]
    ) -> list[Document]:
        """The documents that match; without their text where their columns decide."""
        return self._asked(uow, query, people)()

    def _asked(
        self, uow: UnitOfWork, query: ObservationQuery, people: Mapping[UUID, str]
    ) -> Callable[[], list[Document]]:
        """The same, asked with the next statement."""
        deep = any(one.modifier or one.name not in _PLAIN for one in query.criteria)
        low, high = window(query.dates)
        rows_of = uow.search.documents_later(
            list(people), "Observation", codes=_codes(query), since=low, until=high, bodies=deep
        )

        def matching() -> list[Document]:
            rows = rows_of()
            timeless = [
                one.id for one in rows if query.dates and not one.body and one.low is one.high is None
            ]
            texts = uow.search.bodies("Observation", timeless) if timeless else {}
            full = [replace(one, body=texts[one.id]) if one.id in texts else one for one in rows]
            return [one for one in full if _fits(one, query, deep=deep)]

        return matching


def _categories(found: Sequence[Found], named: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The category of each match, by person; those who were named are there without one too."""
    held: dict[UUID, list[str]] = {person: [] for person in named}
    for person, of_one in groupby(found, key=attrgetter("person")):
        held.setdefault(person, []).extend(one.category for one in of_one)
    return held


def _fits(one: Document, query: ObservationQuery, *, deep: bool) -> bool:
    """Whether a document matches: its columns first, its text only where they do not say."""
    if not all(holds_any(one.codes, group) for group in query.codes):
        return False
    if not all(holds_any(one.labels, group) for group in query.categories):
        return False
    if not fits_status(query, one.status) or (query.ids is not None and one.id not in query.ids):
        return False
    if query.dates and not _in_time(one, query):
        return False
    return not deep or all(each.fits(parse(one.body.encode())) for each in query.criteria)


def _in_time(one: Document, query: ObservationQuery) -> bool:
    if one.low is None and one.high is None:
        timed = [each for each in query.criteria if each.name == "date"]
        return bool(timed) and all(each.fits(parse(one.body.encode())) for each in timed)
    low = -(2**62) if one.low is None else micros(one.low)
    high = 2**62 if one.high is None else micros(one.high)
    return all(any(each.holds(low, high) for each in group) for group in query.dates)


def _within(one: Document, span: Span) -> bool:
    """Whether a document's time begins in the span, as a sample's must."""
    if one.low is None:
        return False
    start = micros(one.low)
    return (span.low is None or start >= span.low) and (span.high is None or start < span.high)


def _codes(query: ObservationQuery) -> list[str] | None:
    """The codes of which a document must carry one; None where any may do."""
    wanted: Sequence[Sequence[Token]] = [
        group for group in query.codes if all(one.code is not None for one in group)
    ]
    return [str(one.code) for one in wanted[0]] if wanted else None


def _with_bodies(uow: UnitOfWork, page: list[Found]) -> list[Found]:
    """The page with the text of documents that were found by their columns alone."""
    bare = [one.id for one in page if not one.body]
    if not bare:
        return page
    texts = uow.search.bodies("Observation", bare)
    return [one if one.body else one._replace(body=texts[one.id].encode()) for one in page]


def with_cursor(query: ObservationQuery, cursor: Cursor | None) -> ObservationQuery:
    """The same query for the page after a cursor."""
    return replace(query, cursor=cursor)
