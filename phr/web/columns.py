"""Many samples as few columns: what a chart of a whole day draws, with every extreme and every gap kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

Floats = npt.NDArray[np.float64]
Moments = npt.NDArray[np.int64]

MOST: Final = 100_000
"""Points that a browser draws without stutter (docs/reference/benchmarks.md)."""
FIRST: Final = 2_000
"""Points of the first picture: about two for each pixel of a desk's screen; all of them come when somebody looks closer."""
_GAP_US: Final = 10 * 60 * 1_000_000
_GAP_STEPS: Final = 5


@dataclass(frozen=True, slots=True)
class Fine:
    """The samples of one day: instants in microseconds, rising, and one value each. ``of``: how many there were.

    A gap is where nothing was measured for ten minutes or five usual distances, whichever is longer.
    """

    at: Moments
    values: Floats
    gaps: tuple[int, ...]
    of: int

    def json(self) -> bytes:
        """Columns for the browser: milliseconds of the first, distances in ``unit`` ms, values, rows after which a gap is."""
        at = self.at // 1000
        unit = 1 if (at % 1000).any() else 1000
        told: dict[str, Any] = {
            "from": int(at[0]) if len(at) else 0,
            "unit": unit,
            "dx": np.diff(at, prepend=at[:1]) // unit,
            "y": np.round(self.values, 2),
            "gaps": list(self.gaps),
            "of": self.of,
        }
        return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)


def fine(at: Moments, values: Floats, most: int = MOST) -> Fine:
    """The samples of a day, at most about ``most`` of them: of each stretch the lowest and the highest, and both ends of a gap."""
    known = np.isfinite(values)
    at, values = at[known], values[known]
    after = _gaps(at)
    kept = thinned(values, most)
    if len(kept) < len(values):
        kept = np.unique(np.concatenate((kept, after, after + 1)))
    places = np.searchsorted(kept, after)
    return Fine(at[kept], values[kept], tuple(int(place) for place in places), len(values))


def _gaps(at: Moments) -> Moments:
    """The rows after which nothing was measured for long."""
    if len(at) < 2:
        return np.empty(0, np.int64)
    between = np.diff(at)
    long = max(float(_GAP_US), _GAP_STEPS * float(np.median(between)))
    return np.flatnonzero(between > long).astype(np.int64)


def thinned(values: Floats, most: int) -> Moments:
    """The rows of the lowest and highest value of each of ``most`` / 2 stretches, in order; all rows when they are few.

    What a pixel shows is the range of its samples, so nothing that would have been seen is lost.
    """
    count = len(values)
    if count <= most:
        return np.arange(count, dtype=np.int64)
    size = -(-count // max(1, most // 2))
    stretches = -(-count // size)
    filled = np.full(stretches * size, values[-1])
    filled[:count] = values
    table = filled.reshape(stretches, size)
    starts = np.arange(stretches) * size
    found = np.concatenate((starts + table.argmin(axis=1), starts + table.argmax(axis=1), [0, count - 1]))
    kept: Moments = np.unique(np.minimum(found, count - 1)).astype(np.int64)
    return kept
