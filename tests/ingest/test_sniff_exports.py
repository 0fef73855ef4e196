"""The format of a file is told from its name and first bytes, so that a demo of real files needs no names."""

import gzip
import io
import json
import zipfile

import pytest

from ingest.files.sniff import format_of
from tests.ingest.checkup_files import bundle_text, xml
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
    ("export.xml", b'<?xml version="1.0"?>\n<!DOCTYPE HealthData [', "apple-health"),
    ("export.xml", b'<HealthData locale="ja_JP">', "apple-health"), ("export.xml", b"<ClinicalDocument/>", None),
    ("export.zip", packed("apple_health_export/export.xml"), "apple-health"),
    ("export.zip", packed("apple_health_export/書き出したデータ.xml"), "apple-health"),
    ("書き出したデータ.zip", packed("書き出したデータ.xml"), "apple-health"),
    ("Health Connect.zip", packed("health_connect_export.db"), "health-connect"),
    ("health_connect_export.db", b"SQLite format 3\x00rest", "health-connect"),
    ("dump.json", json.dumps({"records": [{"recordType": "Steps"}]}).encode(), "health-connect"),
    ("dump.ndjson", b'{"recordType":"Steps"}\n', "health-connect"),
    ("omh.json", json.dumps([{"header": {"schema_id": {"name": "heart-rate"}}}]).encode(), "open-mhealth"),
    ("omh.jsonl", b'{"header":{"schema_id":{"name":"heart-rate"}}}\n', "open-mhealth"),
    ("bundle.json", json.dumps({"resourceType": "Bundle", "entry": []}).encode(), "fhir-bundle"),
    ("patient.json", json.dumps({"resourceType": "Patient"}).encode(), None),
    ("r.ndjson", b'{"resourceType":"Observation"}\n', "fhir-ndjson"),
    ("p.ndjson", b'{"dataSource":{}}\n', "google-health-json"), ("p.ndjson", b"{}\n", None),
    ("p.json", b'{"dataPoints":[]}', "google-health-json"),
    ("c.csv", b"Id,ActivityDate\n", "fitbit-csv"), ("c.csv", b"kumi,atena_no\n", "checkup-csv"),
    ("h.xml", xml().encode(), "checkup-xml"), ("h.xml", xml().replace("1.2.392.200119.6.1001", "1.2.3").encode(), None),
    ("b.json", bundle_text().encode(), "checkup-fhir"), ("b.json", bundle_text().replace("53576-5", "1").encode(), "fhir-bundle"),
    ("a.csv.gz", gzip.compress(b"timestamp;bpm;source\n", mtime=0), "oura"), ("a.json.gz", b"\x1f\x8bxxxx", None),
    ("a.exe", b"MZ", None), ("noname", b"", None),
])  # fmt: skip
def test_a_file_is_known_by_its_beginning(tmp_path, name, body, found):
    """None for a file that is none of ours."""
    (tmp_path / name).write_bytes(body)
    assert format_of(tmp_path / name) == found


def test_an_archive_is_known_by_its_end_when_its_beginning_is_a_long_file(tmp_path):
    """The names stand at its end again."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("other.bin", "x" * 200_000)
        archive.writestr("Takeout/Fitbit/steps.json", "[]")
    assert format_of(tmp_path / "a.zip") == "fitbit-takeout"


def test_what_is_no_file_has_no_format(tmp_path):
    """A folder, or nothing at all."""
    assert format_of(tmp_path) is None
    assert format_of(tmp_path / "none.zip") is None


def test_every_format_of_the_registry_can_be_told(tmp_path):
    """A format that is not told from a file can only be named by hand."""
    from ingest.registry import FORMATS

    table = next(
        mark for mark in test_a_file_is_known_by_its_beginning.pytestmark if mark.name == "parametrize"
    )
    assert {found for _name, _body, found in table.args[1] if found} == set(FORMATS)
