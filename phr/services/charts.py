"""Charts: day summaries and samples of one person, for whoever may see them, over some days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from ingest.codes import VITALS
from phr.domain.access import Access
from phr.domain.samples import Columns, Summary
from phr.store.uow import Store
from phr.store.vitals import SourceRow

_LONGEST: Final = 400  # days in one look: a year of weeks and the days before that make the usual range


@dataclass(frozen=True, slots=True)
class DayValue:
    """The summary of one channel of one day from one source."""

    code: str
    channel: str
    day: date
    source: UUID
    summary: Summary
    label: str = ""


@dataclass(frozen=True, slots=True)
class DaySamples:
    """The samples of one code of one day from one source; ``key`` and ``label`` are the source's own names."""

    code: str
    day: date
    source: UUID
    key: str
    columns: Columns
    label: str = ""


class Charts:
    """Reads what charts draw."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def days(
        self, person: UUID, codes: Sequence[str], since: date, until: date, access: Access
    ) -> list[DayValue]:
        """Summaries, oldest first; both ends included. Days that are not for this caller are absent."""
        with self._store.begin(access.about(person)) as uow:
            rows = uow.vitals.days(person, codes, max(since, _floor(until)), until)
            sources = uow.vitals.sources(person) if rows else {}
            uow.audit.add(
                "read",
                "day-summaries",
                person,
                categories=_categories([row.code for row in rows]),
                count=len(rows),
            )
            uow.commit()
        return [
            DayValue(
                row.code, row.channel, row.day, row.source_id, row.summary, _name(sources.get(row.source_id))
            )
            for row in rows
        ]

    def samples(
        self, person: UUID, codes: Sequence[str], since: date, until: date, access: Access
    ) -> list[DaySamples]:
        """Samples of whole days, oldest first; both ends included."""
        with self._store.begin(access.about(person)) as uow:
            chunks = uow.vitals.chunks(person, codes, max(since, _floor(until)), until)
            sources = uow.vitals.sources(person) if chunks else {}
            uow.audit.add(
                "read",
                "Observation",
                person,
                categories=_categories([chunk.slot.code for chunk in chunks]),
                count=sum(len(chunk.columns) for chunk in chunks),
            )
            uow.commit()
        found = []
        for chunk in chunks:
            source = sources.get(chunk.slot.source_id)
            key = "" if source is None else source.key
            found.append(
                DaySamples(
                    chunk.slot.code, chunk.slot.day, chunk.slot.source_id, key, chunk.columns, _name(source)
                )
            )
        return found


def _name(source: SourceRow | None) -> str:
    return "" if source is None else source.shown


def _floor(until: date) -> date:
    return date.fromordinal(max(1, until.toordinal() - _LONGEST))


def _categories(codes: Sequence[str]) -> str:
    return ",".join(sorted({VITALS[code].consent_category for code in codes}))
