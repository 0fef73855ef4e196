"""Open mHealth data points: schemas and units, time frames, who told, and what is no measurement."""

import json
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import open_mhealth
from ingest.series import LOW_CONFIDENCE, MANUAL, ZONE_ASSUMED
from tests.ingest.damage import assert_total, damaged
from tests.ingest.samples import instants_of, reasons_of, rows_of, spans_of, values_of

TOKYO = ZoneInfo("Asia/Tokyo")
FIXTURES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "wearable-fixtures"
AT = {"date_time": "2026-06-10T06:42:00+09:00"}
LASTS = {
    "time_interval": {
        "start_date_time": "2026-06-10T06:42:00+09:00",
        "end_date_time": "2026-06-10T06:52:00+09:00",
    }
}


def point(name, frame=AT, header=(), **body):
    """A data point of a schema."""
    given_header = {
        "id": "243c773b",
        "creation_date_time": "2026-06-10T12:43:39Z",
        "schema_id": {"namespace": "omh", "name": name, "version": "1.0"},
        "acquisition_provenance": {"source_name": "Scale", "modality": "sensed"},
        **dict(header),
    }
    return {"header": given_header, "body": {**body, "effective_time_frame": frame}}


def measured(value, unit):
    return {"value": value, "unit": unit}


def during(**interval):
    return {"time_interval": interval}


@pytest.fixture
def read(tmp_path):
    def reader(*points, body=None, zone=TOKYO, **how):
        file = tmp_path / "points.json"
        file.write_text(json.dumps(points) if body is None else body)
        return list(open_mhealth.read(file, zone=zone, **how))

    return reader


@pytest.mark.parametrize(
    ("name", "member", "value", "code", "expected"),
    [
        ("heart-rate", "heart_rate", measured(62, "beats/min"), "8867-4", 62),
        ("heart_rate", "heart_rate", measured(62, "beats/min"), "8867-4", 62),
        ("body-weight", "body_weight", measured(150, "lb"), "29463-7", 68.039),
        ("body-height", "body_height", measured(1.67, "m"), "8302-2", 167),
        ("body-mass-index", "body_mass_index", measured(22.5, "kg/m2"), "39156-5", 22.5),
        ("body-fat-percentage", "body_fat_percentage", measured(20.8, "%"), "41982-0", 20.8),
        ("body-temperature", "body_temperature", measured(98.6, "F"), "8310-5", 37),
        ("blood-glucose", "blood_glucose", measured(5.5, "mmol/L"), "2339-0", 99.086),
        ("blood-glucose", "blood_glucose", measured(95, "mg/dL"), "2339-0", 95),
        ("oxygen-saturation", "oxygen_saturation", measured(97, "%"), "59408-5", 97),
        ("respiratory-rate", "respiratory_rate", measured(15.5, "breaths/min"), "9279-1", 15.5),
    ],
)
def test_a_moment_has_a_value_in_our_unit(read, name, member, value, code, expected):
    """Schemas name their units; ours are fixed."""
    batches = read(point(name, **{member: value}))
    assert values_of(batches, code) == [expected]
    assert instants_of(batches, code) == ["2026-06-09T21:42:00"]


@pytest.mark.parametrize(
    ("name", "member", "value", "code", "expected"),
    [
        ("step-count", "step_count", 412, "55423-8", 412),
        ("step-count", "step_count", measured(412, "steps"), "55423-8", 412),
        ("minutes-moderate-activity", "minutes_moderate_activity", measured(7, "min"), "active-minutes", 7),
        ("sleep-duration", "sleep_duration", measured(7.5, "h"), "93832-4", 450),
        ("total-sleep-time", "total_sleep_time", measured(27_000, "sec"), "93832-4", 450),
        ("sleep-episode", "total_sleep_time", measured(450, "min"), "93832-4", 450),
        ("physical-activity", "kcal_burned", measured(50, "kcal"), "55424-6", 50),
    ],
)
def test_an_interval_keeps_its_length(read, name, member, value, code, expected):
    """Counts are numbers in old versions and measured values in new ones."""
    batches = read(point(name, LASTS, **{member: value}))
    assert (values_of(batches, code), spans_of(batches, code)) == ([expected], [600])


def test_a_blood_pressure_has_both_values(read):
    """Half a reading is none."""
    pressure = {
        "systolic_blood_pressure": measured(128, "mmHg"),
        "diastolic_blood_pressure": measured(81, "mmHg"),
    }
    batches = read(
        point("blood-pressure", **pressure),
        point("blood-pressure", systolic_blood_pressure=measured(1, "mmHg")),
    )
    assert [row[-1] for row in rows_of(batches)] == [(81, None, 128)]
    assert reasons_of(batches) == {("no-value", "Blood pressure"): 1}


def test_only_ways_on_foot_are_walking_distance(read):
    """A bicycle goes further than a person walks."""
    far = {"distance": measured(1, "mi"), "kcal_burned": measured(80, "kcal")}
    batches = read(
        point("physical-activity", LASTS, activity_name="Walking", **far),
        point("physical-activity", LASTS, activity_name="cycling", **far),
        point("physical-activity", LASTS, **far),
    )
    assert values_of(batches, "55430-3") == [1609.344]
    assert values_of(batches, "55424-6") == [80, 80, 80]
    assert reasons_of(batches) == {("other-movement", "body.activity_name"): 2}


@pytest.mark.parametrize(
    "frame",
    [
        LASTS,
        during(start_date_time="2026-06-10T06:42:00+09:00", duration=measured(10, "min")),
        during(end_date_time="2026-06-10T06:52:00+09:00", duration=measured(600, "sec")),
        during(start_date_time="2026-06-09T21:42:00Z", end_date_time="2026-06-09T21:52:00Z"),
        during(start_date_time="2026-06-10T06:42:00", duration=measured(600_000, "ms")),
    ],
)
def test_an_interval_may_be_told_in_several_ways(read, frame):
    """By both ends, or by one and the duration."""
    batches = read(point("step-count", frame, step_count=1))
    assert instants_of(batches, "55423-8") == ["2026-06-09T21:42:00"]
    assert spans_of(batches, "55423-8") == [600]


@pytest.mark.parametrize(
    ("text", "offset", "quality"),
    [
        ("2026-06-10T06:42:00+09:00", 32_400, 0),
        ("2026-06-10T06:42:00-03:30", -12_600, 0),
        ("2026-06-10T06:42:00Z", 32_400, ZONE_ASSUMED),
        ("2026-06-10T06:42:00", 32_400, ZONE_ASSUMED),
    ],
)
def test_the_offset_is_that_of_the_text_when_it_tells_one(read, text, offset, quality):
    """Z tells the instant and not the place."""
    (row,) = rows_of(read(point("heart-rate", {"date_time": text}, heart_rate=measured(6, "beats/min"))))
    assert row[5:7] == (offset, quality)


@pytest.mark.parametrize(
    ("part", "start", "hours"),
    [
        ("night", "2026-06-09T15:00:00", 6),
        ("morning", "2026-06-09T21:00:00", 6),
        ("afternoon", "2026-06-10T03:00:00", 6),
        ("evening", "2026-06-10T09:00:00", 6),
    ],
)
def test_a_part_of_a_day_is_a_quarter_and_says_that_it_is_unsure(read, part, start, hours):
    """The schema names no hours."""
    batches = read(point("step-count", during(date="2026-06-10", part_of_day=part), step_count=9))
    assert (instants_of(batches, "55423-8"), spans_of(batches, "55423-8")) == ([start], [hours * 3600])
    assert rows_of(batches)[0][6] == ZONE_ASSUMED | LOW_CONFIDENCE


def test_a_bare_date_is_a_time_for_steps_of_a_day_only(read):
    """A weight without an hour cannot be told from the next one of that day."""
    date = during(date="2026-06-10")
    batches = read(
        point("step-count", date, step_count=9000),
        point("body-weight", date, body_weight=measured(60, "kg")),
        point("sleep-duration", date, sleep_duration=measured(7, "h")),
    )
    assert values_of(batches, "41950-7") == [9000]
    assert instants_of(batches, "41950-7") == ["2026-06-09T15:00:00"]
    assert spans_of(batches, "93832-4") == [86_400]
    assert reasons_of(batches) == {("imprecise-time", "body.effective_time_frame"): 1}


def test_a_day_of_25_hours_is_one(read):
    """The night when the clock is put back."""
    batches = read(
        point("sleep-duration", during(date="2026-11-01"), sleep_duration=measured(7, "h")),
        zone=ZoneInfo("America/New_York"),
    )
    assert spans_of(batches, "93832-4") == [25 * 3600]


def test_what_a_person_reported_says_so_and_sources_stay_apart(read):
    """The modality stands in the provenance, or in the header since IEEE 1752.1."""
    weight = {"body_weight": measured(60, "kg")}
    told = {"acquisition_provenance": {"source_name": "App | x", "modality": "self-reported"}}
    ieee = {"acquisition_provenance": {}, "modality": "self-reported"}
    batches = read(
        point("body-weight", **weight),
        point("body-weight", header=told, **weight),
        point("body-weight", header=ieee, **weight),
    )
    assert {row[2]: row[6] for row in rows_of(batches)} == {
        "open-mhealth|Scale||passive": 0,
        "open-mhealth|App x||manual": MANUAL,
        "open-mhealth|||manual": MANUAL,
    }


def test_a_unit_is_never_assumed(read):
    """Only a count may be a bare number."""
    batches = read(
        point("body-weight", body_weight=60),
        point("body-weight", body_weight=measured(60, "stone")),
        point("body-weight", body_weight={"value": 60, "unit": ["kg"]}),
    )
    assert rows_of(batches) == []
    assert reasons_of(batches) == {("bad-unit", "body.body_weight"): 3}


def test_what_is_no_measurement_is_counted(read):
    """Statistics, other schemas, moments of what lasts, times that are none, empty bodies."""
    batches = read(
        point("heart-rate", heart_rate=measured(60, "beats/min"), descriptive_statistic="average"),
        point("medication-adherence-percent", x=1),
        point("heart-rate", header={"schema_id": {"name": "heart-rate", "namespace": "own"}}, heart_rate=1),
        point("step-count", step_count=5),
        point("step-count", {}, step_count=5),
        point("step-count", 5, step_count=5),
        point("step-count", during(date="2026-06-10", part_of_day="noon"), step_count=5),
        point(
            "step-count",
            during(start_date_time="2026-06-10T06:42:00Z", duration=measured(1, "Mo")),
            step_count=5,
        ),
        point("step-count", {**AT, **LASTS}, step_count=5),
        point("heart-rate", LASTS),
        point("heart-rate", heart_rate=measured("x", "beats/min")),
        {"header": 5},
    )
    assert rows_of(batches) == []
    assert reasons_of(batches) == {
        ("statistic", "body.descriptive_statistic"): 1,
        ("unsupported-schema", "header.schema_id"): 2,
        ("no-interval", "body.effective_time_frame"): 1,
        ("bad-time", "[5].body.effective_time_frame"): 1,
        ("bad-time", "Steps"): 4,
        ("no-value", "[9].body"): 1,
        ("no-value", "Heart rate"): 1,
        ("bad-value", "[11]"): 1,
    }


def test_all_forms_of_a_file_say_the_same(tmp_path, read):
    """A list, an answer of a server, lines, one alone, and a zip of them."""
    one = point("step-count", LASTS, step_count=1)
    whole = rows_of(read(one))
    assert len(whole) == 1
    forms = [
        json.dumps({"shim": "fitbit", "body": [one]}),
        json.dumps(one),
        json.dumps(one, indent=2),
        f"{json.dumps(one)}\n{json.dumps(one)}\n",
    ]
    for form in forms:
        assert set(rows_of(read(body=form))) == set(whole)
    archive = tmp_path / "points.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.json", forms[0])
        made.writestr("b.ndjson", forms[3])
    batches = list(open_mhealth.read(archive, zone=TOKYO))
    assert len(rows_of(batches)) == 3
    assert len(rows_of(open_mhealth.read(archive, zone=TOKYO, mark=batches[0].mark))) == 2


@pytest.mark.parametrize("body", ["", "[", "{}", "null", '[{"a":1}]', '{"body":[{}]}', "hello", "[" * 9999])
def test_what_is_no_data_point_is_refused(read, body):
    """Another JSON must not look like an empty import."""
    with pytest.raises(BadPayload):
        read(body=body)


def test_points_of_several_users_are_refused(read):
    """An import is of one person; mixing two would be worse than nothing."""
    points = [point("step-count", LASTS, header={"user_id": user}, step_count=1) for user in ("a", "b")]
    with pytest.raises(BadPayload, match="several users"):
        read(*points)
    assert len(rows_of(read(points[0], points[0]))) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    given_points=st.lists(st.tuples(st.integers(0, 9), st.integers(30, 200)), max_size=8),
    order=st.randoms(),
    rows=st.integers(1, 4),
)
def test_order_repeats_and_parts_change_nothing(read, given_points, order, rows):
    """What is read is a set of samples, and a fresh start after any mark loses none."""
    points = [
        point(
            "heart-rate",
            {"date_time": f"2026-06-10T06:4{at}:00+09:00"},
            heart_rate=measured(value, "beats/min"),
        )
        for at, value in given_points
    ]
    twice = [*points, *points]
    order.shuffle(twice)
    whole, parts = read(*points), read(*twice, rows=rows)
    assert set(rows_of(parts)) == set(rows_of(whole))
    for place, batch in enumerate(parts):
        rest = read(*twice, rows=rows, mark=batch.mark)
        assert rows_of([*parts[: place + 1], *rest]) == rows_of(parts)


@pytest.mark.shared
def test_answers_of_vendors_are_no_data_points():
    """The public fixtures are what a mapper takes in; read as data points each is refused, and never half read."""
    files = sorted(FIXTURES.glob("shimmer-*/*.json"))
    if not files:
        pytest.skip("the public fixtures are not here")
    for file in files:
        with pytest.raises(BadPayload, match="no Open mHealth data points"):
            list(open_mhealth.read(file, zone=TOKYO))


SOUND = json.dumps(
    [point("step-count", LASTS, step_count=1), point("heart-rate", heart_rate=measured(6, "beats/min"))]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """Bytes of a sound file replaced, inserted and removed."""
    total(tmp_path, damaged(data, SOUND.encode()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(body=st.binary(max_size=60))
@example(
    body=b'{"header":{"schema_id":{"name":"step-count"}},"body":{"step_count":1e308,"effective_time_frame":{}}}'
)
def test_any_bytes_give_samples_counts_or_a_typed_refusal(tmp_path, body):
    """The reader is total."""
    total(tmp_path, body)


def total(tmp_path, body):
    """BadPayload names field and file."""
    assert_total(lambda file: rows_of(open_mhealth.read(file, zone=TOKYO)), tmp_path / "points.json", body)
