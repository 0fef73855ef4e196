"""The encoders against the byte examples of the specifications, worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_data.ble import blood_pressure, cgm, glucose, heart_rate, oximeter, temperature, weight, wire
from synthetic_data.ble.blood_pressure import BloodPressure
from synthetic_data.ble.cgm import SensorReading
from synthetic_data.ble.glucose import Context, GlucoseReading
from synthetic_data.ble.heart_rate import Beat
from synthetic_data.ble.oximeter import Continuous, SpotCheck
from synthetic_data.ble.temperature import Temperature
from synthetic_data.ble.weight import Composition, Weighing
from synthetic_data.ble.wire import Special
from tests.synthetic_data.ble.air import at

NOT_A_NUMBER = Special.NOT_A_NUMBER
BODY = Composition(23.1, 6684, 35.4)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (36.4, 1, "6CF1"),
        (-1234, 0, "2E0B"),
        (Special.NOT_AT_THIS_RESOLUTION, 0, "0008"),
        (None, 0, "FF07"),
        (float("nan"), 0, "FF07"),
        (float("inf"), 0, "FE07"),
        (float("-inf"), 0, "0208"),
        (2045, 0, "FD07"),
        (2046, 0, "CD10"),
        (2047, 0, "CD10"),
        (-2046, 0, "331F"),
        (204.7, 1, "CD00"),
        (Decimal("0.25"), 1, "02F0"),
        (3e11, 0, "FE07"),
        (-3e11, 0, "0208"),
    ],
)
def test_a_short_float_keeps_its_decimals_and_never_wraps(value, decimals, expected):
    """Half to even; a number that does not fit loses decimals, then becomes infinite; reserved words are no numbers."""
    assert wire.sfloat(value, decimals).hex().upper() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(36.4, "6C0100FF"), (None, "FFFF7F00"), (Decimal("1e200"), "FEFF7F00"), (Decimal("-1e200"), "02008000")],
)
def test_a_long_float_has_its_own_special_words(value, expected):
    """FLOAT of four bytes."""
    assert wire.float32(value, 1).hex().upper() == expected


@given(st.decimals(min_value=-2000, max_value=2000, places=1), st.integers(0, 3))
def test_a_short_float_says_what_was_put_in_to_its_precision(value, decimals):
    """Read back by the rule of the standard: mantissa times ten to the exponent, both two's complement."""
    word = int.from_bytes(wire.sfloat(value, decimals), "little")
    exponent = (word >> 12) - (16 if word >> 15 else 0)
    mantissa = (word & 0xFFF) - (0x1000 if word & 0x800 else 0)
    assert abs(mantissa) <= 2045
    assert abs(Decimal(mantissa).scaleb(exponent) - value) <= Decimal(1).scaleb(exponent) / 2


def test_times_are_wall_times_and_an_unknown_one_is_all_zero():
    """2A08, 2A2B, 2A85."""
    moment = at(8, 5, 30)
    assert wire.date_time(moment) == bytes.fromhex("EA070B1508051E")
    assert wire.date_time(None) == bytes(7)
    half = moment.replace(microsecond=500_000)
    assert wire.current_time(half, reason=1) == bytes.fromhex("EA070B1508051E068001")
    assert wire.read_date_time(bytes.fromhex("EA070B1508051E0680")) == moment
    assert wire.read_date_time(bytes.fromhex("0000000008051E")) is None
    assert wire.read_date_time(b"\x01") is None
    assert wire.birth_date(date(1950, 2, 3)) == bytes.fromhex("9E070203")


@pytest.mark.parametrize(
    ("value", "on_the_wire"),
    [(b"123456789", "916F"), (bytes.fromhex("3E010203040506070809"), "012F"), (b"", "FFFF")],
)
def test_the_end_to_end_checksum_has_the_published_check_values(value, on_the_wire):
    """CRC-16/MCRF4XX, least significant byte first."""
    assert wire.crc16(value).hex().upper() == on_the_wire


@pytest.mark.parametrize(
    ("beat", "expected"),
    [
        (Beat(75, (0.7998, 0.78125), contact=True), "164B33032003"),
        (Beat(80, contact=False, energy_kilojoule=298), "0C502A01"),
        (Beat(260, (0.23047,), energy_kilojoule=10000), "1904011027EC00"),
        (Beat(60), "003C"),
    ],
)
def test_heart_rate(beat, expected):
    """2A37."""
    assert heart_rate.encode(beat).hex().upper() == expected


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (
            BloodPressure(122, 80, 94, 72, at(7, 30), 1, blood_pressure.IRREGULAR_PULSE),
            "1E7A0050005E00EA070B15071E004800010400",
        ),
        (BloodPressure(16.3, 10.7, 12.5, 75, kilopascal=True), "05A3F06BF07DF04B00"),
        (
            BloodPressure(None, None, None, Special.NOT_AT_THIS_RESOLUTION, at(7, 31, 5), status=3),
            "16FF07FF07FF07EA070B15071F0500080300",
        ),
        (BloodPressure(120, 80), "0078005000FF07"),
    ],
)
def test_blood_pressure(reading, expected):
    """2A35; the mean is always on the wire."""
    assert blood_pressure.encode(reading).hex().upper() == expected


def test_cuff_pressure():
    """2A36: only the first number is used."""
    assert blood_pressure.encode_cuff_pressure(140).hex().upper() == "008C00FF07FF07"


@pytest.mark.parametrize(
    ("weighing", "expected"),
    [
        (Weighing(70.24, at(6, 45, 10), 2, 22.9, 1.75), "0EE036EA070B15062D0A02E500D606"),
        (Weighing(154.84, imperial=True), "017C3C"),
        (Weighing(None, at(6, 45, 10), 255, 22.9, 1.75), "06FFFFEA070B15062D0AFF"),
    ],
)
def test_weight(weighing, expected):
    """2A9D; an unsuccessful weighing has time and user only."""
    assert weight.encode_weight(weighing).hex().upper() == expected


def test_body_composition_in_one_packet():
    """2A9C."""
    body = Composition(23.1, 6684, 35.4, impedance_ohm=500.4, weight=70.24)
    weighing = Weighing(70.24, at(6, 45, 10), 2, composition=body)
    assert [packet.hex().upper() for packet in weight.encode_composition(weighing, 30)] == [
        "1E06E700EA070B15062D0A021C1A62018C13E036"
    ]


def test_body_composition_in_two_packets_repeats_flags_and_fat():
    """Both carry the mark of a result in two parts; time and user come once."""
    body = Composition(23.1, 6684, 35.4, 24.86, 54.015, 51.0, 39.5, 500.4, 70.24, 1.75)
    weighing = Weighing(70.24, at(6, 45, 10), 2, composition=body)
    assert [packet.hex().upper() for packet in weight.encode_composition(weighing, 19)] == [
        "3E10E700EA070B15062D0A021C1A62016C13",
        "C01FE700332AD827DC1E8C13E036D606",
    ]


def test_an_unsuccessful_composition_has_time_and_user_only():
    """Fat 0xFFFF; without any composition nothing is sent."""
    failed = Weighing(70.24, at(6, 45, 10), 2, composition=Composition(None, 6684))
    assert weight.encode_composition(failed) == [bytes.fromhex("0600FFFFEA070B15062D0A02")]
    assert weight.encode_composition(Weighing(70.24)) == []
    pounds = Weighing(154.84, imperial=True, height=68.9, composition=Composition(23.1, height=68.9))
    assert weight.encode_composition(pounds) == [bytes.fromhex("0108E700B102")]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Temperature(36.4, at(6, 30), temperature.ARMPIT), "066C0100FFEA070B15061E0001"),
        (Temperature(98.4, fahrenheit=True), "01D80300FF"),
        (Temperature(None, site=temperature.BODY), "04FFFF7F0002"),
    ],
)
def test_temperature(reading, expected):
    """2A1C."""
    assert temperature.encode(reading).hex().upper() == expected


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (
            GlucoseReading(5, at(7), 95, offset_minutes=15, status=0, context=Context()),
            "1B0500EA070B150700000F005FB0110000",
        ),
        (GlucoseReading(6, at(12, 30), 5.3, molar=True, sample=2), "060600EA070B150C1E0035C012"),
        (
            GlucoseReading(7, at(9), None, offset_minutes=-60, status=glucose.TOO_HIGH),
            "090700EA070B15090000C4FF2000",
        ),
    ],
)
def test_glucose(reading, expected):
    """2A18."""
    assert glucose.encode(reading).hex().upper() == expected


@pytest.mark.parametrize(
    ("sequence", "context", "expected"),
    [
        (5, Context((1, 0.05), meal=1), "0305000132D001"),
        (6, Context(medication=(1, 0.00005), medication_in_litres=True), "3006000105B0"),
        (7, Context(tester=1, health=5, exercise=(1800, 60), hba1c_percent=6.4), "4C07005108073C40F0"),
        (8, Context(medication=(3, 0.000012)), "100800030CA0"),
    ],
)
def test_glucose_context(sequence, context, expected):
    """2A34: kilograms and litres, never grams."""
    assert glucose.encode_context(sequence, context).hex().upper() == expected


@pytest.mark.parametrize(
    ("reading", "checksum", "expected"),
    [
        (SensorReading(5, 120), False, "060078000500"),
        (SensorReading(5, 120), True, "0800780005000DE8"),
        (
            SensorReading(5, Decimal("12.34"), 0x02, 0x14, 0xFF, 0.2, 99.7, decimals=2),
            True,
            "0FE3D2E405000214FF02F0E5F38E3F",
        ),
    ],
)
def test_continuous_glucose(reading, checksum, expected):
    """2AA7: the size counts itself and the checksum; status, calibration, warning."""
    assert cgm.encode(reading, checksum=checksum).hex().upper() == expected


def test_the_session_of_a_glucose_sensor():
    """2AA8, 2AA9, 2AAA, 2AAB."""
    assert cgm.feature(checksum=True) == bytes.fromhex("00900159C45C")
    assert cgm.feature(checksum=False) == bytes.fromhex("00800159FFFF")
    assert cgm.session_start(at(6), 540, checksum=True) == bytes.fromhex("EA070B150600002400D5BC")
    assert cgm.session_start(None, 540, checksum=False) == bytes(9)
    assert cgm.session_run_time(14, checksum=True) == bytes.fromhex("0E00A86A")
    assert cgm.session_status(SensorReading(5, None), checksum=True) == bytes.fromhex("0500000000DC16")


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (SpotCheck(97, 72, at(8)), "0161004800EA070B15080000"),
        (
            SpotCheck(
                96, 75, status=oximeter.QUALIFIED, device_status=oximeter.LOW_PERFUSION,
                amplitude_percent=3.5, clock_not_set=True,
            ),
            "1E60004B00000120000023F0",
        ),
    ],
)  # fmt: skip
def test_spot_oximetry(reading, expected):
    """2A5E."""
    assert oximeter.encode_spot(reading).hex().upper() == expected


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Continuous(97, 72, (98, 73), (96, 71), oximeter.ONGOING), "076100480062004900600047002000"),
        (Continuous(NOT_A_NUMBER, None), "00FF07FF07"),
        (Continuous(97, 72, device_status=1 << 11, amplitude_percent=3.5), "186100480000080023F0"),
    ],
)
def test_continuous_oximetry(reading, expected):
    """2A5F."""
    assert oximeter.encode_continuous(reading).hex().upper() == expected


def test_a_system_identifier_has_the_unit_first():
    """2A23: the EUI-64 is its bytes reversed."""
    assert wire.system_id(0x001C05, 0xFFFEFFE874) == bytes.fromhex("74E8FFFEFF051C00")


def test_a_mass_beyond_the_field_is_its_largest_value():
    """Never the word that means "unsuccessful"."""
    assert wire.scaled(400, weight.KILOGRAM_STEP) == bytes.fromhex("FEFF")
    assert wire.scaled(None, weight.KILOGRAM_STEP) == bytes.fromhex("FFFF")
