"""The requirements of the Bulk Data 2.0 test kit of Inferno, as tests of our own: one for each of its tests and each level."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.operationoutcome import OperationOutcome

from tests.conformance.bulk.scene import ASYNC, Client, lines
from tests.proves import proves

pytestmark = pytest.mark.db
LEVELS = ("system", "Patient", "Group")


@pytest.fixture(scope="module")
def client(scene):
    return scene.client("conformance")


@pytest.fixture(scope="module")
def addresses(scene, study, client):
    """The address of each level."""
    members = [{"entity": {"reference": f"Patient/{one.patient}"}} for one in study]
    group = {"resourceType": "Group", "type": "person", "actual": True, "member": members}
    made = client("POST", "/fhir/Group", json=group)
    assert made.status_code == 201, made.text
    return {
        "system": "/fhir/$export",
        "Patient": "/fhir/Patient/$export",
        "Group": f"/fhir/Group/{made.json()['id']}/$export",
    }


@pytest.fixture(scope="module")
def done(scene, client, addresses):
    """A finished export of each level, one after the other."""
    return {level: scene.exported(client, address) for level, address in addresses.items()}


def _outcome(answer, status):
    assert answer.status_code == status, answer.text
    OperationOutcome.model_validate(answer.json())


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_no_auth_rejects_an_export_without_a_token(scene, addresses, level):
    """bulk_data_no_auth: a kick-off without authorization is refused with 401."""
    for headers in ({}, {"Authorization": "Bearer invalid"}):
        answer = Client(scene.app)("GET", addresses[level], headers={**ASYNC, **headers})
        _outcome(answer, 401)


@proves("*", "operation", "export")
@proves("Patient", "operation", "export")
@proves("Group", "operation", "export")
@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_kick_off_gives_202_and_an_absolute_content_location(client, addresses, level):
    """bulk_data_kick_off: 202 Accepted and where the status is."""
    answer = client.begin(addresses[level])
    assert answer.status_code == 202
    place = answer.headers["content-location"]
    assert place.startswith("http://127.0.0.1:8000/fhir/")
    assert client("DELETE", place).status_code == 202


@pytest.mark.parametrize("level", LEVELS)
@proves("*", "instantiates", "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data")
def test_bulk_data_status_check_gives_202_and_then_200(scene, client, addresses, level):
    """bulk_data_status_check: 202 with X-Progress of less than 100 signs and Retry-After; then 200, JSON, Expires."""
    place = client.begin(addresses[level]).headers["content-location"]
    waiting = client.get(place)
    assert waiting.status_code == 202
    assert 0 < len(waiting.headers["x-progress"]) < 100
    assert int(waiting.headers["retry-after"]) > 0
    scene.work()
    ready = client.get(place)
    assert ready.status_code == 200
    assert ready.headers["content-type"].startswith("application/json")
    assert parsedate_to_datetime(ready.headers["expires"]) > datetime.now(UTC)
    client("DELETE", place)


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_output_check_has_every_member_of_the_manifest(done, addresses, level):
    """bulk_data_output_check: transactionTime, request, requiresAccessToken, output with type and url, error."""
    manifest = done[level]
    assert datetime.fromisoformat(manifest["transactionTime"]).tzinfo is not None
    assert manifest["request"] == f"http://127.0.0.1:8000{addresses[level]}"
    assert manifest["requiresAccessToken"] is True
    assert manifest["error"] == []
    assert {one["type"] for one in manifest["output"]} >= {"Patient", "Observation"}
    for one in manifest["output"]:
        assert set(one) == {"type", "url", "count"}
        assert one["url"].startswith("http://127.0.0.1:8000/")


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_ndjson_download_requires_access_token(scene, done, level):
    """bulk_data_ndjson_download: without a token the files are refused, as the manifest says."""
    for one in done[level]["output"]:
        _outcome(Client(scene.app).get(one["url"]), 401)


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_multiple_patients_are_in_the_export(client, done, study, level):
    """bulk_data_multiple_patients: two Patients at least, each once."""
    found = [one["id"] for one in lines(client, done[level]) if one["resourceType"] == "Patient"]
    assert sorted(found) == sorted(one.patient for one in study)


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_valid_resources_are_on_each_line(client, done, level):
    """bulk_data_valid_resources: every line is one valid resource of the file's type; the count is right."""
    for one in done[level]["output"]:
        answer = client.get(one["url"])
        assert answer.headers["content-type"].startswith("application/fhir+ndjson")
        found = lines(client, {"output": [one]})
        assert len(found) == one["count"]
        assert {resource["resourceType"] for resource in found} == {one["type"]}
        for resource in found:
            get_fhir_model_class(one["type"]).model_validate(resource)


def test_bulk_data_group_matching_patient_ids_are_those_of_the_group(client, done, study):
    """bulk_data_group_matching_patient_ids: nobody who is not a member."""
    found = lines(client, done["Group"])
    subjects = {one["subject"]["reference"] for one in found if one["resourceType"] == "Observation"}
    assert subjects == {f"Patient/{one.patient}" for one in study}


@pytest.mark.parametrize("form", ["application/fhir+ndjson", "application/ndjson", "ndjson"])
@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_output_format_is_taken_in_its_three_names(client, addresses, level, form):
    """bulk_data_outputFormat_param: each name of NDJSON gives 202."""
    answer = client.begin(f"{addresses[level]}?_outputFormat={quote(form, safe='')}")
    assert answer.status_code == 202
    client("DELETE", answer.headers["content-location"])


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_output_format_that_is_unknown_is_refused(client, addresses, level):
    """A format that the server does not have is an error, also for a lenient client."""
    _outcome(client.begin(f"{addresses[level]}?_outputFormat=text/csv"), 400)
    lenient = {"Prefer": "respond-async, handling=lenient"}
    _outcome(client.begin(f"{addresses[level]}?_outputFormat=text/csv", **lenient), 400)


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_since_takes_an_instant_and_nothing_else(client, addresses, level):
    """bulk_data_since_param: a FHIR instant gives 202, anything else an error."""
    answer = client.begin(f"{addresses[level]}?_since=2026-01-01T00:00:00.000Z")
    assert answer.status_code == 202
    client("DELETE", answer.headers["content-location"])
    for wrong in ("2026-01-01", "2026-01-01T00:00:00", "yesterday", "2026-13-01T00:00:00Z", ""):
        _outcome(client.begin(f"{addresses[level]}?_since={wrong}"), 400)


@pytest.mark.parametrize("level", LEVELS)
def test_bulk_data_cancel_gives_202_and_then_404_with_an_outcome(scene, client, addresses, level):
    """bulk_data_export_cancel: DELETE of a job on its way and of one that is done; afterwards there is no job and no file."""
    on_its_way = client.begin(addresses[level]).headers["content-location"]
    assert client("DELETE", on_its_way).status_code == 202
    _outcome(client.get(on_its_way), 404)
    assert scene.work().get("done", 0) == 0
    manifest = scene.exported(client, addresses[level])
    assert client("DELETE", manifest["status"]).status_code == 202
    _outcome(client.get(manifest["status"]), 404)
    for one in manifest["output"]:
        _outcome(client.get(one["url"]), 404)
    _outcome(client("DELETE", manifest["status"]), 404)


@pytest.mark.parametrize("level", LEVELS)
def test_files_are_given_packed_and_plain_with_the_same_lines(client, done, level):
    """Accept-Encoding gzip is honoured, and identity too."""
    for one in done[level]["output"]:
        packed = client.get(one["url"], **{"Accept-Encoding": "gzip"})
        plain = client.get(one["url"], **{"Accept-Encoding": "identity"})
        refused = client.get(one["url"], **{"Accept-Encoding": "gzip;q=0"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.text == plain.text == refused.text


def test_the_kick_off_without_respond_async_is_refused(client):
    """Prefer: respond-async is required."""
    _outcome(client("GET", "/fhir/$export"), 400)


def test_a_form_that_is_not_json_or_ndjson_is_not_acceptable(client, done):
    """Kick-offs answer in FHIR JSON, files are NDJSON."""
    assert client.begin("/fhir/$export", Accept="application/fhir+xml").status_code == 406
    assert client.get(done["system"]["output"][0]["url"], Accept="text/html").status_code == 406
