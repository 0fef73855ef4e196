"""Profiles: every characteristic that the collectors know, who sends it how, its decoder and what it can deliver."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from ingest.ble.decode import (
    activity,
    blood_pressure,
    blood_pressure_record,
    body_composition,
    cgm,
    cgm_session,
    date_time,
    device,
    glucose,
    glucose_context,
    heart_rate,
    omron,
    oximeter,
    racp,
    thermometer,
    user_data,
    weight,
    xiaomi,
)
from ingest.ble.reading import Reading
from ingest.errors import BadPayload

Way = Literal["notify", "indicate", "read", "advertise", "memory"]
"""How a value comes: over a subscription, by reading it, in an advertisement, or out of a vendor's memory dump."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One characteristic. service: its 16-bit UUID, or the name of a vendor. coverage: vitals it can deliver."""

    characteristic: str
    name: str
    service: str
    way: Way
    decoder: Callable[[bytes], Reading]
    coverage: frozenset[str] = frozenset()


_PRESSURE: Final = (blood_pressure.PANEL,)
_BEATS: Final = (heart_rate.RATE, heart_rate.INTERVAL)
_WEIGHING: Final = (weight.WEIGHT, weight.BMI, weight.HEIGHT)
_COMPOSITION: Final = (
    body_composition.FAT,
    body_composition.BASAL,
    "73965-6",
    "73964-9",
    "fat-free-mass",
    "101683-1",
    weight.WEIGHT,
    weight.HEIGHT,
)
_OXYGEN: Final = (oximeter.OXYGEN, oximeter.PULSE, oximeter.PERFUSION)
_GLUCOSE: Final = (glucose.BLOOD, glucose.INTERSTITIAL)

_ROWS: Final[tuple[tuple[str, str, str, Way, Callable[[bytes], Reading], tuple[str, ...]], ...]] = (
    ("2A37", "Heart Rate Measurement", "180D", "notify", heart_rate.measurement, _BEATS),
    ("2A38", "Body Sensor Location", "180D", "read", heart_rate.location, ()),
    ("2A35", "Blood Pressure Measurement", "1810", "indicate", blood_pressure.measurement, _PRESSURE),
    ("2A36", "Intermediate Cuff Pressure", "1810", "notify", blood_pressure.intermediate, ()),
    ("2A49", "Blood Pressure Feature", "1810", "read", blood_pressure.feature, ()),
    ("2B34", "Enhanced Blood Pressure Measurement", "1810", "indicate", blood_pressure.enhanced, _PRESSURE),
    (
        "2B35",
        "Enhanced Intermediate Cuff Pressure",
        "1810",
        "notify",
        blood_pressure.enhanced_intermediate,
        (),
    ),
    ("2B36", "Blood Pressure Record", "1810", "notify", blood_pressure_record.record, _PRESSURE),
    ("2A9D", "Weight Measurement", "181D", "indicate", weight.measurement, _WEIGHING),
    ("2A9E", "Weight Scale Feature", "181D", "read", weight.feature, ()),
    ("2A9C", "Body Composition Measurement", "181B", "indicate", body_composition.measurement, _COMPOSITION),
    ("2A9B", "Body Composition Feature", "181B", "read", body_composition.feature, ()),
    ("2A9A", "User Index", "181C", "read", user_data.user_index, ()),
    ("2A99", "Database Change Increment", "181C", "notify", user_data.change_increment, ()),
    ("2A9F", "User Control Point", "181C", "indicate", user_data.control_point, ()),
    (
        "2A1C",
        "Temperature Measurement",
        "1809",
        "indicate",
        thermometer.measurement,
        (thermometer.TEMPERATURE,),
    ),
    ("2A1D", "Temperature Type", "1809", "read", thermometer.temperature_type, ()),
    ("2A1E", "Intermediate Temperature", "1809", "notify", thermometer.intermediate, ()),
    ("2A21", "Measurement Interval", "1809", "read", thermometer.interval, ()),
    ("2A18", "Glucose Measurement", "1808", "notify", glucose.measurement, _GLUCOSE),
    ("2A34", "Glucose Measurement Context", "1808", "notify", glucose_context.context, ()),
    ("2A51", "Glucose Feature", "1808", "read", glucose.feature, ()),
    ("2A52", "Record Access Control Point", "1808", "indicate", racp.control_point, ()),
    ("2AA7", "CGM Measurement", "181F", "notify", cgm.measurement, (glucose.INTERSTITIAL,)),
    ("2AA8", "CGM Feature", "181F", "read", cgm_session.feature, ()),
    ("2AA9", "CGM Status", "181F", "read", cgm_session.status, ()),
    ("2AAA", "CGM Session Start Time", "181F", "read", cgm_session.session_start, ()),
    ("2AAB", "CGM Session Run Time", "181F", "read", cgm_session.session_run_time, ()),
    ("2AAC", "CGM Specific Ops Control Point", "181F", "indicate", cgm_session.control_point, ()),
    ("2A5E", "PLX Spot-Check Measurement", "1822", "indicate", oximeter.spot_check, _OXYGEN),
    ("2A5F", "PLX Continuous Measurement", "1822", "notify", oximeter.continuous, _OXYGEN),
    ("2A60", "PLX Features", "1822", "read", oximeter.feature, ()),
    ("2A08", "Date Time", "1810", "read", date_time.date_time, ()),
    ("2A2B", "Current Time", "1805", "read", date_time.current_time, ()),
    ("2A0F", "Local Time Information", "1805", "read", date_time.local_time, ()),
    ("2A14", "Reference Time Information", "1805", "read", date_time.reference_time, ()),
    ("2A19", "Battery Level", "180F", "read", device.battery, ()),
    ("2A23", "System ID", "180A", "read", device.system_id, ()),
    ("2A2A", "Regulatory Certification Data List", "180A", "read", device.certification, ()),
    ("2A50", "PnP ID", "180A", "read", device.pnp_id, ()),
    ("2B3B", "Physical Activity Monitor Features", "183E", "read", activity.feature, ()),
    ("2B3C", "General Activity Instantaneous Data", "183E", "notify", activity.unsupported, ()),
    ("2B3D", "General Activity Summary Data", "183E", "notify", activity.unsupported, ()),
    ("2B3E", "CardioRespiratory Activity Instantaneous Data", "183E", "notify", activity.unsupported, ()),
    ("2B3F", "CardioRespiratory Activity Summary Data", "183E", "notify", activity.unsupported, ()),
    ("2B40", "Step Counter Activity Summary Data", "183E", "notify", activity.unsupported, ()),
    ("2B41", "Sleep Activity Instantaneous Data", "183E", "notify", activity.unsupported, ()),
    ("2B42", "Sleep Activity Summary Data", "183E", "notify", activity.unsupported, ()),
    ("2B43", "Physical Activity Monitor Control Point", "183E", "indicate", activity.unsupported, ()),
    ("2B44", "Activity Current Session", "183E", "notify", activity.unsupported, ()),
    ("2B45", "Physical Activity Session Descriptor", "183E", "indicate", activity.unsupported, ()),
    ("181D", "Scale in service data", "xiaomi", "advertise", xiaomi.scale, (weight.WEIGHT,)),
    (
        "181B",
        "Composition scale in service data",
        "xiaomi",
        "advertise",
        xiaomi.composition_scale,
        (weight.WEIGHT,),
    ),
    (omron.ADVERTISEMENT, "Records in manufacturer data", "omron", "advertise", omron.advertisement, ()),
    (omron.RECORD, "Record in a cuff's memory", "omron", "memory", omron.record, _PRESSURE),
    *(
        (code, name.replace("_", " ").capitalize(), "180A", "read", device.text(code), ())
        for code, name in device.TEXTS.items()
    ),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {row[0]: Profile(*row[:5], coverage=frozenset(row[5])) for row in _ROWS}
)
_LONG: Final = re.compile(r"0000([0-9a-f]{4})-0000-1000-8000-00805f9b34fb", re.IGNORECASE)


def short_uuid(characteristic: str) -> str:
    """The name in the table: four hex digits in capitals for a 16-bit or 128-bit UUID of the Bluetooth SIG.

    >>> short_uuid("00002a37-0000-1000-8000-00805f9b34fb")
    '2A37'
    """
    long = _LONG.fullmatch(characteristic)
    name = long[1] if long else characteristic
    return name if name in PROFILES else name.upper()


def decode(characteristic: str, payload: bytes) -> Reading:
    """What a characteristic value says; BadPayload names the field that is wrong with it, and nothing else is raised."""
    profile = PROFILES.get(short_uuid(characteristic))
    if profile is None:
        raise BadPayload("is not known", field="characteristic")
    return profile.decoder(payload)
