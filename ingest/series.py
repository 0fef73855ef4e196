"""Series: the columns of one kind of measurement from one source, which every collector returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Micros = npt.NDArray[np.int64]
"""Instants or durations in whole microseconds; instants since 1970-01-01T00:00:00Z."""
Values = npt.NDArray[np.float64]
Seconds = npt.NDArray[np.int32]
Flags = npt.NDArray[np.uint8]

MANUAL: Final = 1
"""Quality bit: a person typed the value."""
ZONE_ASSUMED: Final = 2
"""Quality bit: the file named no zone; the zone given to the import was used."""
LOW_CONFIDENCE: Final = 4
"""Quality bit: the device says that it is unsure."""
SOFT_LIMIT: Final = 8
"""Quality bit: outside the soft plausibility limit; shown as preliminary until confirmed."""
WRIST: Final = 16
"""Quality bit: taken at the wrist where the rule asks for the upper arm."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where values came from; two series with equal sources belong together.

    ``key`` is stable text that identifies the source for one person (platform, device, method);
    ``method`` is one of passive, active, manual, derived, unknown; ``phd``: how the identifiers of the HL7 Personal
    Health Device guide name the device (see ``ingest.phd``), where every reading came with one, else "".
    """

    key: str
    label: str = ""
    platform: str = ""
    device: str = ""
    method: str = "unknown"
    phd: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Columns of equal length n. Not necessarily sorted; repeats are allowed.

    code: a key of ``ingest.codes.VITALS``; it fixes the channels and their UCUM units.
    start: int64 (n), microseconds since the epoch, UTC. For a kind ``day`` the start is local midnight.
    duration: int64 (n), microseconds, or None for instants.
    channels: name -> float64 (n); NaN means that the channel has no value in that row.
    offset: int32 (n), seconds east of UTC at the person's place at that moment.
    quality: uint8 (n), the bits of this module.
    """

    code: str
    source: Source
    start: Micros
    channels: Mapping[str, Values]
    offset: Seconds
    quality: Flags
    duration: Micros | None = None

    def __post_init__(self) -> None:
        """Refuses columns of unequal length."""
        n = len(self.start)
        lengths = {len(self.offset), len(self.quality), *(len(c) for c in self.channels.values())}
        if self.duration is not None:
            lengths.add(len(self.duration))
        if lengths - {n}:
            raise ValueError(f"columns of {self.code} differ in length: {sorted(lengths | {n})}")

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Series:
        """The given rows, as a new Series."""
        return Series(
            code=self.code,
            source=self.source,
            start=self.start[rows],
            channels={name: column[rows] for name, column in self.channels.items()},
            offset=self.offset[rows],
            quality=self.quality[rows],
            duration=None if self.duration is None else self.duration[rows],
        )


@dataclass(frozen=True, slots=True)
class Reject:
    """One thing of a payload that became no measurement, and why.

    ``reason`` is a stable word (unknown-code, bad-value, bad-time, no-value ...); ``field`` names the place;
    ``count`` says how many points share it. It never holds a value or a name.
    """

    reason: str
    field: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader hands over at a time: one person's part of a file, small enough for one transaction.

    person_key: the person's key inside the file (an Id column), or None when the file holds one person.
    documents: FHIR R4 resources (JSON bytes) for what the columns cannot hold.
    mark: opaque text; reading resumed with this mark goes on after this batch.
    done, total: bytes read so far and in all, for a progress bar.
    """

    series: tuple[Series, ...] = ()
    rejects: tuple[Reject, ...] = ()
    documents: tuple[bytes, ...] = ()
    person_key: str | None = None
    mark: str = ""
    done: int = 0
    total: int = 0
