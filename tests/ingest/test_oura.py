"""Oura: tables of the export and of the trends, answers of the API, periods that are no sleep, gaps."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import oura
from tests.ingest.exports import BERLIN, TOKYO, column, damaged, laid, reasons, series, total

SLEEP = {
    "id": "a", "day": "2026-10-05", "type": "long_sleep", "total_sleep_duration": 25200, "average_breath": 14.25,
    "average_hrv": 41, "bedtime_start": "2026-10-04T22:40:00.000+02:00", "bedtime_end": "2026-10-04T23:12:00.000+02:00",
    "sleep_phase_5_min": "4422113",
    "heart_rate": {"interval": 300.0, "items": [60, None, 58], "timestamp": "2026-10-04T22:40:00.000+02:00"},
    "hrv": {"interval": 300.0, "items": [33], "timestamp": "2026-10-04T22:45:00.000+02:00"},
}  # fmt: skip
ACTIVITY = {"id": "b", "day": "2026-10-05", "steps": 9000, "total_calories": 2400, "active_calories": 420}
BEATS = "timestamp;bpm;source\n2026-03-05T10:00:00Z;60;awake\n2026-03-05T10:05:00.000+00:00;62;rest\n"
TRENDS = (
    "date,Sleep Score,Average HRV,Respiratory Rate,Temperature Deviation (°C),Steps,Total Burn\n"
    "2026-01-01,80,78,14.1,-0.2,9000,2400\n2026-01-02,82,,,,,\n"
)


def read(folder, files, zone=TOKYO, **how):
    return list(oura.read(laid(folder, files), zone=zone, **how))


def answer(folder, *objects):
    return read(folder, {"a.json": json.dumps({"data": objects, "next_token": None})})


def as_table(fields):
    cells = [json.dumps(each) if isinstance(each, dict) else str(each) for each in fields.values()]
    return ";".join(fields) + "\n" + ";".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


@pytest.mark.parametrize("form", ["answer", "table"])
def test_a_night_is_the_same_in_an_answer_and_in_a_table(tmp_path, form):
    """Stages of five minutes are joined, the last one ends with the period; null is a gap."""
    files = {"a.json": json.dumps({"data": [SLEEP]}), "sleepmodel.csv": as_table(SLEEP)}
    name = "a.json" if form == "answer" else "sleepmodel.csv"
    batches = read(tmp_path, {name: files[name]})
    assert series(batches) == {
        "93832-4": [("2026-10-04T20:40:00", 420, 32)],
        "sleep-stage": [
            ("2026-10-04T20:40:00", 1, 10),
            ("2026-10-04T20:50:00", 2, 10),
            ("2026-10-04T21:00:00", 3, 10),
            ("2026-10-04T21:10:00", 4, 2),
        ],
        "8867-4": [("2026-10-04T20:40:00", 60, None), ("2026-10-04T20:50:00", 58, None)],
        "hrv-rmssd": [("2026-10-04T20:45:00", 33, None)],
        "rr-day": [("2026-10-04T15:00:00", 14.25, None)],
        "hrv-day": [("2026-10-04T15:00:00", 41, None)],
    }
    assert column(batches, "offset")["93832-4"] == [7200]
    assert reasons(batches) == {}


def test_a_nap_gives_no_mean_of_the_day_and_a_rest_gives_nothing(tmp_path):
    """Only the main period speaks for the night."""
    batches = answer(
        tmp_path, {**SLEEP, "type": "late_nap"}, {**SLEEP, "type": "rest"}, {**SLEEP, "type": "deleted"}
    )
    assert not {"rr-day", "hrv-day"} & set(series(batches))
    assert len(series(batches)["93832-4"]) == 1
    assert reasons(batches) == {"not-sleep": 2}


@pytest.mark.parametrize(("changes", "reason"), [
    ({"bedtime_end": "late"}, "bad-time"), ({"total_sleep_duration": None}, "no-value"),
    ({"sleep_phase_5_min": "4x"}, "unknown-code"), ({"sleep_phase_5_min": "1" * 999}, "bad-value"),
    ({"heart_rate": {"interval": 0, "items": [1]}}, "bad-value"), ({"average_hrv": "high"}, "bad-value"),
    ({"heart_rate": {"interval": 5, "items": [1], "timestamp": "?"}}, "bad-time"), ({"day": 5}, "bad-time"),
    ({"bedtime_end": "2026-10-03T00:00:00+02:00", "sleep_phase_5_min": None}, "bad-value"),
])  # fmt: skip
def test_a_part_that_cannot_be_is_refused(tmp_path, changes, reason):
    """With the reason that says why."""
    assert reason in reasons(answer(tmp_path, {**SLEEP, **changes}))


def test_totals_saturation_temperature_and_fitness_of_a_day(tmp_path):
    """Saturation is an object inside, 0 means none; other kinds of object are counted."""
    body = {
        "daily_activity": [ACTIVITY],
        "daily_spo2": [{"id": "c", "day": "2026-10-05", "spo2_percentage": {"average": 97.5}},
                       {"id": "d", "day": "2026-10-06", "spo2_percentage": {"average": 0}}],
        "daily_readiness": [{"id": "e", "day": "2026-10-05", "temperature_deviation": -0.3, "score": 80}],
        "vO2_max": [{"id": "f", "day": "2026-10-05", "vo2_max": 41}],
        "daily_stress": [{"id": "g", "day": "2026-10-05", "stress_high": 3}], "rest": [], "who": [{"email": "x"}],
    }  # fmt: skip
    batches = read(tmp_path, {"export.json": json.dumps(body)})
    day = "2026-10-04T15:00:00"
    assert series(batches) == {
        "41950-7": [(day, 9000, None)], "41979-6": [(day, 2400, None)], "55424-6": [(day, 420, 1440)],
        "spo2-day": [(day, 97.5, None)], "skin-temp-dev": [(day, -0.3, None)], "vo2max": [(day, 41, None)],
    }  # fmt: skip
    assert reasons(batches) == {"no-value": 1, "unsupported-type": 1, "unknown-type": 1}


def test_readings_of_the_day_are_instants_in_utc(tmp_path):
    """UTC says nothing of the place, so the offset is the zone's."""
    text = BEATS + "never;60;awake\n2026-03-05T10:10:00Z;;awake\n"
    batches = read(tmp_path, {"heartrate.csv": text}, BERLIN)
    assert series(batches) == {
        "8867-4": [("2026-03-05T10:00:00", 60, None), ("2026-03-05T10:05:00", 62, None)]
    }
    assert column(batches, "offset") == {"8867-4": [3600, 3600]}
    assert reasons(batches) == {"bad-time": 1, "no-value": 1}


def test_the_trends_table_has_words_for_headings(tmp_path):
    """Scores are no measurement; empty cells are nothing."""
    day = "2025-12-31T15:00:00"
    assert series(read(tmp_path, {"oura_trends.csv": TRENDS})) == {
        "hrv-day": [(day, 78, None)], "rr-day": [(day, 14.1, None)], "skin-temp-dev": [(day, -0.2, None)],
        "41950-7": [(day, 9000, None)], "41979-6": [(day, 2400, None)],
    }  # fmt: skip


def test_an_answer_without_objects_is_empty_and_not_wrong(tmp_path):
    """A day without a ring."""
    assert series(answer(tmp_path)) == {}


@pytest.mark.parametrize("body", ["[", "{}", "[1]", '{"data":[{"x":1}]}', '"a"'])
def test_what_is_nothing_of_oura_is_refused(tmp_path, body):
    """One clear error."""
    with pytest.raises(BadPayload):
        read(tmp_path, {"a.json": body})


def test_other_files_are_counted_and_reading_goes_on_after_each_mark(tmp_path):
    """The export holds payment and location too."""
    folder = laid(tmp_path, {
        "App Data/heartrate.csv": BEATS, "App Data/dailyactivity.csv": as_table(ACTIVITY), "x.json": "{}",
        "Subscriptions/payment-method.csv": "a;b\n1;2\n", "note.txt": "x", "trends.csv": TRENDS,
    })  # fmt: skip
    every = list(oura.read(folder, zone=TOKYO))
    assert reasons(every) == {"not-of-this-format": 3}
    for place, batch in enumerate(every):
        assert series(oura.read(folder, zone=TOKYO, mark=batch.mark)) == series(every[place + 1 :])
    with pytest.raises(NotOfThisFormat):
        read(tmp_path / "sub", {"note.txt": "x"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """The reader is total, for tables and for answers."""
    sound = {
        "s.json": json.dumps({"data": [SLEEP]}),
        "s.csv": as_table(SLEEP),
        "h.csv": BEATS,
        "t.csv": TRENDS,
    }
    name = data.draw(st.sampled_from(sorted(sound)))
    total(oura.read, laid(tmp_path, {name: damaged(data, sound[name].encode())}))
