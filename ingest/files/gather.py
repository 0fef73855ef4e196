"""Gathers single values with their clock text, and parses all of them at once into Series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from ingest.files.clock_text import DAY, Mask, dates, instants, to_utc, wall_clocks, zone_offsets
from ingest.files.columns import Rows
from ingest.series import MANUAL, ZONE_ASSUMED, Micros, Reject, Seconds, Series, Source

Clock = Literal["instant", "wall", "day"]
"""How a text tells time: with a zone, on the person's wall clock, or as a bare civil day."""

LONGEST: Final = 31 * DAY


@dataclass(slots=True)
class _Group:
    texts: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)


class Gathering:
    """Values of many codes and sources of one person, and the refusals met on the way."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._groups: dict[tuple[str, Source, Clock, bool], _Group] = {}
        self.rejects: list[Reject] = []

    def add(
        self,
        code: str,
        source: Source,
        clock: Clock,
        text: str,
        value: float,
        *,
        place: str,
        duration: int | None = None,
        quality: int = 0,
    ) -> None:
        """One value; ``place`` is where it stands in its document."""
        group = self._groups.setdefault((code, source, clock, duration is not None), _Group())
        group.texts.append(text)
        group.values.append(value)
        group.durations.append(duration or 0)
        group.quality.append(quality)
        group.fields.append(place)

    def refuse(self, reason: str, place: str, count: int = 1) -> None:
        """Something that becomes no value."""
        self.rejects.append(Reject(reason, place, count))

    def series(self) -> list[Series]:
        """All that was gathered; call it once, and read ``rejects`` afterwards."""
        found: list[Series] = []
        for (code, source, clock, lasts), group in self._groups.items():
            start, offset, good = placed(group.texts, clock, self._zone)
            values = np.array(group.values, np.float64)
            durations = np.array(group.durations, np.int64)
            timed = good & (durations >= 0) & (durations <= LONGEST)
            present = np.isfinite(values)
            for mask, reason in ((~timed, "bad-time"), (timed & ~present, "no-value")):
                self.rejects += [Reject(reason, group.fields[row]) for row in np.flatnonzero(mask).tolist()]
            bits = (MANUAL if source.method == "manual" else 0) | (ZONE_ASSUMED if clock == "wall" else 0)
            rows = Rows(
                start=start,
                offset=offset,
                quality=np.array(group.quality, np.uint8) | np.uint8(bits),
                sources=[source],
                duration=durations if lasts else None,
            )
            found += rows.series(code, {"value": values}, timed & present)
        self._groups.clear()
        return found


def placed(texts: Sequence[str], clock: Clock, zone: ZoneInfo) -> tuple[Micros, Seconds, Mask]:
    """Instants, offsets and which texts were readable."""
    if clock == "instant":
        start, good = instants(texts)
        return start, zone_offsets(start, zone), good
    if clock == "day":
        days, good = dates(texts)
        local = days * DAY
    else:
        local, good = wall_clocks(texts)
    start, offset = to_utc(local, zone)
    return start, offset, good
