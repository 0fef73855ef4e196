"""Reconciles what several sources say of the same hours: one source for each moment, with the evidence kept.

Sources stay apart in the store; this view is made from them and says which source gave which minutes. Overlaps are
never added up, and the view never holds less than the best single source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final, Literal
from uuid import UUID

import numpy as np
import numpy.typing as npt

from phr.domain.samples import Columns, joined, merge

Instants = npt.NDArray[np.int64]
Spans = tuple[Instants, Instants]
"""Starts and ends of stretches, sorted and disjoint."""

Kind = Literal["amount", "beats", "nights"]
KINDS: Final[dict[str, Kind]] = {
    "55423-8": "amount",
    "55430-3": "amount",
    "55424-6": "amount",
    "8867-4": "beats",
    "93832-4": "nights",
}
"""What can be reconciled: amounts that grow over time, heart beats minute by minute, and sleep night by night."""

_MINUTE: Final = 60_000_000
WORN_GAP: Final = 10 * _MINUTE
"""Heart rates that are no further apart show that the device was worn in between."""
_AGGREGATORS: Final = frozenset({"HEALTH_CONNECT", "fhir", "unknown", ""})
"""Platforms that hand on what others measured."""
NOTHING: Final[Spans] = (np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Told:
    """What one source says. worn: stretches in which its own heart rates show that it was worn."""

    source: UUID
    columns: Columns
    method: str = "unknown"
    platform: str = ""
    worn: Spans = NOTHING


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time that one source answers for; start and end in microseconds since the epoch."""

    source: UUID
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One value for each moment. owner: the place in ``sources`` of the source of each row."""

    columns: Columns
    owner: npt.NDArray[np.int64]
    sources: tuple[UUID, ...]

    @property
    def total(self) -> float:
        """The sum of the values."""
        return float(np.nansum(self.columns.channels["value"]))

    def stretches(self) -> list[Stretch]:
        """Which source gave which time; touching rows of one source are one stretch, an instant is its minute."""
        starts, ends = _spans_of(self.columns)
        if self.columns.duration is None:
            starts = starts // _MINUTE * _MINUTE
            ends = starts + _MINUTE
        found: list[Stretch] = []
        for owner, start, end in zip(self.owner.tolist(), starts.tolist(), ends.tolist(), strict=True):
            source = self.sources[owner]
            if found and found[-1].source == source and start <= found[-1].end:
                found[-1] = Stretch(source, found[-1].start, max(end, found[-1].end))
            else:
                found.append(Stretch(source, start, end))
        return found


def worn_spans(heart: Columns) -> Spans:
    """Stretches without a gap of more than ``WORN_GAP`` between heart rates."""
    if not len(heart):
        return NOTHING
    breaks = np.flatnonzero(np.diff(heart.start) > WORN_GAP)
    return (
        heart.start[np.concatenate(([0], breaks + 1))],
        heart.start[np.concatenate((breaks, [len(heart) - 1]))] + _MINUTE,
    )


def rank(told: Told) -> int:
    """How good the evidence is: 0 worn at the time, 1 measured by the device itself, 2 handed on or computed, 3 typed."""
    if told.method == "manual":
        return 3
    if told.method not in ("passive", "active") or told.platform in _AGGREGATORS:
        return 2
    return 0 if len(told.worn[0]) else 1


def reconcile(kind: Kind, parts: Sequence[Told]) -> Reconciled | None:
    """The view over parts of one day or, for sleep, one night; None when nobody says anything.

    The same for any order, partition and repetition of the parts. For amounts, rows that reach into time already
    answered for keep the share of the rest, as if the amount were spread evenly over the interval.
    """
    sources = _by_source(parts)
    if not sources:
        return None
    ordered = sorted(sources, key=lambda one: (rank(one), -_alone(kind, one), str(one.source)))
    if kind == "beats":
        return _beats(ordered)
    best = min(sources, key=lambda one: (-_alone(kind, one), rank(one), str(one.source)))
    layer = _amounts if kind == "amount" else _nights
    first = layer(ordered)
    if first.total >= _alone(kind, best):
        return first
    return layer([best, *(one for one in ordered if one is not best)])


def nights(parts: Sequence[Told]) -> list[list[Told]]:
    """Sessions of sleep that overlap, directly or through others, as one night each; oldest first."""
    rows = [
        (int(start), int(end), told, row)
        for told in _by_source(parts)
        for row, (start, end) in enumerate(zip(*_spans_of(told.columns), strict=True))
    ]
    rows.sort(key=lambda one: (one[0], one[1], str(one[2].source)))
    groups: list[list[tuple[int, int, Told, int]]] = []
    reach = 0
    for one in rows:
        if groups and one[0] < reach:
            groups[-1].append(one)
        else:
            groups.append([one])
        reach = max(reach, one[1])
    return [_night(group) for group in groups]


def _night(group: Sequence[tuple[int, int, Told, int]]) -> list[Told]:
    found = []
    for one in {told.source: told for _, _, told, _ in group}.values():
        rows = np.array([row for _, _, told, row in group if told.source == one.source])
        found.append(replace(one, columns=one.columns.take(rows)))
    return found


def _by_source(parts: Sequence[Told]) -> list[Told]:
    """One part for each source; the parts of a source are merged as the store merges them."""
    groups: dict[UUID, list[Told]] = {}
    for told in parts:
        known = ~np.isnan(told.columns.channels["value"])
        if known.any():
            rows = told.columns if known.all() else told.columns.take(known)
            groups.setdefault(told.source, []).append(replace(told, columns=rows))
    found = []
    for source, same in groups.items():
        columns = merge(None, joined([one.columns for one in same])).columns
        worn = reduce(_union, (one.worn for one in same), NOTHING)
        method, platform = min((one.method, one.platform) for one in same)
        found.append(Told(source, columns, method, platform, worn))
    return found


def _spans_of(columns: Columns) -> Spans:
    """Starts and ends; what has no duration lasts a microsecond, so that it lies somewhere."""
    if columns.duration is None:
        return columns.start, columns.start + 1
    return columns.start, columns.start + np.maximum(columns.duration, 1)


def _union(one: Spans, other: Spans) -> Spans:
    """The stretches of both, touching ones joined."""
    starts, ends = np.concatenate((one[0], other[0])), np.concatenate((one[1], other[1]))
    if not len(starts):
        return NOTHING
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    breaks = np.flatnonzero(starts[1:] > reach[:-1])
    return starts[np.concatenate(([0], breaks + 1))], reach[np.concatenate((breaks, [len(reach) - 1]))]


def _inside(at: Instants, spans: Spans) -> npt.NDArray[np.bool_]:
    """Whether instants lie in a stretch."""
    if not len(spans[0]):
        return np.zeros(len(at), bool)
    place = np.searchsorted(spans[0], at, side="right") - 1
    held: npt.NDArray[np.bool_] = (place >= 0) & (at < spans[1][place])
    return held


def _disjoint(columns: Columns) -> Columns:
    """Rows of one source that do not overlap: each begins where those before it end, with its share of the amount."""
    starts, ends = _spans_of(columns)
    reach = np.concatenate(([starts[0]], np.maximum.accumulate(ends)[:-1]))
    begin = np.maximum(starts, reach)
    share = np.where(begin < ends, (ends - begin) / (ends - starts), 0.0)
    cut = _with(columns, begin, ends, columns.channels["value"] * share)
    return cut.take(begin < ends)


def _with(rows: Columns, starts: Instants, ends: Instants, values: npt.NDArray[Any]) -> Columns:
    return Columns(starts, {"value": values}, rows.offset, rows.quality, ends - starts)


def _free(columns: Columns, covered: Spans) -> Columns:
    """The parts of disjoint rows that lie outside the covered time."""
    starts, ends = _spans_of(columns)
    edges = np.unique(np.concatenate((starts, ends, *covered)))
    left, right = edges[:-1], edges[1:]
    keep = _inside(left, (starts, ends)) & ~_inside(left, covered)
    left, right = left[keep], right[keep]
    row = np.searchsorted(starts, left, side="right") - 1
    values = columns.channels["value"][row] * (right - left) / (ends - starts)[row]
    return _with(columns.take(row), left, right, values)


def _stack(kept: Sequence[Columns], sources: Sequence[UUID]) -> Reconciled:
    """The rows of all sources in time order, each with its owner."""
    owner = np.concatenate([np.full(len(one), place) for place, one in enumerate(kept)])
    rows = joined(list(kept))
    order = np.argsort(rows.start, kind="stable")
    return Reconciled(rows.take(order), owner[order], tuple(sources))


def _amounts(ordered: Sequence[Told]) -> Reconciled:
    """Each source fills the time that better ones leave free; a worn device that says nothing says zero."""
    covered = NOTHING
    kept = []
    for told in ordered:
        rows = _free(_disjoint(told.columns), covered)
        kept.append(rows)
        covered = reduce(_union, (_spans_of(rows), told.worn), covered)
    return _stack(kept, [told.source for told in ordered])


def _nights(ordered: Sequence[Told]) -> Reconciled:
    """Sessions as they are: one that overlaps a session of a better source is left out whole."""
    covered = NOTHING
    kept = []
    for told in ordered:
        rows = told.columns.take(_clear(told.columns, covered))
        kept.append(rows)
        covered = _union(covered, _spans_of(rows))
    return _stack(kept, [told.source for told in ordered])


def _clear(columns: Columns, covered: Spans) -> npt.NDArray[np.bool_]:
    """Which rows overlap neither the covered time nor an earlier row of their own."""
    starts, ends = _spans_of(columns)
    reach = np.concatenate(([starts[0]], np.maximum.accumulate(ends)[:-1]))
    first = np.searchsorted(covered[1], starts, side="right")
    hit = np.zeros(len(starts), bool)
    some = first < len(covered[0])
    hit[some] = covered[0][first[some]] < ends[some]
    clear: npt.NDArray[np.bool_] = (starts >= reach) & ~hit
    return clear


def _beats(ordered: Sequence[Told]) -> Reconciled:
    """All beats of the best source of each minute."""
    taken = np.empty(0, np.int64)
    kept = []
    for told in ordered:
        minutes = told.columns.start // _MINUTE
        kept.append(told.columns.take(~np.isin(minutes, taken)))
        taken = np.union1d(taken, minutes)
    return _stack(kept, [told.source for told in ordered])


def _alone(kind: Kind, told: Told) -> float:
    """What a source says by itself: the amount without its own overlaps, or the minutes with a beat."""
    if kind == "beats":
        return float(len(np.unique(told.columns.start // _MINUTE)))
    return (_amounts if kind == "amount" else _nights)([told]).total
