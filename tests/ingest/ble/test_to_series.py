"""Readings to columns: one Series for each code, each measurement at its own instant, and refusals that are counted."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.profiles import PROFILES, decode
from ingest.ble.reading import Measured, Reading
from ingest.ble.to_series import When, to_series
from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.series import LOW_CONFIDENCE, MANUAL, WRIST, ZONE_ASSUMED, Reject, Source

CUFF = Source("ble|74E8FFFEFF051C00", device="cuff", method="active")
NOW = 1_795_000_000_000_000
TOKYO = 9 * 3600
HERE = When(NOW, TOKYO)


def read(characteristic, text):
    return decode(characteristic, bytes.fromhex(text))


def test_a_blood_pressure_becomes_a_row_with_three_channels_and_the_bits_of_the_caller():
    """The device at the wrist is known to the caller, not to the bytes."""
    reading = read("2A35", "1E 7A 00 50 00 5E 00 EA 07 0B 15 07 1E 00 48 00 01 04 00")
    (series,), rejects = to_series([reading], CUFF, when=[When(NOW, TOKYO, WRIST | ZONE_ASSUMED)])
    assert rejects == []
    assert (series.code, series.source) == ("85354-9", CUFF)
    assert {name: column.tolist() for name, column in series.channels.items()} == {
        "systolic": [122.0],
        "diastolic": [80.0],
        "pulse": [72.0],
    }
    assert (series.start.tolist(), series.offset.tolist()) == ([NOW], [TOKYO])
    assert series.quality.tolist() == [WRIST | ZONE_ASSUMED]
    assert series.duration is None
    assert (series.start.dtype, series.offset.dtype, series.quality.dtype) == (np.int64, np.int32, np.uint8)


def test_a_channel_without_a_value_is_nan():
    """A cuff that lost the pulse still measured the pressure."""
    reading = read("2A35", "04 7A 00 50 00 FF 07 00 08")
    (series,), _ = to_series([reading], CUFF, when=[HERE])
    assert np.isnan(series.channels["pulse"]).tolist() == [True]
    assert series.channels["systolic"].tolist() == [122.0]


def test_intervals_lie_before_the_packet_that_brought_them():
    """Microseconds, rounded once from ticks of 1/1024 s."""
    reading = read("2A37", "16 4B 33 03 20 03")
    series, _ = to_series([reading], CUFF, when=[HERE])
    found = {one.code: one for one in series}
    assert found["8867-4"].start.tolist() == [NOW]
    assert found["8637-1"].start.tolist() == [NOW - 1_581_055, NOW - 781_250]
    assert found["8637-1"].channels["value"].tolist() == [799.8046875, 781.25]


def test_several_readings_of_several_kinds_become_one_series_a_code():
    """Columns, whatever order the readings came in."""
    readings = [read("2A9D", "00 E0 36"), read("2A1C", "00 6C 01 00 FF"), read("2A9D", "00 00 37")]
    times = [When(NOW + second, TOKYO) for second in range(3)]
    series, rejects = to_series(readings, CUFF, when=times)
    assert [(one.code, one.start.tolist()) for one in series] == [
        ("29463-7", [NOW, NOW + 2]),
        ("8310-5", [NOW + 1]),
    ]
    assert rejects == []


def test_what_is_no_measurement_is_counted_by_its_reason():
    """A failed measurement is not silence; a battery is nothing to count."""
    failed = read("2A35", "00 FF 07 FF 07 FF 07")
    readings = [failed, failed, read("2A36", "00 8C 00 FF 07 FF 07"), read("2A19", "64")]
    series, rejects = to_series(readings, CUFF, when=[HERE] * 4)
    assert series == []
    assert rejects == [Reject("no-value", "2A35", 2), Reject("intermediate", "2A36", 1)]


def test_a_measurement_without_an_instant_is_refused():
    """No time is made up."""
    reading = read("2A9D", "08 E0 36 E5 00 D6 06")
    assert to_series([reading], CUFF, when=[When(None, 0)]) == ([], [Reject("bad-time", "2A9D", 3)])
    assert to_series([read("2A19", "64")], CUFF, when=[When(None, 0)]) == ([], [])


def test_the_bits_of_the_device_and_of_the_caller_are_joined():
    """A height that was typed, at a time that was assumed."""
    reading = read("2A9D", "08 E0 36 E5 00 D6 06")
    series, _ = to_series([reading], CUFF, when=[When(NOW, TOKYO, ZONE_ASSUMED)])
    assert {one.code: one.quality.tolist() for one in series} == {
        "29463-7": [ZONE_ASSUMED],
        "39156-5": [ZONE_ASSUMED],
        "8302-2": [MANUAL | ZONE_ASSUMED],
    }


def made(**how):
    return Reading("2A9D", b"", measured=(Measured(**{"values": {"value": Decimal(1)}, **how}),))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"code": "no-such-code"}, "unknown-code"),
        ({"code": "29463-7", "values": {}}, "no-value"),
        ({"code": "29463-7", "values": {"other": Decimal(1)}}, "no-value"),
        ({"code": "55423-8"}, "bad-time"),
        ({"code": "29463-7", "seconds": Decimal(10) ** 13}, "bad-time"),
    ],
)
def test_what_the_vocabulary_cannot_hold_is_refused_and_counted(how, reason):
    """Unknown means no."""
    assert to_series([made(**how)], CUFF, when=[HERE]) == ([], [Reject(reason, "2A9D", 1)])


def test_an_interval_keeps_how_long_it_lasted():
    """Steps are counted over a time."""
    (series,), _ = to_series([made(code="55423-8", lasts=Decimal("60.5"))], CUFF, when=[HERE])
    assert series.duration.tolist() == [60_500_000]


def test_a_quality_of_the_sensor_reaches_the_column():
    """A value that the device doubts is doubted."""
    (series,), _ = to_series([made(code="29463-7", quality=LOW_CONFIDENCE)], CUFF, when=[HERE])
    assert series.quality.tolist() == [LOW_CONFIDENCE]


def test_each_reading_needs_a_time():
    """A list that is too short is a mistake of the caller, not of a device."""
    with pytest.raises(ValueError, match="time"):
        to_series([made(code="29463-7")], CUFF, when=[])


@given(
    name=st.sampled_from(sorted(PROFILES)),
    payload=st.binary(min_size=1, max_size=24),
    instant=st.integers(0, 4_000_000_000_000_000),
)
def test_whatever_a_device_sends_becomes_columns_of_its_coverage_or_is_counted(name, payload, instant):
    """Nothing is lost without a word, and no column differs in length."""
    try:
        reading = decode(name, payload)
    except BadPayload:
        return
    series, rejects = to_series([reading], CUFF, when=[When(instant, TOKYO)])
    kept = sum(len(one) for one in series)
    assert kept + sum(one.count for one in rejects if one.reason != reading.unusable) == len(reading.measured)
    for one in series:
        assert one.code in PROFILES[name].coverage
        assert one.channels.keys() == {channel.name for channel in VITALS[one.code].channels}
