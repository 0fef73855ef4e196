"""Health Thermometer service: measurement (2A1C), intermediate (2A1E), site (2A1D) and interval (2A21)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.decode.date_time import read_wall_clock
from ingest.ble.decode.units import celsius
from ingest.ble.reading import Measured, Reading

TEMPERATURE: Final = "8310-5"
_SITES: Final = {
    1: "armpit",
    2: "body",
    3: "ear",
    4: "finger",
    5: "gastro-intestinal",
    6: "mouth",
    7: "rectum",
    8: "toe",
    9: "tympanum",
}


def measurement(payload: bytes) -> Reading:
    """2A1C: a temperature with its site."""
    return _read(payload, "2A1C", "")


def intermediate(payload: bytes) -> Reading:
    """2A1E: the same bytes while the thermometer is still rising. Never a measurement."""
    return _read(payload, "2A1E", "intermediate")


def temperature_type(payload: bytes) -> Reading:
    """2A1D: the site of a thermometer that has only one."""
    cursor = Cursor(payload)
    return closed("2A1D", cursor, _site(cursor))


def interval(payload: bytes) -> Reading:
    """2A21: seconds between two measurements; 0 for none."""
    cursor = Cursor(payload)
    return closed("2A21", cursor, {"interval_seconds": cursor.u16("interval")})


def _read(payload: bytes, characteristic: str, unusable: str) -> Reading:
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    flags: Flags = {"flags": bits, "unit": "[degF]" if bits & 0x01 else "Cel"}
    sent = cursor.medfloat("temperature")
    at: datetime | None = None
    if bits & 0x02:
        clock = read_wall_clock(cursor)
        at = clock.at
        flags |= clock.flags()
    if bits & 0x04:
        flags |= _site(cursor)
    measured: list[Measured] = []
    if sent.value is None:
        flags["temperature_absent"] = sent.absent
    else:
        value = celsius(sent.value) if bits & 0x01 else sent.value
        measured.append(Measured(TEMPERATURE, {"value": value}))
    return closed(
        characteristic,
        cursor,
        flags,
        measured=measured,
        at=at,
        unusable=unusable or ("" if measured else "no-value"),
    )


def _site(cursor: Cursor) -> Flags:
    site = cursor.u8("temperature_type")
    return {"temperature_type": site, **({"site": _SITES[site]} if site in _SITES else {})}
