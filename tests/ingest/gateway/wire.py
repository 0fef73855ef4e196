"""Blood pressures as bytes of a cuff and as the decoder reads them."""

from __future__ import annotations

from datetime import datetime

from ingest.ble import profiles
from ingest.ble.reading import Reading
from synthetic_data.ble.blood_pressure import BloodPressure, encode


def pressure(when: datetime | None, systolic: int = 120, user: int | None = None) -> tuple[bytes, Reading]:
    """The bytes and the reading."""
    payload = encode(BloodPressure(systolic, 50, 55, 70, when, user))
    return payload, profiles.decode("2A35", payload)
