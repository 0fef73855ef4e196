"""Legacy Fitbit answers: naive local times of one account, each endpoint's shape, refusals with places."""

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import fitbit_json
from ingest.series import MANUAL, ZONE_ASSUMED

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
SAMPLES = Path(__file__).resolve().parents[2] / ".." / "shared" / "samples" / "fitbit"


def decode(body, zone=TOKYO, **how):
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return fitbit_json.decode(payload, zone=zone, **how)


def heart(*ticks, day="2019-05-08", **value):
    return {
        "activities-heart": [{"dateTime": day, "value": value}],
        "activities-heart-intraday": {
            "dataset": [{"time": time, "value": bpm} for time, bpm in ticks],
            "datasetInterval": 1,
            "datasetType": "minute",
        },
    }


def by_code(series):
    return {each.code: each for each in series}


def reasons(rejects):
    return [(reject.reason, reject.field, reject.count) for reject in rejects]


def stamps(series):
    return [str(moment) for moment in series.start.astype("datetime64[us]").astype("datetime64[s]")]


def test_intraday_heart_is_local_time_of_the_zone():
    """HH:MM:SS stands on the wall clock of the account; the zone is assumed."""
    series, rejects = decode(heart(("10:00:00", 64), ("10:01:00", 63), restingHeartRate=60))
    found = by_code(series)
    assert rejects == []
    assert stamps(found["8867-4"]) == ["2019-05-08T01:00:00", "2019-05-08T01:01:00"]
    assert found["8867-4"].quality.tolist() == [ZONE_ASSUMED, ZONE_ASSUMED]
    assert found["40443-4"].channels["value"].tolist() == [60.0]
    assert stamps(found["40443-4"]) == ["2019-05-07T15:00:00"]


def test_of_an_hour_that_happens_twice_the_first_is_meant():
    """Clocks go back: fold=0. The hour that is skipped counts with the offset before."""
    series, _ = decode(heart(("02:30:00", 60), ("03:30:00", 61), day="2021-10-31"), BERLIN)
    found = by_code(series)["8867-4"]
    assert stamps(found) == ["2021-10-31T00:30:00", "2021-10-31T02:30:00"]
    assert found.offset.tolist() == [7200, 3600]
    series, _ = decode(heart(("02:30:00", 60), day="2021-03-28"), BERLIN)
    assert by_code(series)["8867-4"].offset.tolist() == [3600]


def test_steps_of_minutes_and_of_the_day_are_different_codes():
    """A day's total repeats its minutes: it is never added to them."""
    body = {
        "activities-steps": [{"dateTime": "2019-05-08", "value": "1433"}],
        "activities-steps-intraday": {"dataset": [{"time": "00:02:00", "value": 7}], "datasetInterval": 15},
    }
    found = by_code(decode(body)[0])
    assert found["41950-7"].channels["value"].tolist() == [1433.0]
    assert found["55423-8"].duration.tolist() == [15 * 60_000_000]


def test_total_energy_of_a_minute_is_not_taken_for_active_energy():
    """Fitbit's calories hold the basal part; only the day has a code for that."""
    body = {
        "activities-calories": [{"dateTime": "2019-05-08", "value": "2100"}],
        "activities-calories-intraday": {"dataset": [{"time": "00:02:00", "value": 1.1}]},
    }
    series, rejects = decode(body)
    assert {each.code for each in series} == {"41979-6"}
    assert reasons(rejects) == [("unsupported-type", "activities-calories-intraday", 1)]


def test_a_day_asked_for_stands_in_for_a_day_not_named():
    """The intraday set itself names no day."""
    body = {"activities-heart-intraday": {"dataset": [{"time": "10:00:00", "value": 64}]}}
    assert reasons(decode(body)[1]) == [("no-day", "activities-heart-intraday", 1)]
    series, _ = decode(body, day=dt.date(2019, 5, 8))
    assert stamps(series[0]) == ["2019-05-08T01:00:00"]


def test_a_bad_tick_costs_only_itself():
    """The place names the tick."""
    series, rejects = decode(heart(("10:00:00", 64), ("10:01:00", "x"), ("25:00:00", 65), ("1:1", 66)))
    assert by_code(series)["8867-4"].channels["value"].tolist() == [64.0]
    assert reasons(rejects) == [
        ("bad-value", "activities-heart-intraday.dataset[1]", 1),
        ("no-value", "activities-heart[0].value.restingHeartRate", 1),
        ("bad-time", "activities-heart-intraday.dataset[1].time", 1),
        ("bad-time", "activities-heart-intraday.dataset[2].time", 1),
    ]


def test_minus_one_breaths_is_no_value():
    """-1 is the service's word for none."""
    body = {"br": [{"dateTime": "2021-10-25", "value": {"fullSleepSummary": {"breathingRate": -1}}}]}
    assert reasons(decode(body)[1]) == [("no-value", "br[0].value.breathingRate", 1)]


def test_a_range_of_cardio_fitness_names_no_value():
    """40-44 is no number; the middle would be invented."""
    body = {"cardioScore": [{"dateTime": "2021-10-25", "value": {"vo2Max": "40-44"}}]}
    assert reasons(decode(body)[1]) == [("ambiguous", "cardioScore[0].value.vo2Max", 1)]
    body["cardioScore"][0]["value"]["vo2Max"] = "44.5"
    assert decode(body)[0][0].channels["value"].tolist() == [44.5]


def test_a_weight_without_a_time_was_typed_in():
    """The service writes 23:59:59 for an entry without a time."""
    rows = [
        {
            "date": "2019-03-22",
            "time": "23:46:05",
            "weight": 72.5,
            "bmi": 23.57,
            "fat": 14.5,
            "source": "Aria",
        },
        {"date": "2019-03-24", "time": "23:59:59", "weight": 72.6, "source": "API"},
    ]
    series, rejects = decode({"weight": rows})
    assert rejects == []
    weights = {each.source.device: each for each in series if each.code == "29463-7"}
    assert weights["Aria"].quality.tolist() == [ZONE_ASSUMED]
    assert weights["API"].quality.tolist() == [ZONE_ASSUMED | MANUAL]


def test_a_night_is_a_session_and_its_stages_and_overlays_are_counted():
    """Short data overlaps the stages, which already cover the night."""
    log = {
        "startTime": "2020-02-20T23:21:30.000",
        "endTime": "2020-02-21T07:03:30.000",
        "duration": 27_720_000,
        "minutesAsleep": 384,
        "levels": {
            "data": [
                {"dateTime": "2020-02-20T23:21:30.000", "level": "wake", "seconds": 630},
                {"dateTime": "2020-02-20T23:32:00.000", "level": "dozing", "seconds": 30},
            ],
            "shortData": [{"dateTime": "2020-02-20T23:50:00.000", "level": "wake", "seconds": 30}],
        },
    }
    series, rejects = decode({"sleep": [log, {"startTime": 5}], "summary": {}})
    found = by_code(series)
    assert found["93832-4"].channels["value"].tolist() == [384.0]
    assert found["93832-4"].duration.tolist() == [27_720_000_000]
    assert found["sleep-stage"].channels["value"].tolist() == [1.0]
    assert reasons(rejects) == [
        ("unknown-code", "sleep[0].levels.data[1].level", 1),
        ("overlay", "sleep[0].levels.shortData", 1),
        ("bad-value", "sleep[1]", 1),
    ]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"", "document"),
        (b"{}", "document"),
        (b"17", "document"),
        (b'{"sleep":[', "document"),
        (b'[{"dateTime":"2021-10-04"},7]', "[1]"),
        (b'{"errors":[{"errorType":"expired_token"}],"success":false}', "errors"),
        (b'{"access_token":"x"}', "document"),
        (b"<html>gone</html>", "document"),
    ],
)
def test_bytes_that_are_no_answer_are_refused_as_a_whole(payload, field):
    """Error answers, HTML and broken JSON name their field."""
    with pytest.raises(BadPayload) as refused:
        decode(payload, file="f.json")
    assert (refused.value.field, refused.value.file) == (field, "f.json")


SHAPES = [
    ("heart_intraday_1min.json", None, {"40443-4": 1, "8867-4": 5}),
    ("steps_intraday_1min.json", None, {"41950-7": 1, "55423-8": 5}),
    ("sleep_v1_2_classic.json", None, {"93832-4": 1, "sleep-stage": 3}),
    ("sleep_v1_2_stages.json", None, {"93832-4": 1, "sleep-stage": 4}),
    ("spo2.json", "day", {"spo2-day": 1}),
    ("spo2.json", "range", {"spo2-day": 1}),
    ("spo2.json", "day without data", {}),
    ("spo2.json", "intraday", {"59408-5": 2}),
    ("hrv.json", "day", {"hrv-day": 1}),
    ("hrv.json", "intraday", {"hrv-rmssd": 1}),
    ("breathing_rate.json", "day", {"rr-day": 1}),
    ("breathing_rate.json", "intraday", {"rr-day": 1}),
    ("temperature.json", None, {"skin-temp-dev": 1, "8310-5": 1}),
    ("weight_log.json", None, {"29463-7": 2, "39156-5": 2, "41982-0": 1}),
]


@pytest.mark.shared
@pytest.mark.parametrize(("file", "key", "wanted"), SHAPES)
def test_documented_shapes_give_what_they_hold(file, key, wanted):
    """One payload per endpoint."""
    if not (SAMPLES / file).exists():
        pytest.skip("sample payloads are not here")
    body = json.loads((SAMPLES / file).read_text())
    counts = {}
    for each in decode(body if key is None else body[key])[0]:
        counts[each.code] = counts.get(each.code, 0) + len(each)
    assert counts == wanted
    assert counts.keys() <= fitbit_json.COVERAGE


times = st.one_of(st.times().map(lambda t: t.strftime("%H:%M:%S")), st.text(max_size=9))
ticks = st.lists(st.tuples(times, st.one_of(st.integers(0, 250), st.text(max_size=3))), max_size=10)


@given(ticks, st.dates(dt.date(1971, 1, 1), dt.date(2199, 1, 1)), st.sampled_from([TOKYO, BERLIN]))
def test_every_tick_is_a_sample_or_counted_and_stands_where_the_zone_says(some, day, zone):
    """Times agree with the zone database, and nothing is lost silently."""
    series, rejects = decode(heart(*some, day=day.isoformat(), restingHeartRate=60), zone)
    found = by_code(series).get("8867-4")
    lost = [each for each in rejects if each.field.startswith("activities-heart-intraday")]
    assert (len(found) if found else 0) + sum(each.count for each in lost) == len(some)
    if found and not lost:
        for start, offset, (text, _) in zip(found.start.tolist(), found.offset.tolist(), some, strict=True):
            moment = dt.datetime.combine(day, dt.time.fromisoformat(text), zone)
            assert offset == moment.utcoffset().total_seconds()
            assert start == round(moment.timestamp()) * 1_000_000


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *fitbit_json.INTRADAY,
                    *fitbit_json.DAYS,
                    *fitbit_json.BODIES,
                    "dateTime",
                    "value",
                    "dataset",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.one_of(st.binary(max_size=60), json_values.map(lambda value: json.dumps(value).encode())))
def test_anything_gives_series_or_a_typed_refusal(payload):
    """The decoder is total."""
    series, field = [], "none"
    try:
        series, _ = decode(payload)
    except BadPayload as refused:
        field = refused.field
    assert field
    assert all(np.isfinite(each.channels["value"]).all() for each in series)


def test_a_folder_is_read_in_order_and_goes_on_after_its_mark(tmp_path):
    """One batch per file."""
    for day in ("2019-05-08", "2019-05-09"):
        (tmp_path / f"{day}.json").write_text(json.dumps(heart(("10:00:00", 64), day=day)))
    batches = list(fitbit_json.read(tmp_path, zone=TOKYO))
    assert [stamps(batch.series[0])[0][:10] for batch in batches] == ["2019-05-08", "2019-05-09"]
    rest = list(fitbit_json.read(tmp_path, zone=TOKYO, mark=batches[0].mark))
    assert [batch.mark for batch in rest] == [batches[1].mark]
