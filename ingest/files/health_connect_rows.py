"""Sources and nights of Health Connect records, whether they come from a database or as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.files.columns import tidy
from ingest.files.health_connect_types import TYPES
from ingest.files.offset_rows import Found, Records, series_of
from ingest.series import WRIST, Reject, Source

MILLISECOND: Final = 1000
_METHODS: Final = {1: "active", 2: "passive", 3: "manual"}
_WRISTS: Final = (1, 2)
"""Blood pressure at the left or right wrist; 3 and 4 are the upper arms."""


@dataclass(slots=True)
class Origins:
    """The sources seen, each with its number."""

    known: dict[tuple[str, str, str], int] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

    def number(self, package: str, device: str, method: Any, label: str = "") -> int:
        """The number of the source: an app, the device it names, and how values were recorded."""
        how = _METHODS.get(method, "unknown") if isinstance(method, int) else "unknown"
        key = package, device, how
        if key not in self.known:
            app, made_by = tidy(package), tidy(device)
            self.known[key] = len(self.sources)
            self.sources.append(
                Source(
                    f"health-connect|{app}|{made_by}|{how}",
                    tidy(label) or app or "Health Connect",
                    "health-connect",
                    made_by,
                    how,
                )
            )
        return self.known[key]


def wrists(column: Iterable[Any]) -> list[int]:
    """The bit of those blood pressures that were taken at a wrist."""
    return [WRIST if _small(each) in _WRISTS else 0 for each in column]


def _small(value: Any) -> int:
    """A small number, which the database may hold as text."""
    if isinstance(value, str):
        return int(value) if len(value) < 4 and value.isascii() and value.isdigit() else 0
    return value if isinstance(value, int) else 0


class Sessions:
    """Nights and naps: each with its stages, and how long the person slept."""

    def __init__(
        self, starts: list[float], ends: list[float], offsets: list[float], owners: list[int]
    ) -> None:
        self._starts, self._ends, self._offsets, self._owners = starts, ends, offsets, owners
        self._asleep: dict[int, float] = {}
        self._stages: list[tuple[float, float, float, int, float]] = []
        self.unknown = 0

    def stage(self, place: int, start: float, end: float, stage: Any) -> None:
        """A stage of the session at a place."""
        number = TYPES.sleep.get(stage) if isinstance(stage, int) else None
        self._asleep.setdefault(place, 0.0)
        if number is None:
            self.unknown += 1
            return
        if number != 1 and end > start:
            self._asleep[place] += (end - start) / 60_000_000
        self._stages.append((start, end, self._offsets[place], self._owners[place], number))

    def series(self, origins: Origins, zone: ZoneInfo) -> Found:
        """Sessions and stages. A session without stages was slept through, as Health Connect counts it."""
        whole = [(end - start) / 60_000_000 for start, end in zip(self._starts, self._ends, strict=True)]
        minutes = [round(self._asleep.get(place, each), 3) for place, each in enumerate(whole)]
        records = Records(
            "93832-4", self._starts, self._offsets, self._owners, {"value": minutes}, self._ends
        )
        series, rejects = series_of(records, origins.sources, zone, "SleepSession")
        if self._stages:
            start, end, offset, owner, value = map(list, zip(*self._stages, strict=True))
            stages = Records(
                "sleep-stage", start, offset, [int(each) for each in owner], {"value": value}, end
            )
            more, refused = series_of(stages, origins.sources, zone, "SleepSession.stages")
            series, rejects = series + more, rejects + refused
        if self.unknown:
            rejects.append(Reject("unknown-code", "SleepSession.stages.stage", self.unknown))
        return series, rejects
