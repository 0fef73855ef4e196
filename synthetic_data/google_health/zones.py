"""The UTC offset of a person at every instant: the home zone with its clock changes, and journeys to other zones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from synthetic_data.google_health.dice import Ints

_HOUR = 3600


@cache
def _changes(zone: str, first: int, last: int) -> tuple[tuple[int, int], ...]:
    """(instant, offset) at ``first`` and at every clock change up to ``last``; changes fall on full hours UTC."""
    found: list[tuple[int, int]] = []
    place = ZoneInfo(zone)
    for second in range(first - first % _HOUR, last + _HOUR, _HOUR):
        gap = datetime.fromtimestamp(second, UTC).astimezone(place).utcoffset()
        offset = int(gap.total_seconds()) if gap is not None else 0
        if not found or found[-1][1] != offset:
            found.append((second, offset))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Offsets:
    """Offsets in seconds east, as steps over time."""

    since: Ints
    seconds: Ints

    def at(self, instants: Ints) -> Ints:
        """The offset at each instant."""
        found: Ints = self.seconds[np.clip(np.searchsorted(self.since, instants, "right") - 1, 0, None)]
        return found

    def of(self, instant: int) -> int:
        """The offset at one instant."""
        return int(self.at(np.array([instant], dtype=np.int64))[0])


@cache
def offsets(zone: str, first: int, last: int, away: tuple[str, int, int] | None = None) -> Offsets:
    """The offsets from ``first`` to ``last``; ``away`` is a journey: zone, from, to."""
    steps = list(_changes(zone, first, last))
    if away is not None:
        place, leave, back = away
        home = [step for step in steps if step[0] <= back][-1][1]
        abroad = [(max(at, leave), offset) for at, offset in _changes(place, leave, back) if at < back]
        steps = (
            [s for s in steps if s[0] < leave] + abroad + [(back, home)] + [s for s in steps if s[0] > back]
        )
    return Offsets(
        np.array([at for at, _ in steps], dtype=np.int64),
        np.array([offset for _, offset in steps], dtype=np.int64),
    )
