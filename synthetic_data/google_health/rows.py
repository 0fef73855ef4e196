"""Columns of data points as the cloud holds them, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from synthetic_data.google_health.dice import Floats, Ints


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Rows:
    """Points of one data type.

    Seconds since the epoch in UTC; a daily type has its civil midnight in ``start`` as if the zone were UTC.
    ``label`` is a zone or level where the type has one, else the row of ``details`` of a session.
    """

    start: Ints = field(default_factory=_none)
    end: Ints = field(default_factory=_none)
    offset: Ints = field(default_factory=_none)
    end_offset: Ints = field(default_factory=_none)
    value: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float64))
    label: Ints = field(default_factory=_none)
    source: Ints = field(default_factory=_none)
    micro: Ints = field(default_factory=_none)
    details: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.start)

    def take(self, chosen: npt.NDArray[Any] | slice) -> Rows:
        """The chosen rows, in the order of ``chosen``."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in COLUMNS})

    def newest_first(self) -> Rows:
        """Sorted by start, newest first; sources keep their order at one instant."""
        return self.take(np.lexsort((self.source, -self.start)))


COLUMNS = ("start", "end", "offset", "end_offset", "value", "label", "source", "micro")


def build(
    start: Ints,
    end: Ints,
    offset: Ints,
    end_offset: Ints,
    value: npt.NDArray[Any],
    *,
    label: Ints | None = None,
    source: int | Ints = 0,
    micro: Ints | None = None,
    details: Sequence[Any] = (),
) -> Rows:
    """Rows with the columns that a type does not use filled in."""
    count = len(start)
    zeros = np.zeros(count, dtype=np.int64)
    origin = np.full(count, source, dtype=np.int64) if isinstance(source, int) else source
    return Rows(
        start.astype(np.int64),
        end.astype(np.int64),
        offset,
        end_offset,
        value.astype(np.float64),
        zeros if label is None else label.astype(np.int64),
        origin,
        zeros if micro is None else micro,
        tuple(details),
    )


def join(parts: Sequence[Rows]) -> Rows:
    """All rows of the parts one after another; sessions are never joined."""
    if not parts:
        return Rows()
    if len(parts) == 1:
        return parts[0]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    return Rows(**columns, details=parts[0].details)
