"""Before the store: which rows are consented, possible and true, and which day each belongs to."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest.codes import VITALS
from ingest.series import SOFT_LIMIT, Series
from phr.domain.days import day_numbers, day_of, number_of
from phr.domain.samples import Columns
from phr.ids import source_id
from phr.store.intake import Quarantined
from phr.store.vitals import Slot, SourceRow
from risk.plausibility import check

_FUTURE_US: Final = 300_000_000  # a clock may be five minutes fast (R5.4)
_FIRST_US: Final = -2_208_988_800_000_000  # 1900-01-01: nobody measured before
_LONGEST_US: Final = 36 * 3_600_000_000  # of one interval; searches count on it
_FARTHEST: Final = 14 * 3_600  # seconds: no place is further from UTC, and FHIR writes no more
_YEAR: Final = 365.2425
_KEPT: Final = 200  # samples of one kind kept in quarantine from one delivery; the rest is counted
Allowed = Callable[[str, date], bool]
Mask = npt.NDArray[np.bool_]
Sample = tuple[str, UUID, int]
"""Which sample of a person: code, source, start."""


@dataclass
class Prepared:
    """A delivery, sorted out: what to store, what to keep apart, what was refused."""

    parts: dict[Slot, list[Columns]] = field(default_factory=dict)
    categories: dict[Slot, str] = field(default_factory=dict)
    sources: dict[UUID, SourceRow] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)
    apart: set[Sample] = field(default_factory=set)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: int = 0
    quarantined: int = 0


class Preparer:
    """Sorts out series of one person."""

    def __init__(self, allowed: Allowed, zone: ZoneInfo, now_us: int, birth: date | None) -> None:
        self._allowed = allowed
        self._zone = zone
        self._now_us = now_us
        self._birth = birth
        self.result = Prepared()

    def fresh(self) -> Preparer:
        """Another that has sorted out nothing yet."""
        return Preparer(self._allowed, self._zone, self._now_us, self._birth)

    def add(self, series: Series) -> None:
        """Takes one series; rows of one civil day go to one slot."""
        if not len(series):
            return
        category = VITALS[series.code].consent_category
        days = day_numbers(series.start, self._zone)
        series, days = self._consented(series, days, category)
        series, days = self._possible(series, days, category)
        if not len(series):
            return
        identity = source_id(series.source.key)
        self.result.sources[identity] = SourceRow(
            identity,
            series.source.key,
            series.source.label,
            series.source.platform,
            series.source.device,
            series.source.method,
            series.source.phd,
        )
        for number, rows in _by_day(days):
            slot = Slot(series.code, day_of(number), identity)
            self.result.parts.setdefault(slot, []).append(_columns(series, rows))
            self.result.categories[slot] = category

    def _consented(
        self, series: Series, days: npt.NDArray[np.int64], category: str
    ) -> tuple[Series, npt.NDArray[np.int64]]:
        """Drops rows of days that the person does not share for collecting; they are counted, not kept."""
        numbers = (
            [int(days[0])] if days[0] == days[-1] and (days == days[0]).all() else np.unique(days).tolist()
        )
        closed = [number for number in numbers if not self._allowed(category, _date(number))]
        if not closed:
            return series, days
        keep = ~np.isin(days, closed)
        refused = int(len(days) - keep.sum())
        self.result.refused += refused
        self.result.counts["no-consent", category] += refused
        self.result.apart |= _named(series, ~keep)
        return series.take(keep), days[keep]

    def _possible(
        self, series: Series, days: npt.NDArray[np.int64], category: str
    ) -> tuple[Series, npt.NDArray[np.int64]]:
        """Sets impossible rows apart, each for the first reason that holds."""
        reasons = [*_times(series, self._now_us), *self._values(series, days)]
        left = np.ones(len(series), bool)
        for reason, rows in reasons:
            self._set_apart(series, days, category, reason, rows & left)
            left &= ~rows
        return (series, days) if left.all() else (series.take(left), days[left])

    def _values(self, series: Series, days: npt.NDArray[np.int64]) -> list[tuple[str, Mask]]:
        """Rows whose values cannot be true at the age that the person had on that day."""
        if self._birth is None or not len(days):
            return list(check(series.code, series.channels).why.items())
        ages = np.floor((days - number_of(self._birth)) / _YEAR)
        found: list[tuple[str, Mask]] = []
        for age in np.unique(ages).tolist():
            rows = np.flatnonzero(ages == age)
            part = series if len(rows) == len(series) else series.take(rows)
            for reason, bad in check(part.code, part.channels, age=age).why.items():
                mask = np.zeros(len(series), bool)
                mask[rows[bad]] = True
                found.append((reason, mask))
        return found

    def _set_apart(
        self, series: Series, days: npt.NDArray[np.int64], category: str, reason: str, rows: Mask
    ) -> None:
        chosen = np.flatnonzero(rows)
        if not len(chosen):
            return
        self.result.quarantined += len(chosen)
        self.result.counts["quarantined", f"{series.code} {reason}"] += len(chosen)
        self.result.apart |= _named(series, rows)
        for row in chosen[:_KEPT].tolist():
            sample = _sample(series, row)
            mark = sha256(f"{series.code}|{series.source.key}|{reason}|{sample}".encode()).hexdigest()[:32]
            day = _date(int(days[row]))
            self.result.quarantine.append(
                (mark, series.code, category, day, reason, series.source.key, sample)
            )


def _named(series: Series, rows: Mask) -> set[Sample]:
    """Which samples rows are."""
    source = source_id(series.source.key)
    return {(series.code, source, start) for start in series.start[rows].tolist()}


def _times(series: Series, now_us: int) -> list[tuple[str, Mask]]:
    """Rows whose times cannot be true."""
    found = [
        ("time:in-the-future", series.start > now_us + _FUTURE_US),
        ("time:too-early", series.start < _FIRST_US),
        ("time:no-such-zone", np.abs(series.offset.astype(np.int64)) > _FARTHEST),
    ]
    if series.duration is not None:
        found.append(("duration:out-of-range", (series.duration < 0) | (series.duration > _LONGEST_US)))
    return [(reason, rows) for reason, rows in found if rows.any()]


def judged(code: str, columns: Columns, day: date, birth: date | None) -> Columns:
    """A whole day with its unlikely values marked as to be confirmed (R5.4).

    The day decides, not the delivery: what a run of values says must not depend on how it was cut into deliveries.
    """
    age = None if birth is None else float(np.floor((day - birth).days / _YEAR))
    soft = check(code, columns.channels, columns.duration, start=columns.start, age=age).soft
    if not soft.any():
        return columns
    return replace(columns, quality=columns.quality | np.where(soft, SOFT_LIMIT, 0).astype(np.uint8))


def _date(number: int) -> date:
    return day_of(max(-700_000, min(2_900_000, number)))


def _columns(series: Series, rows: slice | npt.NDArray[np.intp]) -> Columns:
    return Columns(
        start=series.start[rows],
        channels={name: column[rows] for name, column in series.channels.items()},
        offset=series.offset[rows],
        quality=series.quality[rows],
        duration=None if series.duration is None else series.duration[rows],
    )


def _by_day(days: npt.NDArray[np.int64]) -> Iterator[tuple[int, slice | npt.NDArray[np.intp]]]:
    """The rows of each day: slices where days are in order, else positions."""
    if days[0] == days[-1] and (days == days[0]).all():
        yield int(days[0]), slice(None)
        return
    steps = np.diff(days)
    if (steps >= 0).all() or (steps <= 0).all():
        edges = [0, *(np.flatnonzero(steps) + 1).tolist(), len(days)]
        for first, last in itertools.pairwise(edges):
            yield int(days[first]), slice(first, last)
        return
    order = np.argsort(days, kind="stable")
    numbers, firsts = np.unique(days[order], return_index=True)
    yield from zip(numbers.tolist(), np.split(order, firsts[1:]), strict=True)


def _sample(series: Series, row: int) -> str:
    """One row as JSON, for a person who reviews it."""
    return json.dumps(
        {
            "start": int(series.start[row]),
            "duration": None if series.duration is None else int(series.duration[row]),
            **{name: _number(float(column[row])) for name, column in series.channels.items()},
        }
    )


def _number(value: float) -> float | str:
    return value if value == value and abs(value) != float("inf") else str(value)  # noqa: PLR0124 - NaN is not itself


def coalesce(series: Sequence[Series]) -> list[Series]:
    """Series of one code and source joined, so that each day is merged and encoded once."""
    groups: dict[tuple[str, str, frozenset[str], bool], list[Series]] = {}
    for one in series:
        groups.setdefault(
            (one.code, one.source.key, frozenset(one.channels), one.duration is None), []
        ).append(one)
    return [group[0] if len(group) == 1 else _joined(group) for group in groups.values()]


def _joined(group: Sequence[Series]) -> Series:
    first = group[0]
    return Series(
        code=first.code,
        source=first.source,
        start=np.concatenate([one.start for one in group]),
        channels={name: np.concatenate([one.channels[name] for one in group]) for name in first.channels},
        offset=np.concatenate([one.offset for one in group]),
        quality=np.concatenate([one.quality for one in group]),
        duration=None
        if first.duration is None
        else np.concatenate([one.duration for one in group if one.duration is not None]),
    )
