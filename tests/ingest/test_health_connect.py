"""Health Connect databases: tables, units, offsets, sources, nights, and databases that want to run something."""

import sqlite3
import zipfile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import health_connect
from ingest.files.health_connect_db import Database
from ingest.series import MANUAL, WRIST, ZONE_ASSUMED
from tests.ingest.health_connect_export import NOW, Export
from tests.ingest.samples import instants_of, reasons_of, rows_of, spans_of, values_of

TOKYO = ZoneInfo("Asia/Tokyo")
NAME = "health_connect_export.db"


@pytest.fixture
def export(tmp_path):
    return Export(tmp_path / NAME)


@pytest.fixture
def read(tmp_path, export):
    def reader(**how):
        export.done()
        return list(health_connect.read(tmp_path / NAME, zone=how.pop("zone", TOKYO), **how))

    return reader


@pytest.mark.parametrize(
    ("table", "column", "stored", "code", "expected"),
    [
        ("oxygen_saturation", "percentage", 97.5, "59408-5", 97.5),
        ("respiratory_rate", "rate", 14.6, "9279-1", 14.6),
        ("heart_rate_variability_rmssd", "heart_rate_variability_millis", 40.9, "hrv-rmssd", 40.9),
        ("body_temperature", "temperature", 36.6, "8310-5", 36.6),
        ("blood_glucose", "level", 5.5, "2339-0", 99.086),
        ("weight", "weight", 64_050.0, "29463-7", 64.05),
        ("height", "height", 1.67, "8302-2", 167),
        ("body_fat", "percentage", 20.8, "41982-0", 20.8),
        ("vo2_max", "vo2_milliliters_per_minute_kilogram", 38.5, "vo2max", 38.5),
        ("resting_heart_rate", "beats_per_minute", 58, "40443-4", 58),
    ],
)
def test_units_of_the_database_become_ours(export, read, table, column, stored, code, expected):
    """Health Connect keeps grams, metres and mmol/L."""
    export.instant(f"{table}_record_table", **{column: stored})
    assert values_of(read(), code) == [expected]


@pytest.mark.parametrize(
    ("table", "column", "stored", "code", "expected"),
    [
        ("steps", "count", 412, "55423-8", 412),
        ("distance", "distance", 12.5, "55430-3", 12.5),
        ("floors_climbed", "floors", 2.0, "floors", 2),
        ("active_calories_burned", "energy", 1500.0, "55424-6", 1.5),
    ],
)
def test_intervals_keep_their_length(export, read, table, column, stored, code, expected):
    """Energy is in small calories."""
    export.interval(f"{table}_record_table", **{column: stored})
    batches = read()
    assert (values_of(batches, code), spans_of(batches, code)) == ([expected], [600])


def test_samples_come_with_what_their_record_says(export, read):
    """A series of heart rates has its app, device and offset in the parent."""
    first = export.interval("heart_rate_record_table", offset=3600)
    second = export.interval("heart_rate_record_table", offset=None, app_info_id=2, device_info_id=None)
    for key, beats in ((first, 61), (first, 62), (second, 63), (999, 64)):
        export.add("heart_rate_record_series_table", parent_key=key, beats_per_minute=beats, epoch_millis=NOW)
    found = {(row[2], row[-1][0]): row[5:7] for row in rows_of(read())}
    assert found == {
        ("health-connect|com.google.android.apps.fitness|Google Pixel Watch 4|passive", 61): (3600, 0),
        ("health-connect|com.google.android.apps.fitness|Google Pixel Watch 4|passive", 62): (3600, 0),
        ("health-connect|jp.co.omron.healthcare||passive", 63): (32_400, ZONE_ASSUMED),
    }


def test_a_blood_pressure_tells_the_wrist_and_the_hand_that_typed_it(export, read):
    """The place of measurement is a number kept as text; a recording method of 3 is manual."""
    common = {"systolic": 128.0, "diastolic": 81.0}
    export.instant("blood_pressure_record_table", measurement_location="3", **common)
    export.instant("blood_pressure_record_table", 60, measurement_location="1", recording_method=3, **common)
    export.instant("blood_pressure_record_table", 90, measurement_location="x", systolic=128.0)
    batches = read()
    assert [(row[6], row[-1]) for row in rows_of(batches)] == [
        (MANUAL | WRIST, (81, None, 128)),
        (0, (81, None, 128)),
    ]
    assert reasons_of(batches) == {("no-value", "BloodPressure"): 1}


def test_a_night_has_its_stages_and_the_minutes_asleep(export, read):
    """Being awake in bed is no sleep; a session without stages was slept through."""
    night = export.interval("sleep_session_record_table", lasts=8 * 3600)
    export.interval("sleep_session_record_table", at=12 * 3600, lasts=1800)
    for place, stage in enumerate((1, 2, 3, 4, 5, 6, 7, 0)):
        export.add(
            "sleep_stages_table",
            parent_key=night,
            stage_start_time=NOW + place * 3_600_000,
            stage_end_time=NOW + (place + 1) * 3_600_000,
            stage_type=stage,
        )
    batches = read()
    assert values_of(batches, "93832-4") == [240, 30]
    assert values_of(batches, "sleep-stage") == [1, 5, 1, 2, 3, 4, 1]
    assert reasons_of(batches) == {("unknown-code", "SleepSession.stages.stage"): 1}


def test_a_resting_heart_rate_is_of_the_day_where_the_person_was(export, read):
    """The offset of the record, not the zone of the import, says which day it is."""
    export.instant("resting_heart_rate_record_table", beats_per_minute=58, offset=-36_000)
    export.instant("resting_heart_rate_record_table", beats_per_minute=59, offset=None, at=86_400)
    assert instants_of(read(), "40443-4") == ["2026-05-28T10:00:00", "2026-05-29T15:00:00"]


def test_an_hour_that_comes_twice_stays_two_hours(export, read):
    """Milliseconds know no summer time; without an offset the zone's own is taken at each moment."""
    change = 1_793_512_800  # 2026-11-01T06:00:00Z, when New York goes from -4 to -5 hours
    for at in (change - 1, change):
        export.add("weight_record_table", time=at * 1000, weight=60_000.0)
    assert [row[5] for row in rows_of(read(zone=ZoneInfo("America/New_York")))] == [-14_400, -18_000]


def test_what_is_not_read_is_counted_and_named_only_when_harmless(export, read):
    """The name of a table alone can tell about a person's health."""
    export.interval("total_calories_burned_record_table", energy=1.0)
    export.interval("total_calories_burned_record_table", at=5, energy=1.0)
    export.interval("menstruation_period_record_table")
    assert reasons_of(read()) == {
        ("unsupported-type", "total_calories_burned_record_table"): 2,
        ("unsupported-type", "table"): 1,
    }


def test_bad_rows_cost_only_themselves(export, read):
    """SQLite holds anything in any column."""
    export.interval("steps_record_table", count=5)
    export.interval("steps_record_table", at=60, count="many")
    export.interval("steps_record_table", at=70, lasts=-5, count=6)
    export.add("steps_record_table", start_time="soon", end_time=1, count=7)
    export.interval("steps_record_table", at=80, count=8, offset=10**9)
    batches = read()
    assert values_of(batches, "55423-8") == [5, 8]
    assert [row[6] for row in rows_of(batches)] == [0, ZONE_ASSUMED]
    assert reasons_of(batches) == {("bad-time", "Steps"): 2, ("no-value", "Steps"): 1}


def test_a_zip_a_folder_and_the_database_say_the_same(tmp_path, export, read):
    """The phone zips its export."""
    export.interval("steps_record_table", count=5)
    whole = read()
    archive = tmp_path / "Health Connect.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.write(tmp_path / NAME, NAME)
        made.writestr("readme.txt", "x")
    zipped = list(health_connect.read(archive, zone=TOKYO))
    assert rows_of(zipped) == rows_of(whole)
    assert reasons_of(zipped) == {("unsupported-file", "file"): 1}
    cut = tmp_path / "cut.zip"
    cut.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(BadPayload):
        list(health_connect.read(cut, zone=TOKYO))


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_pages_and_a_fresh_start_after_any_mark_give_the_same(tmp_path, export, read, rows):
    """Nothing is lost or told twice wherever a page ends."""
    for at in range(5):
        export.interval("steps_record_table", at=at, count=at)
        night = export.interval("sleep_session_record_table", at=at * 86_400)
        start = NOW + at * 86_400_000
        export.add(
            "sleep_stages_table",
            parent_key=night,
            stage_start_time=start,
            stage_end_time=start + 9,
            stage_type=4,
        )
    whole = read()
    parts = list(health_connect.read(tmp_path / NAME, zone=TOKYO, rows=rows))
    assert rows_of(parts) == rows_of(whole)
    for place, batch in enumerate(parts):
        rest = health_connect.read(tmp_path / NAME, zone=TOKYO, rows=rows, mark=batch.mark)
        assert rows_of([*parts[: place + 1], *rest]) == rows_of(whole)


def test_columns_of_another_version_are_found_by_name(tmp_path):
    """Upgrades add columns at the end, and old versions lack some."""
    db = sqlite3.connect(tmp_path / NAME)
    db.execute("CREATE TABLE weight_record_table (weight REAL, time INTEGER, row_id INTEGER PRIMARY KEY)")
    db.execute("INSERT INTO weight_record_table VALUES (60000, ?, 1)", [NOW])
    db.execute("CREATE TABLE steps_record_table (row_id INTEGER PRIMARY KEY, number INTEGER)")
    db.execute("CREATE TABLE heart_rate_record_table (row_id INTEGER PRIMARY KEY)")
    db.commit()
    db.close()
    batches = list(health_connect.read(tmp_path / NAME, zone=TOKYO))
    assert [row[2] for row in rows_of(batches)] == ["health-connect|||unknown"]
    assert reasons_of(batches) == {("unknown-table", "Steps"): 1, ("unknown-table", "HeartRate"): 1}


ENDLESS = """CREATE VIEW steps_record_table AS
WITH RECURSIVE n(row_id) AS (SELECT 1 UNION ALL SELECT row_id + 1 FROM n)
SELECT row_id, row_id AS start_time, 1 AS count, row_id AS end_time FROM n"""
VIRTUAL = "CREATE VIRTUAL TABLE steps_record_table USING fts5(row_id, start_time, end_time, count)"
GENERATED = """CREATE TABLE steps_record_table (row_id INTEGER PRIMARY KEY, start_time INTEGER, end_time INTEGER,
count INTEGER AS (length(zeroblob(900000000))))"""


@pytest.mark.parametrize("statement", [ENDLESS, VIRTUAL, GENERATED])
def test_nothing_in_a_database_runs(tmp_path, statement):
    """Views, virtual tables and generated columns hold expressions of a stranger."""
    db = sqlite3.connect(tmp_path / NAME)
    db.execute(statement)
    if statement == GENERATED:
        db.execute("INSERT INTO steps_record_table (start_time, end_time) VALUES (1, 2)")
    db.commit()
    db.close()
    assert rows_of(health_connect.read(tmp_path / NAME, zone=TOKYO)) == []


def test_a_statement_that_takes_too_long_is_stopped(tmp_path, export):
    """A database can be made so that a simple question takes for ever."""
    export.done()
    database = Database(tmp_path / NAME, NAME, steps=0)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(BadPayload):
        database.rows(endless)
    database.close()


def test_more_tables_than_a_phone_has_are_refused(tmp_path):
    """Looking at each of a million tables would take for ever."""
    db = sqlite3.connect(tmp_path / NAME)
    for number in range(501):
        db.execute(f"CREATE TABLE t{number} (x)")
    db.commit()
    db.close()
    with pytest.raises(BadPayload, match="more than 500 tables"):
        list(health_connect.read(tmp_path / NAME, zone=TOKYO))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a small export."""
    path = tmp_path_factory.mktemp("sound") / NAME
    export = Export(path)
    export.interval("steps_record_table", count=5)
    key = export.interval("heart_rate_record_table")
    export.add("heart_rate_record_series_table", parent_key=key, beats_per_minute=61, epoch_millis=NOW)
    export.done()
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, sound, data):
    """Bytes of a sound database replaced, and its end cut off."""
    body = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(body) - 1)))
        body[place : place + 1] = data.draw(st.binary(min_size=1, max_size=1))
    file = tmp_path / NAME
    file.write_bytes(bytes(body[: data.draw(st.integers(0, len(body)))]))
    try:
        rows_of(health_connect.read(file, zone=TOKYO))
    except BadPayload as error:
        found = error
    else:
        return
    assert found.field
    assert found.file


def test_a_schema_that_is_no_text_is_a_damaged_database(tmp_path, export):
    """SQLite repeats the name in its error; the name is no UTF-8, and that is the file's fault."""
    export.done()
    file = tmp_path / NAME
    name, broken = b"steps_record_table", b"steps_record_tabl\xe9"
    body = file.read_bytes().replace(name * 2, broken * 2)
    file.write_bytes(body.replace(b"CREATE TABLE " + name + b" (", b"CREATE TABLE " + broken + b" x"))
    with pytest.raises(BadPayload, match="a damaged database"):
        list(health_connect.read(file, zone=TOKYO))
