"""FHIR Bundles: whose each entry is, what becomes columns, what stays a document, what is refused."""

import json
import zipfile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import fhir_bundle
from tests.ingest.conftest import HEART_RATE
from tests.ingest.damage import assert_total, damaged
from tests.ingest.samples import reasons_of, rows_of

TOKYO = ZoneInfo("Asia/Tokyo")
UUID = "urn:uuid:0f3b1c9e-5d9b-4f2e-9a64-3a6d3f1d0001"


def beat(subject="Patient/p1", value=62, **changes):
    """A heart rate of someone."""
    quantity = {**HEART_RATE["valueQuantity"], "value": value}
    return {**HEART_RATE, "subject": {"reference": subject}, "valueQuantity": quantity, **changes}


def bundle(*resources, kind="collection", **entry):
    """A Bundle of resources, or of whole entries."""
    entries = [
        each if "resource" in each or "request" in each else {"resource": each, **entry} for each in resources
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


@pytest.fixture
def read(tmp_path):
    def reader(body, **how):
        file = tmp_path / "bundle.json"
        file.write_text(body if isinstance(body, str) else json.dumps(body))
        return list(fhir_bundle.read(file, zone=TOKYO, **how))

    return reader


@pytest.mark.parametrize("kind", ["collection", "transaction", "batch", "searchset", "history"])
def test_observations_become_columns_for_each_person(read, kind):
    """Kinds of Bundle that hold resources are read alike."""
    batches = read(bundle(beat(), beat("Patient/p2", 70), kind=kind))
    assert {(row[0], row[-1][0]) for row in rows_of(batches)} == {("Patient/p1", 62), ("Patient/p2", 70)}
    assert batches[-1].done == batches[-1].total


@pytest.mark.parametrize(
    ("full_url", "patient", "key"),
    [
        (UUID, {"resourceType": "Patient", "id": "p9"}, "Patient/p9"),
        (UUID, {"resourceType": "Patient"}, "Patient/" + UUID.removeprefix("urn:uuid:")),
        ("https://example.org/fhir/Patient/7", {"resourceType": "Patient", "id": "7"}, "Patient/7"),
    ],
)
def test_a_reference_by_full_url_is_the_patient_of_the_bundle(read, full_url, patient, key):
    """What was never on a server refers by urn:uuid, before or after the entry itself."""
    observation = beat(full_url)
    entry = {"fullUrl": full_url, "resource": patient}
    for entries in ((entry, observation), (observation, entry)):
        batches = read(bundle(*entries))
        assert [row[0] for row in rows_of(batches)] == [key]


def test_a_url_that_no_entry_has_stays_as_it_is(read):
    """Only references inside the Bundle are resolved; addresses of code systems never change."""
    batches = read(
        bundle({"fullUrl": UUID, "resource": {"resourceType": "Patient", "id": "p9"}}, beat("urn:uuid:other"))
    )
    assert [row[0] for row in rows_of(batches)] == ["urn:uuid:other"]


def test_other_resources_stay_documents_with_their_precision(read):
    """6.30 stays 6.30 although references are replaced."""
    text = (
        '{"resourceType":"Bundle","type":"transaction","entry":['
        f'{{"fullUrl":"{UUID}","resource":{{"resourceType":"Patient","id":"p1"}}}},'
        f'{{"resource":{{"resourceType":"Condition","id":"c","subject":{{"reference":"{UUID}"}},'
        '"extension":[{"url":"x","valueDecimal":6.30}]}}]}'
    )
    (batch,) = read(text)
    assert batch.person_key == "Patient/p1"
    assert b'"valueDecimal":6.30' in batch.documents[1]
    assert b'"reference":"Patient/p1"' in batch.documents[1]


def test_entries_without_a_resource_to_keep_are_counted(read):
    """Deletions, outcomes of a search, empty and broken entries cost only themselves."""
    batches = read(
        {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                {"request": {"method": "DELETE", "url": "Observation/1"}},
                {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome"}},
                {"fullUrl": UUID},
                5,
                {
                    "resource": beat(
                        valueQuantity={"value": 1, "system": "http://unitsofmeasure.org", "code": "kg"}
                    )
                },
                {"fullUrl": UUID, "resource": 5},
                {"resource": beat()},
            ],
        }
    )
    assert len(rows_of(batches)) == 1
    assert reasons_of(batches) == {
        ("deletion", "entry[0]"): 1,
        ("outcome", "entry[1]"): 1,
        ("no-resource", "entry[2]"): 1,
        ("bad-type", "entry[3]"): 1,
        ("bad-unit", "entry[4]: valueQuantity.code"): 1,
        ("bad-type", "entry[5]"): 1,
    }


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"resourceType":"Patient","type":"x"}',
        '{"resourceType":"Bundle"}',
        "[" * 100_000,
    ]
    + [
        json.dumps(bundle(kind=kind))
        for kind in ("document", "message", "transaction-response", "subscription")
    ],
)
def test_what_is_no_bundle_of_resources_is_refused(read, body):
    """Another JSON must not look like an empty import; documents and messages mean more than their entries."""
    with pytest.raises(BadPayload):
        read(body)


def test_a_bundle_without_entries_holds_nothing(read):
    """A search that found nothing."""
    (batch,) = read({"resourceType": "Bundle", "type": "searchset", "total": 0})
    assert (batch.series, batch.documents, batch.rejects, batch.done) == ((), (), (), batch.total)


def test_a_zip_of_bundles_is_read_file_by_file(tmp_path):
    """Generators of records write one Bundle for each person."""
    archive = tmp_path / "people.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for person in ("a", "b"):
            made.writestr(f"{person}.json", json.dumps(bundle(beat(f"Patient/{person}"))))
        made.writestr("readme.txt", "x")
    batches = list(fhir_bundle.read(archive, zone=TOKYO))
    assert [batch.person_key for batch in batches] == ["Patient/a", "Patient/b"]
    rest = list(fhir_bundle.read(archive, zone=TOKYO, mark=batches[0].mark))
    assert [batch.person_key for batch in rest] == ["Patient/b"]
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("../a.json", "{}")
    with pytest.raises(BadPayload):
        list(fhir_bundle.read(archive, zone=TOKYO))


people = st.lists(st.tuples(st.sampled_from("abc"), st.integers(40, 180), st.integers(0, 9)), max_size=9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(given_people=people, order=st.randoms(), rows=st.integers(1, 4))
def test_order_repeats_and_parts_change_nothing(read, given_people, order, rows):
    """What is read is a set of samples, and a fresh start after any mark loses none."""
    resources = [
        beat(f"Patient/{who}", value, effectiveDateTime=f"2026-06-10T06:4{at}:00+09:00")
        for who, value, at in given_people
    ]
    twice = [*resources, *resources]
    order.shuffle(twice)
    whole, parts = read(bundle(*resources)), read(bundle(*twice), rows=rows)
    assert set(rows_of(parts)) == set(rows_of(whole))
    for place, batch in enumerate(parts):
        rest = read(bundle(*twice), rows=rows, mark=batch.mark)
        assert set(rows_of([*parts[: place + 1], *rest])) == set(rows_of(whole))


SOUND = json.dumps(bundle(beat(UUID), {"fullUrl": UUID, "resource": {"resourceType": "Patient", "id": "p"}}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """Bytes of a sound Bundle replaced, inserted and removed."""
    total(tmp_path, damaged(data, SOUND.encode()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(body=st.binary(max_size=60))
@example(body=b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":null},{"resource":[]}]}')
def test_any_bytes_give_samples_counts_or_a_typed_refusal(tmp_path, body):
    """The reader is total."""
    total(tmp_path, body)


def total(tmp_path, body):
    """BadPayload names field and file."""
    assert_total(lambda file: rows_of(fhir_bundle.read(file, zone=TOKYO)), tmp_path / "bundle.json", body)
