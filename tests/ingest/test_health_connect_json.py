"""Health Connect records as JSON: shapes, units, nullable offsets, versions, and what is no record."""

import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import health_connect
from ingest.series import MANUAL, WRIST, ZONE_ASSUMED
from tests.ingest.damage import assert_total, damaged
from tests.ingest.samples import instants_of, reasons_of, rows_of, spans_of, values_of

TOKYO = ZoneInfo("Asia/Tokyo")
AT = "2026-06-10T06:42:00Z"
UNTIL = "2026-06-10T06:52:00Z"
FIT = {"id": "u1", "dataOrigin": {"packageName": "com.fit"}, "recordingMethod": 2}


def record(kind, **members):
    """A record of one moment, or of ten minutes when it has an end."""
    return {"recordType": kind, "time": AT, "zoneOffset": "+09:00", "metadata": FIT, **members}


def span(kind, **members):
    """A record that lasts ten minutes."""
    times = {"startTime": AT, "endTime": UNTIL, "startZoneOffset": "+09:00"}
    return {"recordType": kind, **times, "metadata": FIT, **members}


@pytest.fixture
def read(tmp_path):
    def reader(*records, body=None, **how):
        file = tmp_path / "dump.json"
        file.write_text(json.dumps({"records": records}) if body is None else body)
        return list(health_connect.read(file, zone=TOKYO, **how))

    return reader


@pytest.mark.parametrize(
    ("given_record", "code", "expected"),
    [
        (record("RestingHeartRate", beatsPerMinute=58), "40443-4", 58),
        (record("HeartRateVariabilityRmssd", heartRateVariabilityMillis=41.5), "hrv-rmssd", 41.5),
        (record("OxygenSaturation", percentage=97), "59408-5", 97),
        (record("OxygenSaturation", percentage={"value": 97.5}), "59408-5", 97.5),
        (record("RespiratoryRate", rate=15.5), "9279-1", 15.5),
        (record("BodyTemperature", temperature={"inFahrenheit": 98.6}), "8310-5", 37),
        (record("BodyTemperature", temperature={"value": 36.6, "unit": "celsius"}), "8310-5", 36.6),
        (record("BloodGlucose", level={"inMillimolesPerLiter": 5.5}), "2339-0", 99.086),
        (record("BloodGlucose", level={"unit": "milligramsPerDeciliter", "value": 99}), "2339-0", 99),
        (record("Weight", weight={"inKilograms": 64.05}), "29463-7", 64.05),
        (record("Weight", weight={"inPounds": 150}), "29463-7", 68.039),
        (record("WeightRecord", weight={"unit": "grams", "value": 64_050}), "29463-7", 64.05),
        (record("Height", height={"inMeters": 1.67}), "8302-2", 167),
        (record("BodyFat", percentage=20.8), "41982-0", 20.8),
        (record("Vo2Max", vo2MillilitersPerMinuteKilogram=38.5), "vo2max", 38.5),
        (span("androidx.health.connect.client.records.StepsRecord", count=412), "55423-8", 412),
        (span("Distance", distance={"inMiles": 1}), "55430-3", 1609.344),
        (span("FloorsClimbed", floors=2), "floors", 2),
        (span("ActiveCaloriesBurned", energy={"inKilojoules": 418.4}), "55424-6", pytest.approx(100)),
        (span("ActiveCaloriesBurned", energy={"unit": "calories", "value": 1500}), "55424-6", 1.5),
        (span("HeartRate", samples=[{"time": AT, "beatsPerMinute": 61}]), "8867-4", 61),
    ],
)
def test_values_and_their_units_become_ours(read, given_record, code, expected):
    """Apps write a measured value with its unit, as a member or as a word."""
    assert values_of(read(given_record), code) == [expected]


@pytest.mark.parametrize(
    "given_record",
    [
        record("Weight", weight=64),
        record("Weight", weight={"unit": "stones", "value": 10}),
        record("Weight", weight={"heavy": 10}),
        span("Distance", distance=5),
    ],
)
def test_a_unit_is_never_assumed(read, given_record):
    """A bare number of grams and one of kilograms look the same."""
    batches = read(given_record)
    assert rows_of(batches) == []
    assert reasons_of(batches) == {("bad-unit", given_record["recordType"]): 1}


@pytest.mark.parametrize(
    ("offset", "seconds", "quality"),
    [
        ("+09:00", 32_400, 0),
        ("-03:30", -12_600, 0),
        ("Z", 0, 0),
        ({"totalSeconds": 3600}, 3600, 0),
        ({"id": "+01:00"}, 3600, 0),
        (7200, 7200, 0),
        (None, 32_400, ZONE_ASSUMED),
        ("+99:00", 32_400, ZONE_ASSUMED),
        ("east", 32_400, ZONE_ASSUMED),
    ],
)
def test_an_offset_may_be_missing(read, offset, seconds, quality):
    """Offsets are nullable in Health Connect; then the zone of the import is assumed and said so."""
    (row,) = rows_of(read(record("OxygenSaturation", percentage=97, zoneOffset=offset)))
    assert row[5:7] == (seconds, quality)


def test_times_may_be_text_or_milliseconds(read):
    """An instant is an instant, whatever offset it is written with."""
    forms = [AT, "2026-06-10T15:42:00+09:00", 1_781_073_720_000]
    batches = read(*(record("RespiratoryRate", rate=n, time=form) for n, form in enumerate(forms)))
    assert instants_of(batches, "9279-1") == ["2026-06-10T06:42:00"] * 3


def test_the_higher_version_of_a_record_wins_wherever_it_stands(read):
    """An app that corrects a record writes it again with a higher version."""

    def weight(kilograms, version, changed=AT):
        meta = {
            "clientRecordId": "w1",
            "clientRecordVersion": version,
            "lastModifiedTime": changed,
            "dataOrigin": "a",
        }
        return record("Weight", weight={"inKilograms": kilograms}, metadata=meta)

    first, second, third = weight(60, 1), weight(61, 3), weight(62, 3, UNTIL)
    for records in ((first, second, third), (third, second, first), (second, third, first)):
        batches = read(*records)
        assert values_of(batches, "29463-7") == [62]
        assert reasons_of(batches) == {("superseded", "metadata.clientRecordVersion"): 2}


def test_apps_devices_and_methods_are_kept_apart(read):
    """Raw reads of Health Connect count the same steps once for each app."""
    metas = [
        {
            "dataOrigin": "com.fit",
            "recordingMethod": 2,
            "device": {"manufacturer": "Google", "model": "Pixel 9"},
        },
        {"dataOrigin": {"packageName": "jp.omron"}, "recordingMethod": "RECORDING_METHOD_MANUAL_ENTRY"},
        {"dataOrigin": 5, "recordingMethod": "?"},
    ]
    batches = read(*(span("Steps", count=9, metadata=meta) for meta in metas))
    assert {row[2]: row[6] for row in rows_of(batches)} == {
        "health-connect|com.fit|Google Pixel 9|passive": 0,
        "health-connect|jp.omron||manual": MANUAL,
        "health-connect|||unknown": 0,
    }


def test_blood_pressure_and_its_place(read):
    """Both values or none; the wrist is marked."""
    pressure = {"systolic": {"inMillimetersOfMercury": 128}, "diastolic": 81}
    batches = read(
        record("BloodPressure", **pressure, measurementLocation="left_wrist"),
        record("BloodPressure", **pressure, measurementLocation=3),
        record("BloodPressure", systolic=128),
    )
    assert sorted((row[6], row[-1]) for row in rows_of(batches)) == [
        (0, (81, None, 128)),
        (WRIST, (81, None, 128)),
    ]
    assert reasons_of(batches) == {("no-value", "BloodPressure"): 1}


def test_a_night_has_stages_as_numbers_or_words(read):
    """Words are the names of the constants."""
    stages = [
        {"startTime": AT, "endTime": UNTIL, "stage": stage}
        for stage in (4, "deep", "STAGE_TYPE_REM", "AWAKE", "odd", 0)
    ]
    batches = read(span("SleepSession", stages=[*stages, 5]), span("SleepSession"))
    assert values_of(batches, "sleep-stage") == [2, 3, 4, 1]
    assert values_of(batches, "93832-4") == [30, 10]
    assert spans_of(batches, "93832-4") == [600, 600]
    assert reasons_of(batches) == {("unknown-code", "SleepSession.stages.stage"): 3}


def test_lists_objects_and_lines_say_the_same(read):
    """Apps dump in one of three forms."""
    records = [span("Steps", count=1), record("OxygenSaturation", percentage=97)]
    whole = rows_of(read(*records))
    assert rows_of(read(body=json.dumps(records))) == whole
    assert rows_of(read(body="\n".join(map(json.dumps, records)))) == whole
    assert len(whole) == 2


@pytest.mark.parametrize(
    "body", ["", "[", "{}", "null", '{"records": 1}', "hello", '{"a": 1}\n{"b": 2}', "[" * 9999]
)
def test_what_is_no_dump_is_refused(read, body):
    """Another JSON must not look like an empty import."""
    with pytest.raises(BadPayload):
        read(body=body)


def test_bad_records_cost_only_themselves(read):
    """Wrong types, unknown types and values that are none."""
    body = json.dumps([5, {"recordType": 1}, span("Steps", count=1), span("Steps", count=2, endTime="soon")])
    huge = json.dumps(span("Steps", count=3)).replace('"count": 3', '"count": 1e999')
    batches = read(body=body[:-1] + "," + huge + "]")
    assert values_of(batches, "55423-8") == [1]
    assert sum(reasons_of(batches).values()) == 4
    batches = read(
        record("SexualActivity"), record("Nutrition"), span("HeartRate", samples=[4, {}]), span("HeartRate")
    )
    assert reasons_of(batches) == {
        ("unsupported-type", "recordType"): 1,
        ("unsupported-type", "Nutrition"): 1,
        ("bad-time", "HeartRate"): 3,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    counts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=8),
    order=st.randoms(),
    rows=st.integers(1, 4),
)
def test_order_repeats_and_parts_change_nothing(read, counts, order, rows):
    """What is read is a set of samples."""
    records = [
        span("Steps", count=count, startTime=f"2026-06-10T06:4{at}:00Z", metadata={}) for at, count in counts
    ]
    twice = [*records, *records]
    order.shuffle(twice)
    whole, parts = read(*records), read(*twice, rows=rows)
    assert set(rows_of(parts)) == set(rows_of(whole))
    for place, batch in enumerate(parts):
        rest = read(*twice, rows=rows, mark=batch.mark)
        assert rows_of([*parts[: place + 1], *rest]) == rows_of(parts)


SOUND = json.dumps(
    [span("Steps", count=1), record("BloodPressure", systolic=120, diastolic=80), span("SleepSession")]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """Bytes of a sound dump replaced, inserted and removed."""
    total(tmp_path, damaged(data, SOUND.encode()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(body=st.binary(max_size=60))
@example(body=b"SQLite format 3\x00")
@example(body=b'{"records":[{"recordType":"Steps","metadata":{"clientRecordVersion":1e308,"id":""}}]}')
def test_any_bytes_give_samples_counts_or_a_typed_refusal(tmp_path, body):
    """The reader is total."""
    total(tmp_path, body)


def total(tmp_path, body):
    """BadPayload names field and file."""
    assert_total(lambda file: rows_of(health_connect.read(file, zone=TOKYO)), tmp_path / "dump.json", body)
