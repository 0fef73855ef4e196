"""Columns to Series: keeps the good rows of a column and splits them by source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.files.clock_text import Mask
from ingest.series import MANUAL, ZONE_ASSUMED, Flags, Micros, Reject, Seconds, Series, Source, Values


@dataclass(frozen=True, slots=True)
class Rows:
    """When and from whom: what all outputs of the same points share.

    owner gives each row the index of its source, or is None when there is but one.
    """

    start: Micros
    offset: Seconds
    quality: Flags
    sources: Sequence[Source]
    owner: Micros | None = None
    duration: Micros | None = None

    def series(self, code: str, channels: Mapping[str, Values], good: Mask) -> list[Series]:
        """One Series per source, of the good rows only."""
        every = Series(
            code=code,
            source=self.sources[0] if self.sources else Source("unknown"),
            start=self.start,
            channels=channels,
            offset=self.offset,
            quality=self.quality,
            duration=self.duration,
        )
        if self.owner is None:
            return [each for each in [every if good.all() else every.take(good)] if len(each)]
        parts: list[Series] = []
        for index, source in enumerate(self.sources):
            rows = good & (self.owner == index)
            if rows.any():
                part = every.take(rows)
                parts.append(
                    Series(
                        code=code,
                        source=source,
                        start=part.start,
                        channels=part.channels,
                        offset=part.offset,
                        quality=part.quality,
                        duration=part.duration,
                    )
                )
        return parts


def quality_of(source: Source, n: int, *, zone_assumed: bool = False) -> Flags:
    """The quality bits that a source gives to all of its rows."""
    bits = (MANUAL if source.method == "manual" else 0) | (ZONE_ASSUMED if zone_assumed else 0)
    return np.full(n, bits, np.uint8)


def tidy(text: str, limit: int = 80) -> str:
    r"""Text from outside made safe as a part of a source key: one line, no separators, bounded.

    >>> tidy("Scale | A\n")
    'Scale A'
    """
    kept = "".join(c if c.isprintable() and c != "|" else " " for c in text[: 4 * limit])
    return " ".join(kept.split())[:limit]


def tally(rejects: Iterable[Reject]) -> list[Reject]:
    """The same refusals in the same place become one with a count.

    >>> tally([Reject("no-value", "a"), Reject("no-value", "a")])
    [Reject(reason='no-value', field='a', count=2)]
    """
    counts: dict[tuple[str, str], int] = {}
    for reject in rejects:
        place = (reject.reason, reject.field)
        counts[place] = counts.get(place, 0) + reject.count
    return [Reject(reason, field, count) for (reason, field), count in counts.items()]
