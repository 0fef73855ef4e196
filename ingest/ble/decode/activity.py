"""Physical Activity Monitor service: features (2B3B); its measurements have no published layout and are refused."""

from __future__ import annotations

from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.reading import Reading
from ingest.errors import BadPayload

_FEATURES: Final = {
    1: "user_data_service",
    7: "total_energy",
    12: "distance",
    16: "cadence",
    32: "heart_rate",
    38: "normal_walking_steps",
    41: "sleep_time",
    54: "sleeping_heart_rate",
}


def feature(payload: bytes) -> Reading:
    """2B3B: what the monitor can do."""
    cursor = Cursor(payload)
    bits = cursor.unsigned(8, "features")
    flags: Flags = {"features": f"{bits:#018x}", **named_bits(bits, _FEATURES)}
    return closed("2B3B", cursor, flags)


def unsupported(_payload: bytes) -> Reading:
    """A characteristic whose bytes cannot be read without guessing."""
    raise BadPayload("is known but not supported: its layout is not published", field="characteristic")
