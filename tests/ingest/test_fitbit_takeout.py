"""Fitbit in a Google Takeout: units, clocks, sentinels, and each metric once."""

import json
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingest.errors import BadPayload
from ingest.files import fitbit_takeout
from ingest.series import LOW_CONFIDENCE, ZONE_ASSUMED

TOKYO = ZoneInfo("Asia/Tokyo")
SAMPLE = Path(__file__).resolve().parents[2] / ".." / "shared" / "samples" / "fitbit" / "takeout.json"
EXPORT = "Global Export Data"
GOOGLE = "Physical Activity_GoogleData"
BEATS = [
    {"dateTime": "11/15/20 05:00:03", "value": {"bpm": 62, "confidence": 3}},
    {"dateTime": "11/15/20 05:00:08", "value": {"bpm": 70, "confidence": 0}},
]
BEATS_CSV = (
    "timestamp,beats per minute,data source\n2020-11-15T05:00:03Z,62,Charge 4\n2020-11-15T05:00:08Z,70,X\n"
)


def read(tmp_path, files, root="Takeout/Fitbit", **how):
    tmp_path.mkdir(exist_ok=True)
    archive = tmp_path / "takeout.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for name, body in files.items():
            made.writestr(f"{root}/{name}", body if isinstance(body, str) else json.dumps(body))
    return list(fitbit_takeout.read(archive, zone=TOKYO, **how))


def series(batches):
    return {(each.code, each.source.key): each for batch in batches for each in batch.series}


def reasons(batches):
    return [(each.reason, each.field, each.count) for batch in batches for each in batch.rejects]


def one(tmp_path, name, body):
    found = series(read(tmp_path, {name: body}))
    assert len(found) == 1
    return next(iter(found.values()))


def stamps(found):
    return [str(moment) for moment in found.start.astype("datetime64[us]").astype("datetime64[s]")]


@pytest.mark.parametrize("root", ["Takeout/Fitbit", "Takeout/Google Health", "テイクアウト/Fitbit"])
def test_heart_rate_without_its_csv_is_read_as_utc_and_says_so(tmp_path, root):
    """The zone of the intraday JSON is disputed; the root folder has had several names."""
    found = series(read(tmp_path, {f"{EXPORT}/heart_rate-2020-11-15.json": BEATS}, root))
    (beats,) = found.values()
    assert stamps(beats) == ["2020-11-15T05:00:03", "2020-11-15T05:00:08"]
    assert beats.quality.tolist() == [ZONE_ASSUMED, ZONE_ASSUMED | LOW_CONFIDENCE]


def test_each_metric_is_read_once_and_the_csv_wins(tmp_path):
    """Every metric stands twice in an export; what is left out is counted."""
    files = {f"{EXPORT}/heart_rate-2020-11-15.json": BEATS, f"{GOOGLE}/heart_rate_2020-11-15.csv": BEATS_CSV}
    batches = read(tmp_path, files)
    found = series(batches)
    assert {key: each.quality.tolist() for key, each in found.items()} == {
        ("8867-4", "fitbit-takeout|Charge 4||unknown"): [0],
        ("8867-4", "fitbit-takeout|X||unknown"): [0],
    }
    assert reasons(batches) == [("repeated-metric", "file", 1)]


def test_units_of_the_files_become_ours(tmp_path):
    """Pounds in JSON, grams in CSV, centimetres of distance, thousandths of breaths."""
    pounds = [{"logId": 1, "weight": 191.8, "bmi": 27.5, "date": "11/15/20", "time": "06:00:00"}]
    weights = series(read(tmp_path, {f"{EXPORT}/weight-2020-11-15.json": pounds}))
    kilos = weights["29463-7", "fitbit-takeout|scale||unknown"]
    assert kilos.channels["value"].tolist() == pytest.approx([86.999], abs=0.001)
    assert stamps(kilos) == ["2020-11-14T21:00:00"]
    grams = "timestamp,weight grams,data source\n2020-11-15T11:00:00Z,86999,S\n"
    assert one(tmp_path, f"{GOOGLE}/weight.csv", grams).channels["value"].tolist() == [86.999]
    far = [{"dateTime": "11/15/20 05:01:00", "value": "250"}]
    assert one(tmp_path, f"{EXPORT}/distance-2020-11-15.json", far).channels["value"].tolist() == [2.5]
    breaths = "timestamp,full sleep stats - milli breaths per minute\n2020-11-15T05:00:00Z,15200\n"
    name = f"{GOOGLE}/respiratory_rate_sleep_summary_2020-11-15.csv"
    assert one(tmp_path, name, breaths).channels["value"].tolist() == [15.2]


def test_fifty_percent_of_oxygen_means_none(tmp_path):
    """50.0 is the device's word for no measurement."""
    text = "timestamp,value\n2020-11-15T05:00:00Z,50.0\n2020-11-15T05:01:00Z,96.5\n"
    batches = read(tmp_path, {"Oxygen Saturation (SpO2)/Minute SpO2 - 2020-11-15.csv": text})
    (found,) = series(batches).values()
    assert found.channels["value"].tolist() == [96.5]
    assert reasons(batches) == [("no-value", "line 2", 1)]


def test_nan_in_variability_means_none(tmp_path):
    """NaN literals stand in the summaries."""
    name = "Heart Rate Variability/Daily Heart Rate Variability Summary - 2020-11-(15).csv"
    batches = read(tmp_path, {name: "timestamp,rmssd,nremhr\n2020-11-15T00:00:00,NaN,50\n2020-11-16,41,50\n"})
    (found,) = series(batches).values()
    assert (found.code, found.channels["value"].tolist()) == ("hrv-day", [41.0])
    assert stamps(found) == ["2020-11-15T15:00:00"]
    assert reasons(batches) == [("no-value", "line 2", 1)]


def test_an_empty_resting_day_has_no_value(tmp_path):
    """Empty days have no date and a zero."""
    rows = [
        {"dateTime": "11/15/20 00:00:00", "value": {"date": "11/15/20", "value": 58.3, "error": 6.7}},
        {"dateTime": "11/16/20 00:00:00", "value": {"date": None, "value": 0.0, "error": 0.0}},
    ]
    batches = read(tmp_path, {f"{EXPORT}/resting_heart_rate-2020-11-15.json": rows})
    (found,) = series(batches).values()
    assert (found.code, found.channels["value"].tolist(), found.quality.tolist()) == ("40443-4", [58.3], [0])
    assert reasons(batches) == [("no-value", "[1]", 1)]


def test_most_of_an_export_is_never_opened(tmp_path):
    """Four fifths of the bytes are probabilities of a model; a damaged one must not matter."""
    files = {
        f"{EXPORT}/heart_rate-2020-11-15.json": BEATS,
        "Health Fitness Data_GoogleData/UserActivityProbabilities_2020.csv": "\x00broken",
        "Stress Score/Stress Score.csv": "x",
        f"{EXPORT}/calories-2020-11-15.json": "broken",
    }
    assert reasons(read(tmp_path, files)) == [("unsupported-file", "file", 2), ("not-read", "file", 1)]


def test_bad_rows_and_elements_cost_only_themselves(tmp_path):
    """Short rows, wrong clocks and wrong types are counted with their place."""
    text = BEATS_CSV + "2020-11-15T05:00:09Z\nyesterday,60,X\n2020-11-15T05:00:10Z,?,X\n"
    batches = read(tmp_path, {f"{GOOGLE}/heart_rate_2020-11-15.csv": text})
    assert sum(len(each) for each in series(batches).values()) == 2
    assert sorted(reasons(batches)) == [
        ("bad-row", "line 2", 1),
        ("bad-time", "line 4", 1),
        ("no-value", "line 5", 1),
    ]
    batches = read(
        tmp_path,
        {f"{EXPORT}/heart_rate-2020-11-15.json": [*BEATS, 7, {"dateTime": "?", "value": {"bpm": 1}}]},
    )
    assert reasons(batches) == [("bad-value", "[2]", 1), ("bad-time", "[3]", 1)]


def test_reading_goes_on_after_its_mark(tmp_path):
    """Also after the first batch, which only counts what is skipped."""
    files = {f"{EXPORT}/heart_rate-2020-11-{day}.json": BEATS for day in (15, 16, 17)}
    every = read(tmp_path, files)
    for place, batch in enumerate(every):
        rest = list(fitbit_takeout.read(tmp_path / "takeout.zip", zone=TOKYO, mark=batch.mark))
        assert [each.mark for each in rest] == [each.mark for each in every[place + 1 :]]


@pytest.mark.parametrize("body", ["", "{}", "[", "null", "[1", '"x"'])
def test_a_broken_file_is_refused_by_its_name(tmp_path, body):
    """The refusal names the entry of the zip."""
    with pytest.raises(BadPayload) as refused:
        read(tmp_path, {f"{EXPORT}/heart_rate-2020-11-15.json": body})
    assert refused.value.file == f"Takeout/Fitbit/{EXPORT}/heart_rate-2020-11-15.json"


def test_a_zip_without_fitbit_is_refused(tmp_path):
    """Another part of a takeout."""
    with pytest.raises(BadPayload, match="no Fitbit export"):
        read(tmp_path, {"Photos/1.json": "{}"})


@pytest.mark.shared
def test_the_documented_files_of_an_export_are_read(tmp_path):
    """One file of each kind, with the names that they have in an export."""
    if not SAMPLE.exists():
        pytest.skip("sample payloads are not here")
    batches = read(tmp_path, json.loads(SAMPLE.read_text()))
    counts = {}
    for (code, _), each in series(batches).items():
        counts[code] = counts.get(code, 0) + len(each)
    assert counts == {"8867-4": 2, "55423-8": 2, "40443-4": 1, "93832-4": 1, "sleep-stage": 1, "29463-7": 1}
    assert counts.keys() <= fitbit_takeout.COVERAGE
    assert ("repeated-metric", "file", 2) in reasons(batches)


def test_newer_exports_have_a_folder_for_each_metric(tmp_path):
    """Physical Activity_GoogleData/Weight/weight.csv; minutes of zones and metres of distance are read too."""
    files = {
        f"{GOOGLE}/Weight/weight.csv": "timestamp,weight grams,data source\n2026-09-10T05:00:00.000000Z,70500,S\n",
        f"{GOOGLE}/Distance/distance_2026-09-01.csv": "timestamp,distance,data source\n2026-09-10T04:00:00Z,800.5,A\n",
        f"{GOOGLE}/Active Zone Minutes/active_zone_minutes_2026-09-01.csv": (
            "timestamp,heart rate zone,total minutes,data source\n2026-09-10T04:01:00Z,CARDIO,2,A\n"
        ),
        f"{GOOGLE}/Live Pace/live_pace_2026-09-12.csv": "timestamp,steps\n2026-09-10T04:00:00Z,99999\n",
    }
    batches = read(tmp_path, files, root="Takeout/Google Health")
    found = {code: each.channels["value"].tolist() for (code, _), each in series(batches).items()}
    assert found == {"29463-7": [70.5], "55430-3": [800.5], "azm": [2.0]}
    assert reasons(batches) == [("unsupported-file", "file", 1)]


HEALTH = "Health Fitness Data_GoogleData"
SLEEPS = (
    "sleep_id,sleep_type,minutes_in_sleep_period,minutes_asleep,start_utc_offset,sleep_start,end_utc_offset,sleep_end\n"
    "111,STAGES,450,410,+05:30,2026-09-11T17:30:00Z,+05:30,2026-09-12T01:00:00Z\n"
    "222,CLASSIC,300,x,-04:00,2026-09-20 03:00:00+0000,-04:00,2026-09-20 08:00:00+0000\n"
    "333,CLASSIC,300,270,?,2026-09-21 03:00:00,?,2026-09-21 02:00:00\n"
)
STAGES = (
    "sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,end_utc_offset,sleep_stage_end\n"
    "111,1,LIGHT,+05:30,2026-09-11T17:30:00Z,+05:30,2026-09-11T18:00:00Z\n"
    "111,2,SNORING,+05:30,2026-09-11T18:00:00Z,+05:30,2026-09-11T18:10:00Z\n"
)


def test_sleep_in_utc_with_offsets_is_preferred_to_the_json(tmp_path):
    """The tables tell where the person was; the JSON of the same nights has only a wall clock."""
    night = [{"startTime": "2026-09-11T23:00:00.000", "duration": 27_000_000, "minutesAsleep": 410}]
    files = {
        f"{HEALTH}/UserSleeps_2026-09-01.csv": SLEEPS,
        f"{HEALTH}/UserSleepStages_2026-09-01.csv": STAGES,
        f"{EXPORT}/sleep-2026-09-11.json": night,
    }
    batches = read(tmp_path, files)
    found = {code: each for (code, _), each in series(batches).items()}
    asleep, stages = found["93832-4"], found["sleep-stage"]
    assert (stamps(asleep), asleep.channels["value"].tolist()) == (["2026-09-11T17:30:00"], [410.0])
    assert (asleep.offset.tolist(), asleep.quality.tolist()) == ([19_800], [0])
    assert (stages.channels["value"].tolist(), stages.duration.tolist()) == ([2.0], [1_800_000_000])
    assert reasons(batches)[0] == ("repeated-metric", "file", 1)
    assert {each[0] for each in reasons(batches)[1:]} == {"bad-value", "no-value", "bad-time"}
    alone = series(read(tmp_path / "b", {f"{EXPORT}/sleep-2026-09-11.json": night}))
    assert stamps(alone["93832-4", "fitbit|sleep||derived"]) == ["2026-09-11T14:00:00"]


def test_a_sleep_table_without_its_columns_is_counted(tmp_path):
    """A heading of another year."""
    batches = read(tmp_path, {f"{HEALTH}/UserSleeps_2026-09-01.csv": "a,b\n1,2\n"})
    assert reasons(batches) == [("unknown-table", "line 1", 1)]


def test_oxygen_uptake_and_the_breathing_of_a_night(tmp_path):
    """The filtered estimate where there is one."""
    oxygen = [
        {
            "dateTime": "09/12/26 00:00:00",
            "value": {"demographicVO2Max": 41.2, "filteredDemographicVO2Max": 40.8},
        },
        {"dateTime": "09/13/26 00:00:00", "value": {"demographicVO2Max": 41.2}},
        {"dateTime": "09/14/26 00:00:00", "value": {}},
    ]
    batches = read(tmp_path, {f"{EXPORT}/demographic_vo2_max-2026-09-11.json": oxygen})
    (uptake,) = series(batches).values()
    assert (uptake.code, uptake.channels["value"].tolist()) == ("vo2max", [40.8, 41.2])
    assert reasons(batches) == [("no-value", "[2].value", 1)]
    text = "timestamp,full_sleep_breathing_rate,deep_sleep_breathing_rate\n2026-09-12T01:00:00,15.2,14.8\n"
    name = "Heart Rate Variability/Respiratory Rate Summary - 2026-09-12.csv"
    breaths = one(tmp_path, name, text)
    assert (breaths.code, breaths.channels["value"].tolist()) == ("9279-1", [15.2])
