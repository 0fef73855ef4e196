"""Samples that a search finds: whole days of chunks, narrowed by their columns, and the order of what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest.codes import VITALS
from phr.domain.days import day_of, offset_us
from phr.domain.query import ObservationQuery, Token, all_match, window
from phr.domain.samples import Columns
from phr.domain.targets import Target, number_of, searched, target_of
from phr.ids import ObservationKey, parse_observation_id
from phr.services.observations.deciding import Deciding
from phr.services.observations.rendering import Found, Part
from phr.store.search import FoundChunk
from phr.store.uow import UnitOfWork

_SECOND: Final = 1_000_000
_DAY: Final = 86_400_000_000
_STATUS: Final = "http://hl7.org/fhir/observation-status"
_REACH: Final = timedelta(
    days=3
)  # a stored interval of at most 36 hours begins at most so long before its end
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2200, 12, 31)
SPLIT: Final = {key: len(vital.channels) for key, vital in VITALS.items() if vital.split}
_PIECE: Final = 256  # rows of a chunk that are asked at once, and four times as many if these are too few
_PLACE: Final = itemgetter(0, 1)  # of what is found: its start, and its id among those that begin with it
_MOST: Final = 2**20  # samples that are read at once when many days hold none that fits


class Selecting:
    """Selects the samples of one search."""

    def __init__(
        self,
        uow: UnitOfWork,
        query: ObservationQuery,
        people: Mapping[UUID, str],
        zone: ZoneInfo,
        only: set[Target] | None = None,
    ) -> None:
        self._uow = uow
        self._query = query
        self._people = people
        self._zone = zone
        self._only = only
        self._deciding = Deciding(query, people)

    def page(self) -> list[Part]:
        """Matching samples of whole days, enough for a page; more days are read until there are."""
        query, found = self._query, list[Part]()
        for chunks, targets in self._days(query.count + 1):
            found += [one for chunk in chunks for one in self._matching(chunk, targets, query.count + 1)]
            if sum(len(one.starts) - _tied(query, one) for one in found) > query.count + 1:
                break
        return found

    def total(self) -> int:
        """How many samples match."""
        return sum(
            int(self._rows(chunk, chunk.columns, channel).sum())
            for chunks, targets in self._days(_MOST)
            for chunk in chunks
            for channel in _channels(chunk, targets)
        )

    def _days(self, need: int) -> Iterator[tuple[list[FoundChunk], set[Target]]]:
        """Chunks of whole days in the order of the search; what is read at once doubles, as few days may fit."""
        named = searched(self._query) if self._only is None else searched(self._query) & self._only
        targets = self._deciding.possible(named)
        since, until = self._span()
        if self._query.ids is not None:
            keys = [key for one in self._query.ids if (key := parse_observation_id(one)) is not None]
            days = [self._day(key.start_us) for key in keys]
            targets &= {target for key in keys if (target := target_of(key.target)) is not None}
            since, until = max([since, min(days, default=until)]), min([until, max(days, default=since)])
        for first, last in self._deciding.days():
            since, until = max(since, first), min(until, last)
        if not targets or not self._people:
            return
        codes = sorted({code for code, _channel in targets})
        split = {code: width for code, width in SPLIT.items() if code in codes}
        down = self._query.descending
        while since <= until:
            chunks = self._uow.search.chunks(
                list(self._people), codes, since, until, descending=down, need=need, split_width=split
            )
            if not chunks:
                return
            yield chunks, targets
            last = chunks[-1].day
            since, until = (since, last - timedelta(days=1)) if down else (last + timedelta(days=1), until)
            need = min(2 * need, _MOST)

    def _span(self) -> tuple[date, date]:
        """The civil days in which matches can lie; a day more at each end for samples that reach over midnight."""
        query = self._query
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
        since = FIRST_DAY if low is None else max(self._day(low), FIRST_DAY + _REACH) - _REACH
        until = LAST_DAY if high is None else self._day(high - 1)
        return since, until

    def _day(self, at: int) -> date:
        return local_day(at, self._zone)

    def _rows(self, chunk: FoundChunk, columns: Columns, channel: str | None) -> npt.NDArray[np.bool_]:
        """Which of some samples of a chunk, or of one channel of a split panel, fit the search."""
        query = self._query
        ok = all_match(query.dates, columns.start, _ends(chunk.code, columns))
        if query.statuses:
            soft = (columns.quality & 8) > 0
            ok &= np.where(soft, fits_status(query, "preliminary"), fits_status(query, "final"))
        if query.cursor is not None:
            at = query.cursor.start_us
            ok &= columns.start <= at if query.descending else columns.start >= at
        if query.ids is not None:
            number = number_of((chunk.code, channel))
            wanted = {
                key.start_us
                for one in query.ids
                if (key := parse_observation_id(one)) is not None
                and key == _key_of(chunk, number, key.start_us)
            }
            ok &= np.isin(columns.start, list(wanted))
        if channel is not None:
            ok &= ~np.isnan(columns.channels[channel])
        return self._deciding.mask(chunk, columns, channel, ok)

    def _matching(self, chunk: FoundChunk, targets: set[Target], limit: int) -> Iterator[Part]:
        """The samples of a chunk that fit, nearest the page's beginning first, at most ``limit`` a channel."""
        for channel in _channels(chunk, targets):
            rows, starts = self._nearest(chunk, channel, limit + 1)
            if len(rows):
                yield Part(chunk, channel, rows, starts)

    def _nearest(
        self, chunk: FoundChunk, channel: str | None, limit: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The rows of a channel that fit, and when they start; asked in growing pieces, as a page is a small part of a day."""
        rows, down = len(chunk.samples), self._query.descending
        found = [np.empty(0, np.int64)]
        starts = [np.empty(0, np.int64)]
        asked, size, held = 0, max(_PIECE, 2 * limit), 0
        while asked < rows and held < limit:
            upto = min(rows, asked + size)
            low, high = (rows - upto, rows - asked) if down else (asked, upto)
            part = chunk.samples.take(slice(low, high))
            fit = np.flatnonzero(self._rows(chunk, part, channel))
            fit = fit[::-1] if down else fit
            found.append(fit + low)
            starts.append(part.start[fit])
            held += len(fit)
            asked, size = upto, 4 * size
        return np.concatenate(found)[:limit], np.concatenate(starts)[:limit]


def _channels(chunk: FoundChunk, targets: set[Target]) -> list[str | None]:
    """The channels of a chunk that are searched; None for a chunk that gives whole Observations."""
    wanted = [channel for code, channel in targets if code == chunk.code]
    return [one for one in wanted if one is None or one in chunk.samples.channels]


def local_day(at: int, zone: ZoneInfo) -> date:
    """The civil day of an instant."""
    return day_of((at + offset_us(at, zone)) // _DAY)


def _key_of(chunk: FoundChunk, number: int, start_us: int) -> ObservationKey:
    return ObservationKey(chunk.person_id, number, chunk.source_id.bytes[:8], start_us)


def holds_any(held: Sequence[str], group: Sequence[Token]) -> bool:
    """Whether any ``system|code`` held fits any of the tokens."""
    pairs = [one.partition("|") for one in held]
    return any(token.holds((system, code)) for token in group for system, _bar, code in pairs)


def fits_status(query: ObservationQuery, status: str) -> bool:
    """Whether a status fits."""
    return all(holds_any([f"{_STATUS}|{status}"], group) for group in query.statuses)


def _ends(code: str, columns: Columns) -> npt.NDArray[np.int64]:
    """The ends [., high) of the ranges that the rendered times name: their precision counts (n)."""
    start = columns.start if columns.duration is None else columns.start + columns.duration
    if VITALS[code].kind == "day":
        return columns.start + _DAY
    if not (start % _SECOND).any():
        return start + _SECOND
    step = np.where(start % _SECOND == 0, _SECOND, np.where(start % 1000 == 0, 1000, 1))
    return np.asarray(start + step)


def first(query: ObservationQuery, parts: Sequence[Part], wanted: int) -> list[Part]:
    """What can be on the page: the samples up to the last start that fits, ties included."""
    keep = wanted + sum(_tied(query, one) for one in parts)
    if sum(len(one.starts) for one in parts) <= keep:
        return list(parts)
    starts = np.sort(np.concatenate([one.starts for one in parts]))
    if query.descending:
        return [one.take(one.starts >= starts[-keep]) for one in parts]
    return [one.take(one.starts <= starts[keep - 1]) for one in parts]


def _tied(query: ObservationQuery, part: Part) -> int:
    """How many samples begin with the last one of the page before."""
    return 0 if query.cursor is None else int((part.starts == query.cursor.start_us).sum())


def after(query: ObservationQuery) -> Callable[[Any], bool]:
    """Whether something found follows the cursor."""
    if query.cursor is None:
        return lambda _one: True
    at = (query.cursor.start_us, query.cursor.id)
    if query.descending:
        return lambda one: (one.start_us, one.id) < at
    return lambda one: (one.start_us, one.id) > at


def in_order(query: ObservationQuery, found: list[Found]) -> list[Found]:
    """What follows the cursor, in the order of the search."""
    kept = found if query.cursor is None else filter(after(query), found)
    return sorted(kept, key=_PLACE, reverse=query.descending)
