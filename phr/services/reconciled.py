"""The reconciled view of one person's days: what is true of several devices together, and which one said it when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.reconcile import (
    KINDS,
    NOTHING,
    Reconciled,
    Spans,
    Stretch,
    Told,
    nights,
    reconcile,
    worn_spans,
)
from phr.domain.samples import Columns
from phr.errors import Invalid
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk, SourceRow

_HEART: Final = "8867-4"
_SLEEP: Final = "93832-4"
_LONGEST: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Share:
    """What one source gave to a day: its name as the person knows it, and the times it answers for."""

    source: UUID
    label: str
    stretches: tuple[Stretch, ...]

    @property
    def minutes(self) -> float:
        """Minutes answered for."""
        return sum(one.end - one.start for one in self.stretches) / 60_000_000


@dataclass(frozen=True, slots=True)
class DayView:
    """One day of one vital: its value (a sum; for heart rates the mean), the shares of its sources, and its rows.

    columns: None for nights, which are read as wholes.
    """

    day: date
    value: float
    shares: tuple[Share, ...]
    columns: Columns | None = None


class ReconciledDays:
    """Reads days with the overlaps of devices resolved."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def __call__(
        self,
        person: UUID,
        code: str,
        since: date,
        until: date,
        access: Access,
        *,
        crowded_only: bool = False,
    ) -> list[DayView]:
        """Days with a value, oldest first; both ends included. A night belongs to the day of waking up.

        crowded_only: only days of which more than one source speaks; the summary tells the others.
        Raises Invalid for a code that is not reconciled.
        """
        kind = KINDS.get(code)
        if kind is None:
            raise Invalid("is not reconciled", field="code")
        since = max(since, until - _LONGEST)
        with self._store.begin(access.about(person)) as uow:
            told, labels = self._told(uow, person, code, (since, until), crowded_only=crowded_only)
            uow.audit.add(
                "read",
                "Observation",
                person,
                categories=VITALS[code].consent_category if told else "",
                count=sum(len(one.columns) for parts in told.values() for one in parts),
            )
            uow.commit()
        if kind == "nights":
            groups = nights([one for parts in told.values() for one in parts])
            return self._nights([reconcile(kind, group) for group in groups], labels, since, until)
        views = ((day, reconcile(kind, parts)) for day, parts in sorted(told.items()))
        return [
            DayView(
                day, view.total if kind == "amount" else _mean(view), _shares([view], labels), view.columns
            )
            for day, view in views
            if view is not None
        ]

    def _told(
        self, uow: UnitOfWork, person: UUID, code: str, days: tuple[date, date], *, crowded_only: bool
    ) -> tuple[dict[date, list[Told]], Mapping[UUID, SourceRow]]:
        """What each source says, by the day under which it is stored."""
        first, last = days
        margin = timedelta(days=1 if code == _SLEEP else 0)
        chunks = uow.vitals.chunks(person, [code], first - margin, last)
        if crowded_only:
            chunks = _crowded(chunks, together=code == _SLEEP)
        if not chunks:
            return {}, {}
        sources = uow.vitals.sources(person)
        hearts = uow.vitals.chunks(person, [_HEART], chunks[0].slot.day, chunks[-1].slot.day)
        worn = {
            (sources[one.slot.source_id].device, one.slot.day): worn_spans(one.columns)
            for one in hearts
            if one.slot.source_id in sources and sources[one.slot.source_id].device
        }
        told: dict[date, list[Told]] = defaultdict(list)
        for chunk in chunks:
            told[chunk.slot.day].append(_telling(chunk, sources, worn))
        return told, sources

    def _nights(
        self,
        views: Sequence[Reconciled | None],
        labels: Mapping[UUID, SourceRow],
        since: date,
        until: date,
    ) -> list[DayView]:
        """Nights and naps by the day on which they end."""
        found: dict[date, list[Reconciled]] = defaultdict(list)
        for view in views:
            if view is not None:
                found[day_at(_moment(max(one.end for one in view.stretches())), self._zone)].append(view)
        return [
            DayView(day, sum(one.total for one in of_day), _shares(of_day, labels))
            for day, of_day in sorted(found.items())
            if since <= day <= until
        ]


def _crowded(chunks: Sequence[Chunk], *, together: bool) -> list[Chunk]:
    """The chunks of days that more than one source speaks of; nights may reach over midnight, so all or none."""
    speaking: dict[date, set[UUID]] = defaultdict(set)
    for one in chunks:
        speaking[date.min if together else one.slot.day].add(one.slot.source_id)
    return [one for one in chunks if len(speaking[date.min if together else one.slot.day]) > 1]


def _telling(chunk: Chunk, sources: Mapping[UUID, SourceRow], worn: Mapping[tuple[str, date], Spans]) -> Told:
    known = sources.get(chunk.slot.source_id)
    if known is None:
        return Told(chunk.slot.source_id, chunk.columns)
    spans = worn.get((known.device, chunk.slot.day), NOTHING)
    return Told(chunk.slot.source_id, chunk.columns, known.method, known.platform, spans)


def _shares(views: Iterable[Reconciled], labels: Mapping[UUID, SourceRow]) -> tuple[Share, ...]:
    """Who gave which time, the longest first."""
    by_source: dict[UUID, list[Stretch]] = defaultdict(list)
    for view in views:
        for one in view.stretches():
            by_source[one.source].append(one)
    shares = [
        Share(source, labels[source].shown if source in labels else "", tuple(stretches))
        for source, stretches in by_source.items()
    ]
    return tuple(sorted(shares, key=lambda one: (-one.minutes, str(one.source))))


def _moment(at_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)


def _mean(view: Reconciled) -> float:
    return view.total / len(view.columns)
