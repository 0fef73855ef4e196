"""Samples of one day: merging deliveries in any order, and the summary that charts, rules and exports read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ingest.series import SOFT_LIMIT

_MINUTE: Final = 60_000_000
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Columns:
    """The samples of one person, code, source and day, sorted by start, one row per start.

    start: int64 (n) microseconds since the epoch; duration: int64 (n) or None; offset: int32 (n) seconds;
    quality: uint8 (n); channels: name -> float64 (n), NaN where a row has no value.
    """

    start: npt.NDArray[np.int64]
    channels: Mapping[str, npt.NDArray[np.float64]]
    offset: npt.NDArray[np.int32]
    quality: npt.NDArray[np.uint8]
    duration: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: npt.NDArray[Any] | slice) -> Columns:
        """The given rows."""
        return Columns(
            start=self.start[rows],
            channels={name: column[rows] for name, column in self.channels.items()},
            offset=self.offset[rows],
            quality=self.quality[rows],
            duration=None if self.duration is None else self.duration[rows],
        )


@dataclass(frozen=True, slots=True)
class Merged:
    """A day after a delivery.

    columns: what is kept, sorted, one row per start; added: rows that were not there before;
    changed: whether anything differs from before; losers: rows with a kept start and another value;
    corrected: how many of the losers were kept before this delivery.
    """

    columns: Columns
    added: int
    changed: bool
    losers: Columns | None = None
    corrected: int = 0


def joined(parts: list[Columns]) -> Columns:
    """All rows of several parts, in the order given. A channel that a part lacks is NaN there."""
    if len(parts) == 1:
        return parts[0]
    names = sorted({name for part in parts for name in part.channels})
    timed = any(part.duration is not None for part in parts)
    return Columns(
        start=np.concatenate([part.start for part in parts]),
        channels={
            name: np.concatenate([part.channels.get(name, np.full(len(part), np.nan)) for part in parts])
            for name in names
        },
        offset=np.concatenate([part.offset for part in parts]),
        quality=np.concatenate([part.quality for part in parts]),
        duration=np.concatenate(
            [np.zeros(len(part), np.int64) if part.duration is None else part.duration for part in parts]
        )
        if timed
        else None,
    )


def merge(before: Columns | None, arrived: Columns) -> Merged:
    """Adds a delivery to a day.

    The result is the same for any order, partition and repetition of deliveries: of the rows that share a start
    the smallest in a fixed order is kept, and every other distinct one is a loser. Whether a value is soft
    (unlikely, to be confirmed) is a judgement about it and no part of it: once said of a row, it stays.
    """
    ordered = _in_order(arrived)
    if before is None:
        kept, losers = _without_repeats(ordered)
        return Merged(kept, len(kept), True, losers)
    if _contains(before, ordered):
        return Merged(before, 0, False)
    if before.start[-1] < ordered.start[0] or ordered.start[-1] < before.start[0]:
        ordered, losers = _without_repeats(ordered)
        pair = [before, ordered] if before.start[-1] < ordered.start[0] else [ordered, before]
        return Merged(joined(pair), len(ordered), True, losers)
    kept, losers = _without_repeats(_in_order(joined([before, ordered])))
    changed = not (_same(kept, before) and np.array_equal(kept.quality, before.quality))
    return Merged(kept, len(kept) - len(before), changed, losers)


def correct(before: Columns | None, arrived: Columns) -> Merged:
    """Adds what a source says when it is asked again: of rows that share a start, the one that it gives now is kept.

    What was kept before becomes a loser: set aside, not lost. The same answer again changes nothing.
    """
    if before is None:
        return merge(None, arrived)
    now, losers = _without_repeats(_in_order(arrived))
    held = np.flatnonzero(np.isin(before.start, now.start))
    both = joined([before.take(held), now.take(np.isin(now.start, before.start))])
    differs = np.zeros(len(held), bool)
    for key in _sort_keys(both):
        differs |= key[: len(held)] != key[len(held) :]
    if not differs.any():
        return merge(before, arrived)
    old = before.take(held[differs])
    rest = np.delete(np.arange(len(before)), held[differs])
    kept = merge(before.take(rest), now).columns if len(rest) else now
    aside = old if losers is None else joined([old, losers])
    return Merged(kept, len(kept) - len(before), True, aside, len(old))


def _in_order(columns: Columns) -> Columns:
    if len(columns) < 2 or bool((np.diff(columns.start) > 0).all()):
        return columns
    return columns.take(np.argsort(columns.start, kind="stable"))


def _without_repeats(ordered: Columns) -> tuple[Columns, Columns | None]:
    """Rows sorted by start, reduced to one per start; and the distinct rows that lost."""
    same = ordered.start[1:] == ordered.start[:-1]
    if not same.any():
        return ordered, None
    keys = _sort_keys(ordered)
    order = np.lexsort((~ordered.quality & SOFT_LIMIT, *reversed(keys), ordered.start))
    rows = ordered.take(order)
    first = np.concatenate(([True], rows.start[1:] != rows.start[:-1]))
    differs = np.zeros(len(rows), bool)
    for key in _sort_keys(rows):
        differs[1:] |= key[1:] != key[:-1]
    losing = ~first & differs
    return rows.take(first), rows.take(losing) if losing.any() else None


def _sort_keys(columns: Columns) -> list[npt.NDArray[Any]]:
    """Keys that order rows of one start totally; NaN as bits, and every NaN as the same, so that it equals itself."""
    keys: list[npt.NDArray[Any]] = [columns.quality & ~np.uint8(SOFT_LIMIT), columns.offset]
    if columns.duration is not None:
        keys.append(columns.duration)
    keys.extend(_bits(columns.channels[name]) for name in sorted(columns.channels))
    return keys


def _bits(column: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.where(np.isnan(column), np.nan, column + 0.0).view(np.int64)


def _same(one: Columns, other: Columns) -> bool:
    if len(one) != len(other) or set(one.channels) != set(other.channels):
        return False
    if (one.duration is None) != (other.duration is None) or not np.array_equal(one.start, other.start):
        return False
    return all(np.array_equal(a, b) for a, b in zip(_sort_keys(one), _sort_keys(other), strict=True))


def _contains(before: Columns, arrived: Columns) -> bool:
    """Whether every arriving row is there already, exactly."""
    if set(before.channels) != set(arrived.channels) or (before.duration is None) != (
        arrived.duration is None
    ):
        return False
    if len(arrived) == len(before):
        held = before
    else:
        at = np.searchsorted(before.start, arrived.start)
        if (at >= len(before)).any() or not np.array_equal(before.start[at], arrived.start):
            return False
        held = before.take(at)
    return _same(held, arrived) and not (arrived.quality & ~held.quality & SOFT_LIMIT).any()


def fingerprints(columns: Columns) -> list[str]:
    """A short fixed text per row that two rows share only when they are equal; channels without a value do not count."""
    duration = np.zeros(len(columns), np.int64) if columns.duration is None else columns.duration
    bits = {name: _bits(column).tolist() for name, column in sorted(columns.channels.items())}
    held = {name: (~np.isnan(column)).tolist() for name, column in columns.channels.items()}
    quality = (columns.quality & ~np.uint8(SOFT_LIMIT)).tolist()
    rows = zip(quality, columns.offset.tolist(), duration.tolist(), strict=True)
    return [
        sha256(repr((row, [(name, bits[name][at]) for name in bits if held[name][at]])).encode()).hexdigest()[
            :16
        ]
        for at, row in enumerate(rows)
    ]


def sample_texts(columns: Columns) -> list[str]:
    """Rows of columns as JSON, for values that are kept aside. Channels without a value are left out."""
    names = sorted(columns.channels)
    return [
        json.dumps(
            {
                "start": int(columns.start[row]),
                "duration": None if columns.duration is None else int(columns.duration[row]),
                "offset": int(columns.offset[row]),
                **{
                    name: float(columns.channels[name][row])
                    for name in names
                    if not np.isnan(columns.channels[name][row])
                },
            }
        )
        for row in range(len(columns))
    ]


@dataclass(frozen=True, slots=True)
class Summary:
    """One channel of one day: count, extremes, mean, total and quantiles of its values, in the channel's unit."""

    channel: str
    n: int
    minimum: float
    maximum: float
    mean: float
    total: float
    quantiles: tuple[float, ...]
    worn_minutes: int


def summarise(columns: Columns) -> list[Summary]:
    """The summary of each channel that has a value. Quantiles are those of the sorted values, nearest rank."""
    minutes = columns.start // _MINUTE
    worn = int(np.count_nonzero(np.diff(minutes))) + 1 if len(minutes) else 0
    found = []
    for name in sorted(columns.channels):
        values = columns.channels[name]
        total = float(values.sum())
        if math.isnan(total):  # some rows have no value in this channel
            values = values[~np.isnan(values)]
            total = float(values.sum())
        if not len(values):
            continue
        ordered = np.sort(values)
        ranks = [min(len(ordered) - 1, int(q * len(ordered))) for q in _QUANTILES]
        found.append(
            Summary(
                channel=name,
                n=len(values),
                minimum=float(ordered[0]),
                maximum=float(ordered[-1]),
                mean=total / len(values),
                total=total,
                quantiles=tuple(float(ordered[rank]) for rank in ranks),
                worn_minutes=worn,
            )
        )
    return found
