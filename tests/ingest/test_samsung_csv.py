"""Samsung Health: the app's own tables and plainer ones, zones beside the clock, two devices, units, fixtures."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import samsung_csv
from ingest.series import ZONE_ASSUMED
from tests.ingest.exports import BERLIN, FIXTURES, TOKYO, column, damaged, laid, reasons, series, total

H = "com.samsung.health."
S = "com.samsung.shealth."
BEATS = (
    f"{S}tracker.heart_rate,6305010,4\n"
    f"{H}heart_rate.heart_rate,{H}heart_rate.start_time,{H}heart_rate.time_offset,\n"
    "70,2026-10-03 10:00:00.000,UTC+0200,\n0,2026-10-03 18:00:00.000,UTC+0200,\n"
)
PLAIN = "start_time,heart_rate,source_name\n2026-05-01T08:05:00-03:00,62,Galaxy Watch\n"
WEIGHT = f"{H}weight,6305010,2\nweight,body_fat,start_time,time_offset,datauuid,\n71.2,18.5,2026-10-03 05:30:00.000,UTC+0900,w1,\n"
STAGES = (
    f"{H}sleep_stage,7006003,6\nstart_time,end_time,stage,sleep_id,time_offset,\n"
    "2026-10-04 20:55:00.000,2026-10-05 00:15:00.000,40002,a,UTC+0200,\n"
    "2026-10-05 00:15:00.000,2026-10-05 01:45:00.000,40009,a,UTC+0200,\n"
)
PRESSURE = (
    f"{S}blood_pressure,1,2\n{H}blood_pressure.start_time,{H}blood_pressure.systolic,{H}blood_pressure.diastolic,"
    f"{H}blood_pressure.pulse,{H}blood_pressure.time_offset\n2026-10-03 10:00:00.000,130,85,64,UTC+0900\n"
)
STEPS = (
    f"{S}tracker.pedometer_step_count,1,2\n"
    f"{H}step_count.count,{H}step_count.start_time,{H}step_count.end_time,{H}step_count.deviceuuid,time_offset\n"
    "1250,2026-10-03 10:00:00.000,2026-10-03 10:01:00.000,phone,UTC+0900\n"
    "1300,2026-10-03 10:00:00.000,2026-10-03 10:01:00.000,watch,UTC+0900\n"
)
TREND = (
    f"{S}step_daily_trend,6305010,3\nsource_type,count,day_time,\n"
    "-2,8000,1790812800000,\n0,5000,1790812800000,\n-2,6500,2026-10-02 00:00:00.000,\n-2,1,x,\n"
)


def read(folder, files, zone=TOKYO, **how):
    return list(samsung_csv.read(laid(folder, files), zone=zone, **how))


def test_the_apps_own_table_has_a_line_above_and_utc_clocks(tmp_path):
    """The offset stands in a column of its own, and is the person's; 0 means none."""
    batches = read(tmp_path, {f"{S}tracker.heart_rate.20261006090000.csv": BEATS})
    assert series(batches) == {"8867-4": [("2026-10-03T10:00:00", 70, None)]}
    assert column(batches, "offset") == {"8867-4": [7200]}
    assert column(batches, "quality") == {"8867-4": [0]}
    assert reasons(batches) == {"no-value": 1}


def test_a_plain_table_has_offsets_in_its_clocks(tmp_path):
    """No line above, no types in the headings."""
    batches = read(tmp_path, {f"{H}heart_rate.202605.csv": PLAIN})
    assert series(batches) == {"8867-4": [("2026-05-01T11:05:00", 62, None)]}
    assert column(batches, "offset") == {"8867-4": [-10_800]}
    assert column(batches, "source") == {"8867-4": ["samsung|health|Galaxy Watch|unknown"]}


def test_a_clock_without_any_offset_is_the_zones_and_says_so(tmp_path):
    """Of the hour that happens twice, the first one."""
    text = PLAIN.replace("2026-05-01T08:05:00-03:00", "2026-10-25 02:30:00.000")
    batches = read(tmp_path, {f"{H}heart_rate.csv": text}, BERLIN)
    assert series(batches)["8867-4"][0][0] == "2026-10-25T00:30:00"
    assert column(batches, "quality") == {"8867-4": [ZONE_ASSUMED]}


def test_phone_and_watch_stay_apart(tmp_path):
    """Both count the same steps; their identifiers are kept as short hashes."""
    batches = read(tmp_path, {f"{S}tracker.pedometer_step_count.1234.csv": STEPS})
    assert sorted(row[1:] for row in series(batches)["55423-8"]) == [(1250, 1), (1300, 1)]
    keys = column(batches, "source")["55423-8"]
    assert len(set(keys)) == 2
    assert not any("phone" in key or "watch" in key for key in keys)


def test_more_devices_than_a_person_has_are_refused(tmp_path, monkeypatch):
    """Each one would be a source of its own."""
    monkeypatch.setattr(samsung_csv, "MOST_DEVICES", 1)
    batches = read(tmp_path, {f"{S}tracker.pedometer_step_count.1234.csv": STEPS})
    assert [row[1] for row in series(batches)["55423-8"]] == [1250]
    assert reasons(batches) == {"too-many-devices": 1}


def test_a_day_is_the_row_that_joins_all_devices(tmp_path):
    """The other rows are parts of it."""
    batches = read(tmp_path, {f"{S}step_daily_trend.2026.csv": TREND})
    days = [("2026-09-30T15:00:00", 8000, None), ("2026-10-01T15:00:00", 6500, None)]
    assert series(batches) == {"41950-7": days}
    assert reasons(batches) == {"part-of-a-total": 1, "bad-time": 1}


def test_weights_have_the_unit_beside_them(tmp_path):
    """Kilograms where none is told; another unit is refused."""
    assert series(read(tmp_path, {f"{H}weight.1234.csv": WEIGHT})) == {
        "29463-7": [("2026-10-03T05:30:00", 71.2, None)],
        "41982-0": [("2026-10-03T05:30:00", 18.5, None)],
    }
    text = "start_time,weight,unit\n" + "".join(
        f"2026-05-01T07:00:00Z,160,{unit}\n" for unit in ("kg", "lb", "st")
    )
    batches = read(tmp_path, {f"{H}weight.csv": text})
    assert [row[1] for row in series(batches)["29463-7"]] == pytest.approx([160, 72.575], abs=0.001)
    assert reasons(batches) == {"unknown-unit": 1}


def test_saturation_is_per_cent_also_when_it_is_a_fraction(tmp_path):
    """Nobody lives with less than one per cent."""
    text = "start_time,oxygen_saturation\n2026-05-01T07:00:00Z,98\n2026-05-01T08:00:00Z,0.97\n"
    batches = read(tmp_path, {f"{H}oxygen_saturation.csv": text})
    assert [row[1] for row in series(batches)["59408-5"]] == [98, 97]


def test_blood_pressure_and_stages(tmp_path):
    """A code that is none of the four is refused."""
    pressure = read(tmp_path, {f"{S}blood_pressure.1234.csv": PRESSURE})
    assert series(pressure) == {"85354-9": [("2026-10-03T10:00:00", 130, 85, 64, None)]}
    stages = read(tmp_path, {f"{H}sleep_stage.1234.csv": STAGES})
    assert series(stages) == {"sleep-stage": [("2026-10-04T20:55:00", 2, 200)]}
    assert reasons(stages) == {"unknown-code": 1}


def test_a_session_without_minutes_asleep_has_no_value(tmp_path):
    """Lying in bed is no sleep."""
    text = "start_time,end_time,sleep_duration\n2026-05-01T13:00:00Z,2026-05-01T20:00:00Z,390\n2026-05-02T13:00:00Z,2026-05-02T12:00:00Z,\n"
    batches = read(tmp_path, {f"{S}sleep.csv": text})
    assert series(batches) == {"93832-4": [("2026-05-01T13:00:00", 390, 420)]}
    assert reasons(batches) == {"bad-time": 1, "no-value": 1}


@pytest.mark.parametrize("name", [f"{H}exercise.202605.csv", f"{H}hrv.202605.csv", f"{H}food_info.csv"])
def test_types_without_a_code_are_counted(tmp_path, name):
    """A variability that does not say which kind it is cannot be taken for either."""
    assert reasons(read(tmp_path, {name: "start_time,hrv\n2026-05-01T08:50:00-03:00,72\n"})) == {
        "unsupported-file": 1
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [("bp.csv", PLAIN), (f"{H}weight.csv", "a,b\n1,2\n"), (f"{H}weight.csv", ""), (f"{H}weight.json", "{}")],
)
def test_what_is_no_such_table_is_refused(tmp_path, name, text):
    """By its name or by its headings."""
    with pytest.raises(NotOfThisFormat):
        read(tmp_path, {name: text})


def test_other_files_are_counted_and_reading_goes_on_after_each_mark(tmp_path):
    """The download holds JSON folders and pictures."""
    folder = laid(tmp_path, {
        f"{H}weight.1234.csv": WEIGHT, "jsons/a.binning_data.json": "{}", f"{S}tracker.heart_rate.1234.csv": BEATS,
        f"{H}sleep_stage.1234.csv": STAGES,
    })  # fmt: skip
    every = list(samsung_csv.read(folder, zone=TOKYO))
    assert reasons(every)["not-of-this-format"] == 1
    for place, batch in enumerate(every):
        assert series(samsung_csv.read(folder, zone=TOKYO, mark=batch.mark)) == series(every[place + 1 :])


@pytest.mark.shared
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared data is not here")
def test_the_fixtures_give_what_stands_in_them():
    """One file for each type; the workout and the nameless variability have no place."""
    batches = list(samsung_csv.read(FIXTURES / "samsung-davidmosiah", zone=TOKYO))
    assert series(batches) == {
        "8867-4": [("2026-05-01T11:05:00", 62, None)],
        "59408-5": [("2026-05-01T09:00:00", 98, None)],
        "9279-1": [("2026-05-01T09:00:00", 14.2, None)],
        "40443-4": [("2026-05-01T03:00:00", 58, None)],
        "sleep-stage": [("2026-05-01T02:30:00", 5, 420)],
        "55423-8": [("2026-05-01T10:00:00", 1250, 60), ("2026-05-01T20:00:00", 2750, 60), ("2026-05-02T10:00:00", 1000, 60)],
        "29463-7": [("2026-05-01T10:00:00", 80, None)],
    }  # fmt: skip
    assert reasons(batches) == {"unsupported-file": 2}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """The reader is total."""
    sound = {"tracker.heart_rate": BEATS, "weight": WEIGHT, "sleep_stage": STAGES, "blood_pressure": PRESSURE,
             "tracker.pedometer_step_count": STEPS, "step_daily_trend": TREND}  # fmt: skip
    name = data.draw(st.sampled_from(sorted(sound)))
    total(samsung_csv.read, laid(tmp_path, {f"{S}{name}.1234.csv": damaged(data, sound[name].encode())}))


def test_a_table_in_two_encodings_is_refused(tmp_path):
    """UTF-8 that turns into Shift_JIS."""
    with pytest.raises(BadPayload):
        read(tmp_path, {f"{H}weight.csv": WEIGHT.encode() + b"\x93\xfa\x96{\n"})
