"""Reading: what one GATT characteristic value says, before a person, a zone and a clock are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

UNKNOWN_USER: Final = 255
"""The user index of a device that knows several users and could not tell which one it was."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement of a reading.

    code: a key of ``ingest.codes.VITALS``.
    values: channel -> value in the UCUM unit of that channel, with the precision of the device.
    absent: channel -> why it has no value (a FHIR data-absent-reason: not-a-number, error ...).
    seconds: offset from the reading's own time to this measurement (R-R intervals lie before it); usually 0.
    lasts: duration in seconds for intervals.
    quality: bits of ``ingest.series``.
    """

    code: str
    values: Mapping[str, Decimal]
    absent: Mapping[str, str] = field(default_factory=dict)
    seconds: Decimal = Decimal(0)
    lasts: Decimal | None = None
    quality: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One decoded value.

    characteristic: the 16-bit UUID as four hex digits. raw: the bytes as they came.
    at: the device's own local wall clock (no zone), or None where it has no date.
    user: the index of a user of a shared device; None where the device sends none; ``UNKNOWN_USER``.
    sequence: the record number that the device gave, or None.
    flags: everything else that was sent, by the names of the specification (status bits, units, location ...).
    measured: what became measurements; empty for pressures of a cuff being inflated, failed measurements,
    control solution and the like, and then ``unusable`` says why (a stable word).
    """

    characteristic: str
    raw: bytes
    measured: tuple[Measured, ...] = ()
    at: datetime | None = None
    user: int | None = None
    sequence: int | None = None
    flags: Mapping[str, bool | int | str] = field(default_factory=dict)
    unusable: str = ""
