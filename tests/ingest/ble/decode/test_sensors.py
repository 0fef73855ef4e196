"""Sensors that are worn: continuous glucose with its session and checks, and oximeters with their doubts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from ingest.ble.decode import cgm
from ingest.ble.profiles import decode
from ingest.errors import BadPayload
from ingest.series import LOW_CONFIDENCE
from tests.ingest.ble.decode import wire


def read(characteristic, text):
    return decode(characteristic, bytes.fromhex(text))


def refused(characteristic, text):
    with pytest.raises(BadPayload) as caught:
        read(characteristic, text)
    return caught.value.field


def test_status_octets_of_a_sensor_are_read_in_the_order_of_its_firmware():
    """The flag bit names the octet; which comes first on the wire is a quirk of some stacks."""
    record = wire.cgm(Decimal(120), 5, octets={"status": 2, "calibration": 0, "warning": 1})
    assert cgm.measurement(record).flags["record_0_status"] == 2
    turned = cgm.measurement(record, warning_first=True)
    assert (turned.flags["record_0_warning"], turned.flags["record_0_status"]) == (2, 1)


def test_a_sensor_that_promises_a_check_must_send_it():
    """The feature decides; without knowing it, the size of the record does."""
    plain, checked = wire.cgm(Decimal(120), 5), wire.cgm(Decimal(120), 5, checked=True)
    assert len(cgm.measurement(checked, crc=True).measured) == 1
    with pytest.raises(BadPayload) as caught:
        cgm.measurement(plain, crc=True)
    assert caught.value.field == "e2e_crc"
    assert cgm.measurement(checked, crc=False).flags["record_0_trailing_bytes"] == 2


def test_a_sensor_beyond_its_range_or_without_calibration_is_not_sure():
    """The value is where the device ends, not where the glucose is."""
    for octets in ({"warning": 0x40}, {"warning": 0x80}, {"calibration": 0x08}):
        assert cgm.measurement(wire.cgm(Decimal(40), 5, octets=octets)).measured[0].quality == LOW_CONFIDENCE
    assert cgm.measurement(wire.cgm(Decimal(90), 5, octets={"warning": 0x01})).measured[0].quality == 0


def test_trend_and_quality_may_be_missing_by_themselves():
    """A special value is a reason, not a number."""
    flags = cgm.measurement(wire.cgm(Decimal(120), 5, trend="nan")).flags
    assert flags["record_0_trend_absent"] == "not-a-number"


def test_a_record_smaller_or_larger_than_its_bytes_is_refused():
    """The size of a record counts itself."""
    assert refused("2AA7", "05 00 78 00 1E") == "size"
    assert refused("2AA7", "08 00 78 00 1E 00") == "record"
    assert refused("2AA7", "06 80 78 00 1E 00") == "status"
    assert refused("2AA7", "") == "size"


def test_minutes_of_a_session_become_times_when_its_start_is_known():
    """2AAA brings the wall clock and its zone; a start that is all zero is not set."""
    reading = read("2AA7", "06 00 78 00 05 00")
    placed = cgm.in_session(reading, read("2AAA", "EA 07 0B 15 06 00 00 24 00 D5 BC"))
    assert placed.at == datetime.fromisoformat("2026-11-21T06:00:00")
    assert placed.flags["utc_offset_seconds"] == 32400
    assert placed.measured[0].seconds == 300
    assert cgm.in_session(reading, read("2AAA", "00 " * 9)) is reading
    no_zone = cgm.in_session(reading, read("2AAA", "EA 07 0B 15 06 00 00 80 00"))
    assert "utc_offset_seconds" not in no_zone.flags


@pytest.mark.parametrize(
    ("characteristic", "text"),
    [
        ("2AA8", "00 90 01 59 C4 5D"),
        ("2AA9", "05 00 00 00 00 DC 17"),
        ("2AAB", "0E 00 A8 6B"),
        ("2AAC", "03 05 7D 8E"),
    ],
)
def test_a_value_whose_check_does_not_agree_is_refused(characteristic, text):
    """One flipped bit on the air must not become a setting."""
    assert refused(characteristic, text) == "e2e_crc"


def test_a_sensor_without_checks_fills_the_place_of_one():
    """0xFFFF when the feature says that there is none."""
    assert read("2AA8", "00 00 00 59 FF FF").flags["crc"] == 0xFFFF


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1C 02 02", {"request_op": "get_interval", "success": False}),
        ("1C 63 63", {"request": 99, "result": 99}),
        ("09 B4 00", {"op": "patient_high", "level": "180"}),
        ("09 FF 07", {"level_absent": "not-a-number"}),
        ("06 78 00 05 00 59 0A 00 01 00 00", {"op": "calibration", "level": "120", "record": 1}),
        ("04 FF 07 05 00 59 0A 00 01 00 00", {"op": "set_calibration", "level_absent": "not-a-number"}),
        ("05 01 00", {"op": "get_calibration", "record": 1}),
        ("1A", {"op": "start_session"}),
        ("63 01 02 03", {"operand": "010203"}),
    ],
)
def test_the_control_point_of_a_sensor_is_read(text, expected):
    """Requests that others write to it, and its answers."""
    flags = read("2AAC", text).flags
    assert expected == {name: flags.get(name) for name in expected}


def test_an_oximeter_that_is_not_sure_says_so_and_an_early_estimate_too():
    """Early, questionable and weak signals are kept as such."""
    for status, device in ((1 << 6, 0), (1 << 14, 0), (0, 1 << 3), (0, 1 << 8)):
        reading = decode("2A5E", wire.spot_check(Decimal(97), Decimal(70), status=status, device=device))
        assert {one.quality for one in reading.measured} == {LOW_CONFIDENCE}
    half = decode("2A5F", wire.continuous(Decimal(97), "nan", fast=(Decimal(98), "nan")))
    assert [one.code for one in half.measured] == ["59408-5"]
    assert half.flags["pulse_rate_fast_absent"] == "not-a-number"


def test_a_clock_that_was_never_set_gives_no_time_but_stays_readable():
    """Bit 4 of a spot check."""
    reading = read("2A5E", "11 61 00 48 00 D0 07 01 01 00 00 00")
    assert (reading.at, reading.flags["time_unknown"]) == (None, "2000-01-01T00:00:00")
