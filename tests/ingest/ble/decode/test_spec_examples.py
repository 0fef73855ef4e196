"""The worked examples of the reference, one for each layout, each decoded by hand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from ingest.ble.decode import body_composition
from ingest.ble.profiles import decode


def read(characteristic, text):
    return decode(characteristic, bytes.fromhex(text))


def values(reading):
    """Each value by its code, those of a panel by channel."""
    found = {}
    for one in reading.measured:
        for channel, value in one.values.items():
            found[one.code if channel == "value" else channel] = value
    return found


# characteristic, bytes, values, wall clock, user, flags that must be there
CASES = [
    (
        "2A37",
        "16 4B 33 03 20 03",
        {"8867-4": "75", "8637-1": "781.25"},
        None,
        None,
        {"sensor_contact": True, "rr_1024": "819 800"},
    ),
    ("2A37", "0C 50 2A 01", {}, None, None, {"sensor_contact": False, "energy_expended_kj": 298}),
    (
        "2A37",
        "19 04 01 10 27 EC 00",
        {"8867-4": "260", "8637-1": "230.46875"},
        None,
        None,
        {"energy_expended_kj": 10000},
    ),
    (
        "2A35",
        "1E 7A 00 50 00 5E 00 EA 07 0B 15 07 1E 00 48 00 01 04 00",
        {"systolic": "122", "diastolic": "80", "pulse": "72"},
        "2026-11-21T07:30:00",
        1,
        {"mean_pressure": "94", "irregular_pulse": True},
    ),
    (
        "2A35",
        "05 A3 F0 6B F0 7D F0 4B 00",
        {"systolic": "122.3", "diastolic": "80.3", "pulse": "75"},
        None,
        None,
        {"unit": "kPa", "mean_pressure": "93.8"},
    ),
    (
        "2A35",
        "16 FF 07 FF 07 FF 07 EA 07 0B 15 07 1F 05 00 08 03 00",
        {},
        "2026-11-21T07:31:05",
        None,
        {
            "body_movement": True,
            "cuff_too_loose": True,
            "systolic_absent": "not-a-number",
            "pulse_absent": "error",
        },
    ),
    ("2A36", "00 8C 00 FF 07 FF 07", {}, None, None, {"cuff_pressure": "140"}),
    (
        "2B34",
        "66 7A 00 50 00 5E 00 68 86 93 32 48 00 F8 04 94 32",
        {"systolic": "122", "diastolic": "80", "pulse": "72"},
        "2026-11-21T07:30:00",
        None,
        {"utc": "2026-11-20T22:30:00+00:00", "mean_pressure": "94"},
    ),
    (
        "2A9D",
        "0E E0 36 EA 07 0B 15 06 2D 0A 02 E5 00 D6 06",
        {"29463-7": "70.240", "39156-5": "22.9", "8302-2": "175.0"},
        "2026-11-21T06:45:10",
        2,
        {"unit": "kg"},
    ),
    ("2A9D", "01 7C 3C", {"29463-7": "70.234"}, None, None, {"unit": "[lb_av]"}),
    ("2A9D", "06 FF FF EA 07 0B 15 06 2D 0A FF", {}, "2026-11-21T06:45:10", 255, {}),
    (
        "2A9C",
        "1E 06 E7 00 EA 07 0B 15 06 2D 0A 02 1C 1A 62 01 8C 13 E0 36",
        {"41982-0": "23.1", "basal-metabolism": "1597.5", "73965-6": "35.4", "29463-7": "70.240"},
        "2026-11-21T06:45:10",
        2,
        {"basal_metabolism_kj": "6684", "impedance_ohm": "500.4"},
    ),
    ("2A9F", "02 01 D2 04", {}, None, 1, {"op": "consent"}),
    ("2A9F", "20 02 01", {}, None, None, {"success": True, "request_op": "consent"}),
    ("2A9F", "20 02 05", {}, None, None, {"success": False, "result_name": "user-not-authorised"}),
    (
        "2A1C",
        "06 6C 01 00 FF EA 07 0B 15 06 1E 00 01",
        {"8310-5": "36.4"},
        "2026-11-21T06:30:00",
        None,
        {"site": "armpit"},
    ),
    ("2A1C", "01 D8 03 00 FF", {"8310-5": "36.9"}, None, None, {"unit": "[degF]"}),
    ("2A1C", "04 FF FF 7F 00 02", {}, None, None, {"site": "body", "temperature_absent": "not-a-number"}),
    (
        "2A18",
        "1B 05 00 EA 07 0B 15 07 00 00 0F 00 5F B0 11 00 00",
        {"2339-0": "95"},
        "2026-11-21T07:15:00",
        None,
        {
            "context_follows": True,
            "sample_type": "capillary-whole-blood",
            "sample_location": "finger",
            "unit": "kg/L",
        },
    ),
    (
        "2A18",
        "06 06 00 EA 07 0B 15 0C 1E 00 35 C0 12",
        {"2339-0": "95.483"},
        "2026-11-21T12:30:00",
        None,
        {"unit": "mol/L", "concentration": "0.0053", "sample_type": "capillary-plasma"},
    ),
    (
        "2A18",
        "09 07 00 EA 07 0B 15 09 00 00 C4 FF 20 00",
        {},
        "2026-11-21T08:00:00",
        None,
        {"result_too_high": True},
    ),
    (
        "2A34",
        "03 05 00 01 32 D0 01",
        {},
        None,
        None,
        {"carbohydrate": "breakfast", "carbohydrate_kg": "0.050", "meal": "before"},
    ),
    ("2A34", "30 06 00 01 05 B0", {}, None, None, {"medication": "rapid", "medication_l": "0.00005"}),
    (
        "2A34",
        "4C 07 00 51 08 07 3C 40 F0",
        {},
        None,
        None,
        {
            "tester": "self",
            "health": "none",
            "exercise_seconds": 1800,
            "exercise_intensity_percent": 60,
            "hba1c_percent": "6.4",
        },
    ),
    ("2A52", "04 01", {}, None, None, {"op": "report_number", "operator_name": "all"}),
    ("2A52", "05 00 0C 00", {}, None, None, {"records": 12}),
    (
        "2A52",
        "01 03 01 06 00",
        {},
        None,
        None,
        {"op": "report_records", "operator_name": "at_least", "operand": 6},
    ),
    ("2A52", "06 00 01 01", {}, None, None, {"success": True, "request_op": "report_records"}),
    ("2AA7", "06 00 78 00 05 00", {"99504-3": "120"}, None, None, {"record_0_time_offset_minutes": 5}),
    (
        "2AA7",
        "0F E3 D2 E4 05 00 02 14 FF 02 F0 E5 F3 8E 3F",
        {"99504-3": "12.34"},
        None,
        None,
        {
            "record_0_battery_low": True,
            "record_0_calibration_recommended": True,
            "record_0_temperature_too_high": True,
            "record_0_warning": 255,
            "record_0_trend": "0.2",
            "record_0_quality": "99.7",
            "record_0_crc_ok": True,
        },
    ),
    ("2AA7", "06 00 0C 10 05 00 06 00 0C 10 06 00", {"99504-3": "120"}, None, None, {"records": 2}),
    ("2AA7", "08 00 78 00 05 00 0D E8", {"99504-3": "120"}, None, None, {"record_0_crc_ok": True}),
    (
        "2AAA",
        "EA 07 0B 15 06 00 00 24 00 D5 BC",
        {},
        "2026-11-21T06:00:00",
        None,
        {"utc_offset_seconds": 32400},
    ),
    (
        "2AA8",
        "00 90 01 59 C4 5C",
        {},
        None,
        None,
        {"e2e_crc": True, "trend": True, "quality": True, "sample_location": "subcutaneous"},
    ),
    ("2AAB", "0E 00 A8 6A", {}, None, None, {"run_time_hours": 14}),
    ("2AA9", "05 00 00 00 00 DC 16", {}, None, None, {"time_offset_minutes": 5, "status": 0}),
    ("2AAC", "02 95 2C", {}, None, None, {"op": "get_interval"}),
    ("2AAC", "03 05 7D 8D", {}, None, None, {"op": "interval", "interval_minutes": 5}),
    (
        "2A5E",
        "01 61 00 48 00 EA 07 0B 15 08 00 00",
        {"59408-5": "97", "8867-4": "72"},
        "2026-11-21T08:00:00",
        None,
        {},
    ),
    (
        "2A5E",
        "1E 60 00 4B 00 00 01 20 00 00 23 F0",
        {"59408-5": "96", "8867-4": "75", "61006-3": "3.5"},
        None,
        None,
        {"fully_qualified": True, "low_perfusion": True, "clock_not_set": True},
    ),
    (
        "2A5F",
        "07 61 00 48 00 62 00 49 00 60 00 47 00 20 00",
        {"59408-5": "97", "8867-4": "72"},
        None,
        None,
        {"spo2_fast": "98", "pulse_rate_fast": "73", "spo2_slow": "96", "pulse_rate_slow": "71"},
    ),
    ("2A5F", "00 FF 07 FF 07", {}, None, None, {"spo2_absent": "not-a-number"}),
    (
        "2B3B",
        "82 10 00 00 40 00 00 00",
        {},
        None,
        None,
        {"user_data_service": True, "normal_walking_steps": True},
    ),
    ("2A19", "64", {}, None, None, {"battery_percent": 100}),
    (
        "2A23",
        "74 E8 FF FE FF 05 1C 00",
        {},
        None,
        None,
        {"system_id": "74E8FFFEFF051C00", "eui64": "001C05FFFEFFE874", "address": "00:1C:05:FF:E8:74"},
    ),
    ("2A50", "01 0D 00 00 00 10 01", {}, None, None, {"vendor": 13, "product": 0, "version": "1.1.0"}),
    (
        "2A2A",
        "00 02 00 12 02 01 00 08 06 00 00 01 00 02 80 07 02 02 00 02 00 00",
        {},
        None,
        None,
        {"continua_version": "6.0", "certified": str(0x8007), "regulation": 0},
    ),
    ("2A08", "EA 07 0B 15 08 05 1E", {}, "2026-11-21T08:05:30", None, {}),
    (
        "2A2B",
        "EA 07 0B 15 08 05 1E 06 80 01",
        {},
        "2026-11-21T08:05:30.500000",
        None,
        {"day_of_week": 6, "manual_update": True},
    ),
    ("2A0F", "EC 04", {}, None, None, {"zone_minutes": -300, "utc_offset_seconds": -4 * 3600}),
    ("2A0F", "24 00", {}, None, None, {"zone_minutes": 540, "utc_offset_seconds": 9 * 3600}),
    ("2A08", "00 00 00 00 08 05 00", {}, None, None, {"time_unknown": "0000-00-00T08:05:00"}),
    (
        "181B",
        "02 A6 EA 07 0B 15 06 2D 0A F4 01 C0 36",
        {},
        "2026-11-21T06:45:10",
        None,
        {"weight_kg": "70.080", "impedance_ohm": "500", "weight_removed": True},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1][:14]}")
def test_a_worked_example_decodes_as_worked_out(case):
    """Values to the last digit, the device's wall clock, the user and what else was sent."""
    characteristic, text, expected, at, user, flags = case
    reading = read(characteristic, text)
    assert {code: Decimal(value) for code, value in expected.items()} == values(reading)
    assert {code: format(value, "f") for code, value in values(reading).items()} == expected
    assert reading.at == (datetime.fromisoformat(at) if at else None)
    assert reading.user == user
    assert flags == {name: reading.flags.get(name) for name in flags}
    assert reading.raw == bytes.fromhex(text)
    assert "trailing_bytes" not in reading.flags


REASONS = [
    ("2A37", "0C 50 2A 01", "no-contact"),
    ("2A37", "00 00", "no-value"),
    ("2A35", "16 FF 07 FF 07 FF 07 EA 07 0B 15 07 1F 05 00 08 03 00", "no-value"),
    ("2A36", "00 8C 00 FF 07 FF 07", "intermediate"),
    ("2B35", "00 8C 00", "intermediate"),
    ("2A1E", "00 6C 01 00 FF", "intermediate"),
    ("2A1C", "04 FF FF 7F 00 02", "no-value"),
    ("2A9D", "06 FF FF EA 07 0B 15 06 2D 0A FF", "unsuccessful"),
    ("2A9C", "00 00 FF FF", "unsuccessful"),
    ("2A9C", "00 00 00 00", "no-value"),
    ("2A18", "09 07 00 EA 07 0B 15 09 00 00 C4 FF 20 00", "above-range"),
    ("2A18", "08 07 00 EA 07 0B 15 09 00 00 40 00", "below-range"),
    ("2A18", "0A 07 00 EA 07 0B 15 09 00 00 5F B0 11 04 00", "device-fault"),
    ("2A18", "02 07 00 EA 07 0B 15 09 00 00 5F B0 1A", "control-solution"),
    ("2A18", "02 07 00 EA 07 0B 15 09 00 00 5F B0 41", "control-solution"),
    ("2A18", "00 07 00 EA 07 0B 15 09 00 00", "no-value"),
    ("2AA7", "08 00 78 00 05 00 0D E9", "bad-checksum"),
    ("2AA7", "07 80 78 00 05 00 08", "device-fault"),
    ("2AA7", "06 00 FF 07 05 00", "no-value"),
    ("2A5E", "02 61 00 48 00 00 04", "demonstration"),
    ("2A5E", "02 61 00 48 00 00 80", "invalid"),
    ("2A5E", "04 61 00 48 00 00 08 00", "no-contact"),
    ("2A5F", "00 FF 07 FF 07", "no-value"),
    ("181B", "02 A6 EA 07 0B 15 06 2D 0A F4 01 C0 36", "repeated"),
    ("181B", "02 20 EA 07 0B 15 06 2D 0A 00 00 C0 36", "no-impedance"),
    ("181D", "02 C0 36 EA 07 0B 15 06 2D 0A", "unstable"),
    ("181D", "22 00 00 EA 07 0B 15 06 2D 0A", "no-value"),
    ("omron-eeprom-14", "FF " * 14, "no-value"),
]


@pytest.mark.parametrize("case", REASONS, ids=lambda case: f"{case[0]} {case[2]}")
def test_what_is_no_measurement_says_why_and_measures_nothing(case):
    """A failed, running, foreign or doubtful value never reaches the record; the reason is a stable word."""
    characteristic, text, reason = case
    reading = read(characteristic, text)
    assert reading.measured == ()
    assert reading.unusable == reason


FIRST = "3E 10 E7 00 EA 07 0B 15 06 2D 0A 02 1C 1A 62 01 6C 13"
SECOND = "C0 1F E7 00 33 2A D8 27 DC 1E 8C 13 E0 36 D6 06"


def test_two_packets_of_a_scale_make_one_result():
    """Neither half alone is a measurement; together they are, and once."""
    first, second = read("2A9C", FIRST), read("2A9C", SECOND)
    assert (first.unusable, second.unusable) == ("half-packet", "half-packet")
    assert (first.measured, second.measured) == ((), ())
    both = body_composition.merge(first, second)
    assert values(both) == {
        code: Decimal(value)
        for code, value in {
            "41982-0": "23.1",
            "basal-metabolism": "1597.5",
            "73965-6": "35.4",
            "73964-9": "24.860",
            "fat-free-mass": "54.015",
            "101683-1": "39.500",
            "29463-7": "70.240",
            "8302-2": "175.0",
        }.items()
    }
    assert (both.user, both.at, both.unusable) == (2, datetime.fromisoformat("2026-11-21T06:45:10"), "")
    assert both.flags["soft_lean_mass_kg"] == "51.000"
    assert both.flags["impedance_ohm"] == "500.4"
    assert both.raw == first.raw + second.raw
