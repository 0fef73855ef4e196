"""Numbers, checks and clocks: special values, precision, unknown dates, zones, and what sets a device's clock."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.decode.cgm_session import encode_get_interval
from ingest.ble.decode.crc import crc16
from ingest.ble.decode.date_time import EXTERNAL_REFERENCE, encode_current_time, encode_date_time
from ingest.ble.decode.sfloat import medfloat, sfloat
from ingest.ble.decode.units import celsius, plain, rounded
from ingest.ble.profiles import decode, short_uuid
from ingest.errors import BadPayload
from tests.ingest.ble.decode import wire

NOON = datetime.fromisoformat("2026-11-21T12:00:00")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (0xF16C, "36.4"),
        (0x0B2E, "-1234"),
        (0x8001, "1E-8"),
        (0x7001, "1E+7"),
        (0x07FD, "2045"),
        (0x0803, "-2045"),
        (0x17FF, "2.047E+4"),
        (0xF800, "-204.8"),
    ],
)
def test_a_short_float_has_a_signed_exponent_and_a_signed_mantissa(word, value):
    """NaN's mantissa with another exponent is a number."""
    assert str(sfloat(word).value) == value
    assert sfloat(word).absent == ""


@pytest.mark.parametrize(
    ("short", "long", "reason"),
    [
        (0x07FE, 0x007FFFFE, "positive-infinity"),
        (0x07FF, 0x007FFFFF, "not-a-number"),
        (0x0800, 0x00800000, "error"),
        (0x0801, 0x00800001, "error"),
        (0x0802, 0x00800002, "negative-infinity"),
    ],
)
def test_a_special_value_is_no_number_and_has_a_reason(short, long, reason):
    """2047 and -2048 in imported data were once these words."""
    assert (sfloat(short).value, sfloat(short).absent) == (None, reason)
    assert (medfloat(long).value, medfloat(long).absent) == (None, reason)


@given(st.integers(0, 0xFFFF))
def test_every_word_is_a_number_or_one_of_five_specials(word):
    """All 65 536 are decided."""
    number = sfloat(word)
    assert (number.value is None) is (0x07FE <= word <= 0x0802)


def test_a_float_keeps_its_precision_and_reaches_its_ends():
    """36.40 is not 36.4, and the exponent has eight bits."""
    assert str(medfloat(0xFE000E38).value) == "36.40"
    assert medfloat(0x7F000001).value == Decimal("1E+127")
    assert medfloat(0x80000001).value == Decimal("1E-128")


def test_a_converted_value_is_rounded_no_finer_than_it_was_measured():
    """Half to even; a number that is too large to have decimals keeps its digits."""
    assert rounded(Decimal("0.25"), 1) == Decimal("0.2")
    assert rounded(Decimal("1E+20"), 1) == Decimal("1E+20")
    assert rounded(Decimal(0), 3) == 0
    assert celsius(Decimal(100)) == 38
    assert plain(Decimal("1E+3")) == "1000"


def test_the_check_has_the_values_that_its_catalogue_gives():
    """CRC-16/MCRF4XX."""
    assert crc16(b"123456789") == 0x6F91
    assert crc16(bytes.fromhex("3E 01 02 03 04 05 06 07 08 09")) == 0x2F01
    assert crc16(b"") == 0xFFFF


@given(st.binary(max_size=60))
def test_the_check_agrees_with_the_one_that_is_computed_bit_by_bit(data):
    """A library's table turned round is the same polynomial."""
    assert crc16(data).to_bytes(2, "little") == wire.crc(data)


@pytest.mark.parametrize(
    "text",
    [
        "00 00 0B 15 08 05 00",
        "EA 07 00 15 08 05 00",
        "EA 07 0B 00 08 05 00",
        "EA 07 02 1E 08 05 00",
        "EA 07 0B 15 18 00 00",
        "EA 07 0B 15 08 3C 00",
        "2D 06 0B 15 08 05 00",
        "10 27 0B 15 08 05 00",
    ],
)
def test_an_unknown_or_impossible_date_is_no_time_and_never_today(text):
    """What was sent stays readable."""
    reading = decode("2A08", bytes.fromhex(text))
    assert reading.at is None
    assert str(reading.flags["time_unknown"]).count(":") == 2


def test_a_measurement_without_a_date_is_still_a_measurement():
    """The collector decides whether the time of receipt may stand in."""
    reading = decode("2A9D", bytes.fromhex("02 E0 36 00 00 00 00 00 00 00"))
    assert reading.at is None
    assert len(reading.measured) == 1
    assert reading.flags["time_unknown"] == "0000-00-00T00:00:00"


@pytest.mark.parametrize(
    ("text", "zone", "offset"),
    [
        ("80 00", None, None),
        ("24 FF", 540, None),
        ("24 08", 540, 39600),
        ("39 00", None, None),
        ("D0 00", -720, -43200),
    ],
)
def test_a_zone_is_known_or_not(text, zone, offset):
    """-128 is unknown, the range ends at +14:00, and daylight saving time may be unknown by itself."""
    flags = decode("2A0F", bytes.fromhex(text)).flags
    assert (flags.get("zone_minutes"), flags.get("utc_offset_seconds")) == (zone, offset)


def test_where_a_device_has_its_time_from():
    """An accuracy of 254 is out of range, of 255 unknown."""
    assert decode("2A14", bytes((2, 8, 1, 3))).flags["accuracy_milliseconds"] == 1000
    assert decode("2A14", bytes((2, 8, 1, 3))).flags["source_name"] == "gps"
    unknown = decode("2A14", bytes((200, 255, 255, 255))).flags
    assert "source_name" not in unknown
    assert "accuracy_milliseconds" not in unknown


def test_the_bytes_that_set_a_clock_are_read_back_as_that_clock():
    """Seven bytes for a cuff, ten for a scale."""
    assert len(encode_date_time(NOON)) == 7
    assert decode("2A08", encode_date_time(NOON)).at == NOON
    set_by_gateway = decode("2A2B", encode_current_time(NOON, reason=EXTERNAL_REFERENCE))
    assert set_by_gateway.at == NOON
    assert set_by_gateway.flags["external_reference_update"] is True
    assert set_by_gateway.flags["day_of_week"] == 6
    assert decode("2A2B", bytes(7) + bytes(3)).at is None


def test_the_request_for_an_interval_carries_a_check_only_where_the_sensor_wants_one():
    """The feature of the sensor decides."""
    assert encode_get_interval(crc=True) == bytes.fromhex("02952C")
    assert encode_get_interval(crc=False) == b"\x02"


@pytest.mark.parametrize(
    "name", ["2a37", "2A37", "00002A37-0000-1000-8000-00805F9B34FB", "00002a37-0000-1000-8000-00805f9b34fb"]
)
def test_a_characteristic_is_known_by_its_short_and_its_long_name(name):
    """Platforms give either."""
    assert short_uuid(name) == "2A37"
    assert decode(name, bytes((0, 60))).characteristic == "2A37"


@pytest.mark.parametrize(
    "name", ["", "2A", "FFFF", "00002A37-0000-1000-8000-00805F9B34FC", "0000", "２Ａ３７"]
)
def test_an_unknown_characteristic_is_refused_by_that_name(name):
    """Unknown means no."""
    with pytest.raises(BadPayload) as caught:
        decode(name, bytes((0, 60)))
    assert caught.value.field == "characteristic"


def test_an_activity_monitor_is_recognised_and_its_measurements_are_refused():
    """No layout is published for them, and a guess would be data."""
    with pytest.raises(BadPayload, match="not supported"):
        decode("2B40", bytes(20))
    assert decode("2B3B", bytes(8)).unusable == ""
