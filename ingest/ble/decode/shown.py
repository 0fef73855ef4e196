"""A reading as JSON: what the command ``decode`` prints, with the precision of the device and never a NaN."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from ingest.ble.decode.blood_pressure import PANEL
from ingest.ble.reading import Measured, Reading
from ingest.codes import VITALS
from ingest.series import LOW_CONFIDENCE, MANUAL

_QUALITY: Final = {MANUAL: "manual", LOW_CONFIDENCE: "low-confidence"}
_MEAN: Final = "8478-0"
"""Mean blood pressure: the panel of the vocabulary has no channel for it, so it travels as a flag."""
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def as_json(reading: Reading) -> bytes:
    """One JSON object."""
    found: dict[str, Any] = {
        "characteristic": reading.characteristic,
        "measurements": [_measurement(reading, one) for one in reading.measured],
        **_sent(reading),
        "flags": dict(reading.flags),
    }
    if reading.unusable:
        found["unusable"] = reading.unusable
    return _encoder.encode(found)


def refusal(problem: str, field: str) -> bytes:
    """What is printed in place of a reading."""
    return _encoder.encode({"error": problem, "field": field})


def _sent(reading: Reading, seconds: Decimal = Decimal(0)) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if reading.at is not None:
        shown["time"] = _time(reading.at, seconds)
    elif seconds:
        shown["seconds"] = _number(seconds)
    if reading.user is not None:
        shown["user"] = reading.user
    if reading.sequence is not None:
        shown["sequence"] = reading.sequence
    return shown


def _time(at: datetime, seconds: Decimal) -> str | None:
    try:
        return (at + timedelta(seconds=float(seconds))).isoformat()
    except OverflowError:
        return None


def _measurement(reading: Reading, one: Measured) -> dict[str, Any]:
    vital = VITALS[one.code]
    shown: dict[str, Any] = {"code": one.code}
    if len(vital.channels) == 1:
        shown |= _value(one, "value", vital.channels[0].ucum)
    else:
        components = [
            {"code": channel.codings[0].code, **_value(one, channel.name, channel.ucum)}
            for channel in vital.channels
            if channel.name in one.values or channel.name in one.absent
        ]
        shown["components"] = _with_mean(reading, components) if one.code == PANEL else components
    shown |= _sent(reading, one.seconds)
    quality = [name for bit, name in _QUALITY.items() if one.quality & bit]
    return shown | ({"quality": quality} if quality else {})


def _with_mean(reading: Reading, components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The components with the mean pressure before the pulse, as a cuff sends it."""
    mean: dict[str, Any] = {"code": _MEAN}
    if "mean_pressure" in reading.flags:
        mean |= {"value": _number(Decimal(str(reading.flags["mean_pressure"]))), "unit": "mm[Hg]"}
    elif "mean_pressure_absent" in reading.flags:
        mean["absent"] = reading.flags["mean_pressure_absent"]
    else:
        return components
    pressures = [each for each in components if each["code"] in {"8480-6", "8462-4"}]
    return [*pressures, mean, *(each for each in components if each not in pressures)]


def _value(one: Measured, channel: str, unit: str) -> dict[str, Any]:
    if channel in one.values:
        return {"value": _number(one.values[channel]), "unit": unit}
    return {"absent": one.absent.get(channel, "unknown")}


def _number(value: Decimal) -> Decimal:
    """The same number, which prints without an exponent where digits can say it."""
    return Decimal(format(value, "f"))
