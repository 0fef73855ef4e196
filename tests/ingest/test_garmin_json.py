"""Garmin Connect's JSON: recorded, bare and listed objects, GMT without a zone, grams, and the real answers."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import garmin_json
from ingest.series import MANUAL
from tests.ingest.exports import FIXTURES, TOKYO, column, damaged, laid, reasons, series, total

GARTH = FIXTURES / "garmin-connect-garth"
HEART = {
    "calendarDate": "2026-01-07", "startTimestampGMT": "2026-01-07T06:00:00.0", "restingHeartRate": 52,
    "startTimestampLocal": "2026-01-07T00:00:00.0", "heartRateValues": [[1767765600000, 63], [1767765720000, None]],
}  # fmt: skip
NIGHT = {
    "calendarDate": "2026-10-01", "sleepStartTimestampGMT": "2026-09-30T21:10:00.0", "lightSleepSeconds": 16200,
    "sleepEndTimestampGMT": "2026-10-01T05:10:00.0", "deepSleepSeconds": 5400, "remSleepSeconds": 5400,
    "averageSpO2Value": 95.0, "averageRespirationValue": 13.0,
}  # fmt: skip
WEIGHING = {"timestampGMT": 1749996876000, "date": 1749975276000, "weight": 59720.0, "bmi": 22.8, "bodyFat": 19.3,
            "sourceType": "INDEX_SCALE"}  # fmt: skip
DAY = {"calendarDate": "2026-10-01", "totalSteps": 9100, "totalDistance": 7000, "activeKilocalories": 510}


def read(folder, *bodies, recorded=True, **how):
    body = [{"path": "/x", "status": 200, "json": each} for each in bodies] if recorded else list(bodies)
    return list(garmin_json.read(laid(folder, {"a.json": json.dumps(body)}), zone=TOKYO, **how))


def test_readings_are_instants_at_the_offset_of_the_watch(tmp_path):
    """GMT and local of one moment tell the offset; null is a gap."""
    batches = read(tmp_path, HEART)
    assert series(batches) == {
        "8867-4": [("2026-01-07T06:00:00", 63, None)],
        "40443-4": [("2026-01-06T15:00:00", 52, None)],
    }
    assert column(batches, "offset")["8867-4"] == [-21_600]
    assert reasons(batches) == {}


@pytest.mark.parametrize("recorded", [True, False])
def test_a_night_is_gmt_although_no_zone_is_written(tmp_path, recorded):
    """In an answer inside another object, in the export bare."""
    body = (
        {"dailySleepDTO": NIGHT, "avgSkinTempDeviationC": -0.4, "restingHeartRate": 44} if recorded else NIGHT
    )
    batches = read(tmp_path, body, recorded=recorded)
    found = series(batches)
    assert found["93832-4"] == [("2026-09-30T21:10:00", 450, 480)]
    assert found["spo2-day"] == [("2026-09-30T15:00:00", 95, None)]
    assert ("skin-temp-dev" in found) is recorded
    assert column(batches, "quality")["93832-4"] == [0]


def test_weights_are_grams_and_a_typed_one_says_so(tmp_path):
    """With what the scale saw at the same time."""
    typed = {**WEIGHING, "sourceType": "MANUAL", "bmi": None, "bodyFat": None, "weight": 59500}
    batches = read(
        tmp_path, {"dailyWeightSummaries": [{"allWeightMetrics": [WEIGHING]}]}, {"dateWeightList": [typed]}
    )
    clock = "2025-06-15T14:14:36"
    assert series(batches) == {
        "29463-7": [(clock, 59.72, None), (clock, 59.5, None)],
        "39156-5": [(clock, 22.8, None)], "41982-0": [(clock, 19.3, None)],
    }  # fmt: skip
    assert column(batches, "quality")["29463-7"] == [0, MANUAL]


def test_totals_of_days_are_metres_and_a_source_of_their_own(tmp_path):
    """A week's mean is no day, and is counted."""
    batches = read(tmp_path, [DAY, {"calendarDate": "2026-10-01", "values": {"totalSteps": 5}}])
    day = "2026-09-30T15:00:00"
    assert series(batches) == {
        "41950-7": [(day, 9100, None)], "55430-3": [(day, 7000, 1440)], "55424-6": [(day, 510, 1440)]
    }  # fmt: skip
    assert column(batches, "source")["55430-3"] == ["garmin-connect|day||derived"]
    assert reasons(batches) == {"unsupported-type": 1}


@pytest.mark.parametrize(("body", "reason"), [
    ({**HEART, "heartRateValues": [5, [1]]}, "bad-value"), ({**HEART, "heartRateValues": [["x", 60]]}, "bad-time"),
    ({**DAY, "calendarDate": "soon"}, "bad-time"), ({"dailySleepDTO": None}, "no-value"),
    ({**NIGHT, "sleepEndTimestampGMT": None}, "no-value"), ({**NIGHT, "sleepEndTimestampGMT": "?"}, "bad-value"),
    ({**DAY, "totalSteps": "many"}, "no-value"), (None, "no-value"), ({"anything": 1}, "unsupported-type"),
    ({"dailySleepDTO": NIGHT, "sleepLevels": [{}]}, "unsupported-type"),
])  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path, body, reason):
    """With the reason that says why."""
    assert reason in reasons(read(tmp_path, body))


@pytest.mark.parametrize("body", [b"[", b"[]", b"{}", b"5", b'[{"x":1}]'])
def test_what_is_nothing_of_garmin_is_refused(tmp_path, body):
    """One clear error."""
    with pytest.raises(BadPayload):
        list(garmin_json.read(laid(tmp_path, {"a.json": body}), zone=TOKYO))


def test_other_files_are_counted_and_reading_goes_on_after_each_mark(tmp_path):
    """The export holds pictures and settings."""
    folder = laid(
        tmp_path, {"1.json": json.dumps([DAY]), "2.json": "{}", "3.png": "x", "4.json": json.dumps(NIGHT)}
    )
    every = list(garmin_json.read(folder, zone=TOKYO))
    assert reasons(every) == {"not-of-this-format": 2}
    for place, batch in enumerate(every):
        assert series(garmin_json.read(folder, zone=TOKYO, mark=batch.mark)) == series(every[place + 1 :])
    with pytest.raises(NotOfThisFormat):
        list(garmin_json.read(laid(tmp_path / "sub", {"3.png": "x"}), zone=TOKYO))


@pytest.mark.shared
@pytest.mark.skipif(not GARTH.is_dir(), reason="the shared data is not here")
def test_every_real_answer_is_read_or_counted():
    """No answer raises, and the counts are those of the arrays in them."""
    counts = {}
    for path in sorted(GARTH.glob("*.json")):
        for code, rows in series(garmin_json.read(path, zone=TOKYO)).items():
            counts[code] = counts.get(code, 0) + len(rows)
    beats = 0
    for path in GARTH.glob("daily_heart_rate_*.json"):
        for each in json.loads(path.read_text()):
            beats += sum(pair[1] is not None for pair in each["json"]["heartRateValues"])
    assert counts["8867-4"] == beats
    assert counts["hrv-rmssd"] == 81
    assert {"29463-7", "93832-4", "41950-7", "hrv-day", "40443-4", "floors"} <= set(counts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """The reader is total."""
    body = json.dumps([HEART, {"dailySleepDTO": NIGHT}, {"dateWeightList": [WEIGHING]}, DAY])
    total(garmin_json.read, laid(tmp_path, {"a.json": damaged(data, body.encode())}))
