"""Withings: the CSV export and the answers of the API, with their units, people, clocks and real fixtures."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import withings
from ingest.series import LOW_CONFIDENCE, MANUAL, ZONE_ASSUMED
from tests.ingest.exports import BERLIN, FIXTURES, TOKYO, column, damaged, laid, reasons, series, total

WEIGHT = (
    'Date,"Weight (kg)","Fat mass (kg)","Bone mass (kg)","Muscle mass (kg)","Hydration (kg)",Comments\n'
    '"2022-08-17 10:47:50",84.2,15.1,3.2,65.9,44.1,"after\nlunch"\n'
)
PRESSURE = 'Date,"Heart rate",Systolic,Diastolic,Comments\n"2025-01-12 08:15:00",64,130,85,\n"2025-01-13 08:15:00",58,,,\n'
RAW = 'start,duration,value\n2024-06-07T09:22:00+02:00,"[60,30,60]","[61,62,63]"\n'
NIGHT = 'from,to,"light (s)","deep (s)","rem (s)","awake (s)","wake up"\n2024-06-07T23:00:00+02:00,2024-06-08T07:00:00+02:00,12600,4200,4800,2400,3\n'
GROUP = {
    "grpid": 1, "attrib": 0, "date": 1693651151, "category": 1, "model": "Body+",
    "measures": [{"value": 86999, "type": 1, "unit": -3}, {"value": 215, "type": 6, "unit": -1}],
}  # fmt: skip


def read(folder, files, zone=TOKYO, **how):
    return list(withings.read(laid(folder, files), zone=zone, **how))


def answer(folder, body, zone=TOKYO):
    return read(folder, {"answer.json": json.dumps({"status": 0, "body": body})}, zone)


def groups(folder, *changed, **body):
    return answer(folder, {"measuregrps": [{**GROUP, **each} for each in changed], **body})


def test_a_weight_is_on_the_wall_clock_and_other_masses_are_counted(tmp_path):
    """A comment may hold a line end."""
    batches = read(tmp_path, {"weight.csv": WEIGHT})
    assert series(batches) == {"29463-7": [("2022-08-17T01:47:50", 84.2, None)]}
    assert column(batches, "quality") == {"29463-7": [ZONE_ASSUMED]}
    assert reasons(batches) == {"unsupported-column": 4}


def test_pounds_metres_and_kilograms_are_told_by_the_heading(tmp_path):
    """An account in the United States writes lb."""
    pounds = read(tmp_path, {"weight.csv": WEIGHT.replace("(kg)", "(lb)").replace("84.2", "185.6")})
    assert series(pounds)["29463-7"][0][1] == pytest.approx(84.187, abs=0.001)
    height = read(tmp_path, {"height.csv": 'Date,"Height (m)",Comments\n"2022-08-17 10:47:50",1.84,\n'})
    assert series(height) == {"8302-2": [("2022-08-17T01:47:50", 184.0, None)]}


def test_a_scale_writes_pulses_among_blood_pressures(tmp_path):
    """A row without pressures is a heart rate."""
    assert series(read(tmp_path, {"bp.csv": PRESSURE})) == {
        "85354-9": [("2025-01-11T23:15:00", 130, 85, 64, None)],
        "8867-4": [("2025-01-12T23:15:00", 58, None)],
    }


def test_lists_of_durations_and_values_are_laid_out(tmp_path):
    """Heart rates are instants, steps last; the offset of the text is the person's."""
    beats = read(tmp_path, {"raw_tracker_hr.csv": RAW})
    clocks = ["2024-06-07T07:22:00", "2024-06-07T07:23:00", "2024-06-07T07:23:30"]
    assert series(beats) == {"8867-4": [(clock, 61 + n, None) for n, clock in enumerate(clocks)]}
    assert column(beats, "offset") == {"8867-4": [7200] * 3}
    assert column(beats, "quality") == {"8867-4": [0] * 3}
    steps = read(tmp_path, {"raw_tracker_steps.csv": RAW})
    assert [row[2] for row in series(steps)["55423-8"]] == [1.0, 0.5, 1.0]


@pytest.mark.parametrize(
    "cells", ['"[60]","[1,2]"', '"60","1"', '"[1e99]","[1]"', '"[[1]]","[1]"', '"[-60]","[5]"']
)
def test_lists_that_do_not_fit_are_refused(tmp_path, cells):
    """One bad row refuses itself alone."""
    batches = read(tmp_path, {"raw_tracker_steps.csv": RAW + f"2024-06-07T09:22:00+02:00,{cells}\n"})
    assert len(series(batches)["55423-8"]) == 3
    assert reasons(batches) == {"bad-value": 1}


def test_days_and_nights(tmp_path):
    """Totals of days are a source of their own; a night tells the minutes asleep."""
    steps = read(
        tmp_path, {"aggregates_steps.csv": "date,value\n2024-03-31,8000\nnever,1\n2024-04-01,x\n"}, BERLIN
    )
    assert series(steps) == {"41950-7": [("2024-03-30T23:00:00", 8000, None)]}
    assert reasons(steps) == {"bad-time": 1, "bad-value": 1}
    metres = read(tmp_path, {"aggregates_distance.csv": "date,value\n2024-03-31,5200\n"})
    assert series(metres) == {"55430-3": [("2024-03-30T15:00:00", 5200, 1440)]}
    assert column(metres, "source")["55430-3"][0].endswith("|day|derived")
    night = read(tmp_path, {"sleep.csv": NIGHT})
    assert series(night) == {"93832-4": [("2024-06-07T21:00:00", 360, 480)]}
    backwards = NIGHT.replace("2024-06-08T07", "2024-06-06T07")
    assert reasons(read(tmp_path, {"sleep.csv": backwards})) == {"bad-time": 1}


@pytest.mark.parametrize("name", ["raw_sleep-monitor_snoring.csv", "aggregates_elevation.csv"])
def test_tables_without_a_code_are_counted(tmp_path, name):
    """Ours, but nothing that the vocabulary measures."""
    text = RAW if name.startswith("raw") else "date,value\n2024-03-31,3\n"
    assert reasons(read(tmp_path, {name: text})) == {"unsupported-type": 1}


def test_a_value_is_scaled_by_its_power_of_ten(tmp_path):
    """86999 thousandths are 86.999, to the last digit."""
    batches = groups(tmp_path, {}, timezone="Europe/Berlin")
    clock = "2023-09-02T10:39:11"
    assert series(batches) == {"29463-7": [(clock, 86.999, None)], "41982-0": [(clock, 21.5, None)]}
    assert column(batches, "offset")["29463-7"] == [7200]


@pytest.mark.parametrize(("type_", "value", "unit", "code", "ours"), [
    (4, 193, -2, "8302-2", 193.0), (54, 97, 0, "59408-5", 97.0), (54, 97, -2, "59408-5", 97.0),
    (71, 36650, -3, "8310-5", 36.65), (123, 420, -1, "vo2max", 42.0), (11, 68, 0, "8867-4", 68.0),
])  # fmt: skip
def test_units_of_measures_become_ours(tmp_path, type_, value, unit, code, ours):
    """Metres to centimetres; a saturation given as a fraction to per cent."""
    batches = groups(tmp_path, {"measures": [{"type": type_, "value": value, "unit": unit}]})
    assert [row[1] for row in series(batches)[code]] == pytest.approx([ours])


def test_a_blood_pressure_is_one_measurement(tmp_path):
    """Two numbers and a pulse of one group; two of a kind are none."""
    three = [{"type": kind, "value": value, "unit": 0} for kind, value in ((10, 130), (9, 85), (11, 64))]
    assert [row[1:4] for row in series(groups(tmp_path, {"measures": three}))["85354-9"]] == [(130, 85, 64)]
    twice = groups(tmp_path, {"measures": [*three, {"type": 10, "value": 90, "unit": 0}]})
    assert (series(twice), reasons(twice)) == ({}, {"no-value": 1})
    half = groups(tmp_path, {"measures": three[:1]})
    assert (series(half), reasons(half)) == ({}, {"no-value": 1})


def test_whose_measurement_it_is_decides(tmp_path):
    """A goal, somebody else's weight and an unknown attribution are no measurement; a typed one says so."""
    batches = groups(
        tmp_path, {"category": 2}, {"attrib": 1}, {"attrib": 99}, {"attrib": 2, "date": 1693651000}, {"attrib": 4}
    )  # fmt: skip
    assert column(batches, "quality")["29463-7"] == [MANUAL, MANUAL | LOW_CONFIDENCE]
    assert reasons(batches) == {"goal": 1, "ambiguous-person": 2, "unknown-code": 2}


def test_a_limb_a_zero_and_an_absurd_power_are_no_weight(tmp_path):
    """A body scan weighs each arm."""
    measures = [
        {"type": 1, "value": 7000, "unit": -3, "position": 2}, {"type": 1, "value": 0, "unit": -3},
        {"type": 1, "value": 7, "unit": 300}, {"type": 5, "value": 7, "unit": 0}, {"type": "1", "value": 7, "unit": 0},
    ]  # fmt: skip
    batches = groups(tmp_path, {"measures": measures[:4]}, {"measures": measures[4:]})
    expected = {"part-of-the-body": 1, "no-value": 1, "bad-value": 2, "unsupported-type": 1}
    assert (series(batches), reasons(batches)) == ({}, expected)


def test_readings_of_a_night_and_of_minutes(tmp_path):
    """Epoch seconds are keys of objects; a key that is none is refused."""
    stretch = {"startdate": 1618691453, "enddate": 1618691573, "state": 3, "hr": {"1618691453": 70, "x": 1}}
    night = answer(tmp_path, {"series": [stretch, {**stretch, "state": 9, "hr": {}}]})
    assert [row[1:] for row in series(night)["sleep-stage"]] == [(4.0, 2.0)]
    assert reasons(night) == {"bad-time": 1, "unknown-code": 1}
    minutes = answer(
        tmp_path, {"series": {"1434758640": {"duration": 60, "steps": 21}, "-5": {"duration": 60}}}
    )
    assert series(minutes) == {"55423-8": [("2015-06-20T00:04:00", 21, 1)]}
    assert reasons(minutes) == {"bad-time": 1}
    days = answer(tmp_path, {"activities": [{"date": "2015-06-18", "steps": 5, "active": 90}, {"date": "x"}]})
    assert series(days)["active-minutes"] == [("2015-06-17T15:00:00", 1.5, 1440)]
    assert reasons(days) == {"bad-time": 1}


@pytest.mark.parametrize(
    "body", [b"[", b"{}", b"3", b'{"status":401,"body":{"measuregrps":[]}}', b'{"body":{"x":1}}']
)
def test_what_is_no_answer_is_refused(tmp_path, body):
    """An error answer is no data."""
    with pytest.raises(BadPayload):
        read(tmp_path, {"a.json": body})


def test_other_files_are_counted_and_reading_goes_on_after_each_mark(tmp_path):
    """The export holds files about the account and the devices."""
    folder = laid(tmp_path, {
        "account.csv": "Name,Value\na,b\n", "bp.csv": PRESSURE, "README.txt": "x", "weight.csv": WEIGHT,
        "answer.json": json.dumps({"body": {"measuregrps": [GROUP]}}), "other.json": "{}",
    })  # fmt: skip
    every = list(withings.read(folder, zone=TOKYO))
    assert reasons(every) == {"not-of-this-format": 3, "unsupported-column": 4}
    for place, batch in enumerate(every):
        rest = list(withings.read(folder, zone=TOKYO, mark=batch.mark))
        assert series(rest) == series(every[place + 1 :])
    with pytest.raises(NotOfThisFormat):
        read(tmp_path / "sub", {"account.csv": "Name,Value\na,b\n"})


@pytest.mark.shared
@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize(("name", "counts"), [
    ("withings-aiowithings/measurement_list.json.gz", {"85354-9": 793, "29463-7": 441, "41982-0": 412, "8867-4": 414, "8302-2": 1}),
    ("withings-aiowithings/sleep.json.gz", {"sleep-stage": 613, "8867-4": 2872, "9279-1": 2872}),
    ("withings-aiowithings/sleep_summary.json.gz", {"93832-4": 300}),
    ("withings-aiowithings/workouts.json", {}),
    ("withings-aiowithings/device.json", {}),
    ("shimmer-withings/withings-body-measures.json", {"29463-7": 2, "85354-9": 1, "8867-4": 2, "8302-2": 1, "8310-5": 1}),
    ("shimmer-withings/withings-body-measures-only-goal.json", {}),
    ("shimmer-withings/withings-intraday-activity.json", {"55423-8": 4, "55430-3": 4, "55424-6": 4}),
])  # fmt: skip
def test_a_real_answer_gives_what_stands_in_it(name, counts):
    """Counted beside the reader."""
    batches = list(withings.read(FIXTURES / name, zone=TOKYO))
    assert {code: len(rows) for code, rows in series(batches).items()} == counts


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """The reader is total, for tables and for answers."""
    sound = {
        "weight.csv": WEIGHT, "bp.csv": PRESSURE, "raw_tracker_steps.csv": RAW, "sleep.csv": NIGHT,
        "a.json": json.dumps({"body": {"measuregrps": [GROUP], "timezone": "Asia/Tokyo"}}),
    }  # fmt: skip
    name = data.draw(st.sampled_from(sorted(sound)))
    total(withings.read, laid(tmp_path, {name: damaged(data, sound[name].encode())}))
