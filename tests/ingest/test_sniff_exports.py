"""The format of a file is told from its name and first bytes, so that a demo of real files needs no names."""

import io
import json
import zipfile

import pytest

from ingest.files.sniff import format_of
from tests.ingest.fit_bytes import fit


def packed(name):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr(name, "x")
    return memory.getvalue()


@pytest.mark.parametrize(("name", "body", "found"), [
    ("bp.csv", '"測定日","タイムゾーン"\n'.encode("cp932"), "omron-csv"),
    ("bp.csv", "\ufeff測定日,タイムゾーン\n".encode(), "omron-csv"),
    ("bp.csv", b'"Measurement Date","Timezone"\n', "omron-csv"),
    ("r.csv", b"Date,Time,Systolic (mmHg),Diastolic (mmHg)\n", "omron-csv"),
    ("weight.csv", b'Date,"Weight (kg)"\n', "withings"),
    ("bp.csv", b'Date,"Heart rate",Systolic,Diastolic,Comments\n', "withings"),
    ("raw_tracker_hr.csv", b"start,duration,value\n", "withings"),
    ("aggregates_steps.csv", b"date,value\n", "withings"),
    ("other.csv", b"date,value\n", None),
    ("heartrate.csv", b"timestamp;bpm;source\n", "oura"),
    ("dailyactivity.csv", b"id;day;steps\n", "oura"),
    ("trends.csv", b"date,Sleep Score,Steps\n", "oura"),
    ("com.samsung.health.weight.2026.csv", b"com.samsung.health.weight,1,2\n", "samsung-csv"),
    ("a.fit", fit(), "garmin-fit"), ("a.fit", b"x", None),
    ("a.json", json.dumps({"body": {"measuregrps": []}}).encode(), "withings"),
    ("a.json", json.dumps([{"calendarDate": "2026-01-01"}]).encode(), "garmin-json"),
    ("a.json", json.dumps({"data": [{"bedtime_start": "x"}]}).encode(), "oura"),
    ("a.json", json.dumps({"activities-steps": []}).encode(), "fitbit-json"),
    ("a.zip", packed("Samsung Health/com.samsung.health.weight.csv"), "samsung-csv"),
    ("a.zip", packed("oura/App Data/heartrate.csv"), "oura"), ("a.zip", packed("raw_tracker_hr.csv"), "withings"),
    ("a.zip", packed("Takeout/Fitbit/x"), "fitbit-takeout"), ("a.zip", packed("x"), None),
])  # fmt: skip
def test_a_file_is_known_by_its_beginning(tmp_path, name, body, found):
    """None for a file that is none of ours."""
    (tmp_path / name).write_bytes(body)
    assert format_of(tmp_path / name) == found
