"""Search and read Observations for someone, for a purpose; a caller cannot tell chunks from documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest.codes import VITALS
from ingest.to_fhir import observations as render
from phr.clock import micros
from phr.domain.access import Access
from phr.domain.days import day_of, offset_us
from phr.domain.documents import instant
from phr.domain.query import Cursor, ObservationQuery, Token, all_match, window
from phr.domain.samples import Columns
from phr.domain.targets import Target, number_of, searched, target_of
from phr.errors import NotFound
from phr.ids import ObservationKey, observation_ids, parse_observation_id
from phr.store.audit import NOBODY
from phr.store.documents import Document
from phr.store.search import FoundChunk
from phr.store.uow import Store, UnitOfWork

_SECOND: Final = 1_000_000
_STATUS: Final = "http://hl7.org/fhir/observation-status"
_REACH: Final = timedelta(
    days=3
)  # a stored interval of at most 36 hours begins at most so long before its end
_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(2200, 12, 31)
_SPLIT: Final = {key: len(vital.channels) for key, vital in VITALS.items() if vital.split}


@dataclass(frozen=True, slots=True)
class Found:
    """One Observation of a page: where it stands in the order, and its JSON."""

    start_us: int
    id: str
    person: UUID
    category: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a search; ``more`` is where the next one begins, None on the last."""

    found: Sequence[Found]
    more: Cursor | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sample that matches, before it is rendered."""

    start_us: int
    chunk: FoundChunk
    channel: str | None
    row: int


class Observations:
    """Reads Observations of one city."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def search(self, query: ObservationQuery, people: Mapping[UUID, str], access: Access) -> Page:
        """One page. people: whose Observations, with the id of their Patient. Rows without consent are absent."""
        with self._store.begin(access) as uow:
            page = self._page(uow, query, people)
            per_person: dict[UUID, set[str]] = defaultdict(set)
            numbers: dict[UUID, int] = defaultdict(int)
            for one in page.found:
                per_person[one.person].add(one.category)
                numbers[one.person] += 1
            for person in people:
                uow.audit.add(
                    "search",
                    "Observation",
                    person,
                    categories=",".join(sorted(per_person[person])),
                    count=numbers[person],
                )
            uow.commit()
        return page

    def read(self, identity: str, access: Access) -> bytes:
        """One Observation. Raises NotFound when it does not exist or is not for this caller."""
        with self._store.begin(access) as uow:
            found = self._derived(uow, identity)
            if found is None:
                found = self._document(uow, identity)
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

    def count(self, person: UUID, access: Access) -> tuple[int, int]:
        """How many samples and how many Observations of a person this caller can find."""
        with self._store.begin(access) as uow:
            sizes = uow.vitals.sizes(person)
            found = sum(number for code, number in sizes.items() if code not in _SPLIT)
            for code in _SPLIT:
                for chunk in uow.vitals.chunks(person, [code], _FIRST_DAY, _LAST_DAY):
                    found += sum(int((~np.isnan(one)).sum()) for one in chunk.columns.channels.values())
            found += len(uow.search.documents([person], "Observation", None, None))
            uow.audit.add("count", "Observation", person, count=found)
            uow.commit()
        return sum(sizes.values()), found

    def _derived(self, uow: UnitOfWork, identity: str) -> Found | None:
        key = parse_observation_id(identity)
        if key is None:
            return None
        target = target_of(key.target)
        if target is None:
            return None
        code, channel = target
        chunk = uow.search.chunk(key.person, code, self._day(key.start_us), key.source_head)
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
        one = _Candidate(key.start_us, chunk, channel, row)
        found = _rendered([one], {key.person: known.patient_id})
        return found[0] if found[0].id == identity else None

    def _document(self, uow: UnitOfWork, identity: str) -> Found | None:
        document = uow.documents.get("Observation", identity)
        return None if document is None or document.deleted else _of_document(document)

    def _page(self, uow: UnitOfWork, query: ObservationQuery, people: Mapping[UUID, str]) -> Page:
        documents = [_of_document(one) for one in self._documents(uow, query, people)]
        samples = self._samples(uow, query, people)
        wanted = query.count + 1
        found = _after(query, [*documents, *_rendered(_first(query, samples, wanted), people)])
        found.sort(key=lambda one: (one.start_us, one.id), reverse=query.descending)
        page = found[: query.count]
        more = Cursor(page[-1].start_us, page[-1].id) if len(found) > query.count and page else None
        return Page(page, more)

    def _samples(
        self, uow: UnitOfWork, query: ObservationQuery, people: Mapping[UUID, str]
    ) -> list[_Candidate]:
        """Matching samples of whole days, enough for a page; more days are read until there are."""
        targets = searched(query)
        since, until = self._days(query)
        if query.ids is not None:
            keys = [key for one in query.ids if (key := parse_observation_id(one)) is not None]
            days = [self._day(key.start_us) for key in keys]
            targets &= {target for key in keys if (target := target_of(key.target)) is not None}
            since, until = max([since, min(days, default=until)]), min([until, max(days, default=since)])
        if not targets:
            return []
        codes = sorted({code for code, _channel in targets})
        split = {code: width for code, width in _SPLIT.items() if code in codes}
        found: list[_Candidate] = []
        need = query.count + 1
        while since <= until:
            chunks = uow.search.chunks(
                list(people), codes, since, until, descending=query.descending, need=need, split_width=split
            )
            if not chunks:
                break
            for chunk in chunks:
                found.extend(_matching(chunk, targets, query, need))
            if len(_after_candidates(query, found)) > query.count + 1:
                break
            last = chunks[-1].day
            since, until = (
                (since, last - timedelta(days=1)) if query.descending else (last + timedelta(days=1), until)
            )
        return found

    def _days(self, query: ObservationQuery) -> tuple[date, date]:
        """The civil days in which matches can lie; a day more at each end for samples that reach over midnight."""
        low, high = window(query.dates)
        if query.cursor is not None:
            at = query.cursor.start_us
            low, high = (
                (low, at + 1 if high is None else min(high, at + 1))  # others may begin with the last one
                if query.descending
                else (
                    at if low is None else max(low, at),
                    high,
                )
            )
        since = _FIRST_DAY if low is None else max(self._day(low), _FIRST_DAY + _REACH) - _REACH
        until = _LAST_DAY if high is None else self._day(high - 1)
        return since, until

    def _day(self, at: int) -> date:
        return day_of((at + offset_us(at, self._zone)) // 86_400_000_000)

    def _documents(
        self, uow: UnitOfWork, query: ObservationQuery, people: Mapping[UUID, str]
    ) -> list[Document]:
        found = uow.search.documents(list(people), "Observation", None, None)
        kept = []
        for one in found:
            if not all(_has(one.codes, group) for group in query.codes):
                continue
            if not all(_has(one.labels, group) for group in query.categories):
                continue
            if not _fits_status(query, one.status):
                continue
            if query.ids is not None and one.id not in query.ids:
                continue
            if query.dates and not _document_in(one, query):
                continue
            kept.append(one)
        return kept


def _has(held: Sequence[str], group: Sequence[Token]) -> bool:
    """Whether any ``system|code`` held fits any of the tokens."""
    pairs = [tuple(one.split("|", 1)) for one in held]
    return any(
        (token.system is None or token.system == system) and (token.code is None or token.code == code)
        for token in group
        for system, code in pairs
    )


def _document_in(one: Document, query: ObservationQuery) -> bool:
    if one.low is None and one.high is None:
        return False
    low = -(2**62) if one.low is None else micros(one.low)
    high = 2**62 if one.high is None else micros(one.high)
    return bool(all_match(query.dates, np.array([low]), np.array([high]))[0])


def _ends(code: str, columns: Columns) -> npt.NDArray[np.int64]:
    """The ends [., high) of the ranges that the rendered times name: their precision counts (n)."""
    start = columns.start if columns.duration is None else columns.start + columns.duration
    if VITALS[code].kind == "day":
        return columns.start + 86_400_000_000
    if not (start % _SECOND).any():
        return start + _SECOND
    step = np.where(start % _SECOND == 0, _SECOND, np.where(start % 1000 == 0, 1000, 1))
    return np.asarray(start + step)


def _matching(
    chunk: FoundChunk, targets: set[Target], query: ObservationQuery, limit: int
) -> list[_Candidate]:
    """The samples of a chunk that fit the query, nearest the page's beginning first, at most ``limit`` a channel."""
    columns = chunk.columns
    ok = all_match(query.dates, columns.start, _ends(chunk.code, columns))
    if query.statuses:
        soft = (columns.quality & 8) > 0
        final = _fits_status(query, "final")
        early = _fits_status(query, "preliminary")
        ok &= np.where(soft, early, final)
    if query.cursor is not None:
        at = query.cursor.start_us
        ok &= columns.start <= at if query.descending else columns.start >= at
    if query.ids is not None:
        keys = [parse_observation_id(one) for one in query.ids]
        ok &= np.isin(columns.start, [key.start_us for key in keys if key is not None])
    vital = VITALS[chunk.code]
    found: list[_Candidate] = []
    for code, channel in targets:
        if code != chunk.code or (channel is not None and channel not in columns.channels):
            continue
        rows = np.flatnonzero(ok & ~np.isnan(columns.channels[channel]) if vital.split and channel else ok)
        chosen = rows[::-1] if query.descending else rows
        if query.ids is None:
            chosen = chosen[: limit + 1]
        found.extend(_Candidate(int(columns.start[row]), chunk, channel, row) for row in chosen.tolist())
    if query.ids is not None:
        wanted = {parse_observation_id(one) for one in query.ids}
        found = [one for one in found if _key(one) in wanted]
    return found


def _key(one: _Candidate) -> ObservationKey:
    number = number_of((one.chunk.code, one.channel))
    return ObservationKey(one.chunk.person_id, number, one.chunk.source_id.bytes[:8], one.start_us)


def _fits_status(query: ObservationQuery, status: str) -> bool:
    return all(_has([f"{_STATUS}|{status}"], group) for group in query.statuses)


def _first(query: ObservationQuery, samples: list[_Candidate], wanted: int) -> list[_Candidate]:
    """The candidates that can be on the page: those up to the last start that fits, ties included."""
    if query.ids is not None:
        return samples
    sign = -1 if query.descending else 1
    ordered = sorted(samples, key=lambda one: sign * one.start_us)
    tied = sum(1 for one in ordered if query.cursor is not None and one.start_us == query.cursor.start_us)
    keep = wanted + tied
    if len(ordered) <= keep:
        return ordered
    last = ordered[keep - 1].start_us
    while keep < len(ordered) and ordered[keep].start_us == last:
        keep += 1
    return ordered[:keep]


def _after_candidates(query: ObservationQuery, samples: list[_Candidate]) -> list[_Candidate]:
    if query.cursor is None:
        return samples
    return [one for one in samples if one.start_us != query.cursor.start_us]


def _after(query: ObservationQuery, found: list[Found]) -> list[Found]:
    """What follows the cursor, and has one of the ids asked for."""
    if query.ids is not None:
        found = [one for one in found if one.id in query.ids]
    if query.cursor is None:
        return found
    at = (query.cursor.start_us, query.cursor.id)
    if query.descending:
        return [one for one in found if (one.start_us, one.id) < at]
    return [one for one in found if (one.start_us, one.id) > at]


def _rendered(chosen: Sequence[_Candidate], people: Mapping[UUID, str]) -> list[Found]:
    """Renders samples, those of one chunk and channel together."""
    groups: dict[tuple[int, str | None], list[_Candidate]] = defaultdict(list)
    for one in chosen:
        groups[id(one.chunk), one.channel].append(one)
    found: list[Found] = []
    for (_chunk, channel), members in groups.items():
        chunk = members[0].chunk
        part = chunk.columns.take(np.array([one.row for one in members]))
        number = number_of((chunk.code, channel))
        ids = observation_ids(chunk.person_id, number, chunk.source_id, part.start)
        bodies = render(
            VITALS[chunk.code],
            ids=ids,
            subject=f"Patient/{people[chunk.person_id]}",
            start=part.start,
            duration=part.duration,
            channels=part.channels,
            offset=part.offset,
            quality=part.quality,
            last_updated=instant(chunk.updated_at),
            version=str(chunk.version),
            device=chunk.label,
            method=chunk.method,
            channel=channel,
        )
        found.extend(
            Found(one.start_us, identity, chunk.person_id, chunk.category, body)
            for one, identity, body in zip(members, ids, bodies, strict=True)
        )
    return found


def _of_document(one: Document) -> Found:
    start = -(2**62) if one.low is None else micros(one.low)
    return Found(start, one.id, one.person_id, one.category, one.body.encode())


def with_cursor(query: ObservationQuery, cursor: Cursor | None) -> ObservationQuery:
    """The same query for the page after a cursor."""
    return replace(query, cursor=cursor)
