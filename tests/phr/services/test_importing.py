"""Imports: a repeat changes nothing, and a bad line or file is one clear refusal that leaves the record alone."""

from __future__ import annotations

import json
import threading

import pytest

from ingest.series import Batch
from phr.errors import Invalid, Refused
from tests.phr.services.scenes import a_person, stored


def line(patient, minute, value=60, code="8867-4"):
    return json.dumps({
        "resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": f"2026-06-10T07:{minute:02}:00+09:00",
        "valueQuantity": {"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    })  # fmt: skip


def test_the_same_file_twice_changes_nothing(system, tmp_path):
    person, patient = a_person(system)
    path = tmp_path / "a.ndjson"
    path.write_text("\n".join(line(patient, n) for n in range(5)))
    assert system.importing("fhir-ndjson", path, request="t", person=person).receipt.stored == 5
    before = stored(system, person)
    again = system.importing("fhir-ndjson", path, request="t", person=person).receipt
    assert (again.stored, again.repeated) == (0, 5)
    assert stored(system, person) == before


def test_a_document_that_is_no_fhir_is_counted_and_the_rest_is_taken(system, tmp_path):
    person, patient = a_person(system)
    path = tmp_path / "a.ndjson"
    bad = json.dumps({**json.loads(line(patient, 9)), "note": [{"text": None}]})
    path.write_text("\n".join([line(patient, 1), bad, line(patient, 2)]))
    receipt = system.importing("fhir-ndjson", path, request="t", person=person).receipt
    assert receipt.stored == 2
    assert sum(receipt.rejected.values()) == 1


def test_a_file_that_cannot_be_read_is_refused_by_its_name(system, tmp_path):
    person, _ = a_person(system)
    path = tmp_path / "Canary.csv"
    path.write_bytes(b"\xff\xfe\x00 Hanako-4711")
    with pytest.raises(Refused) as caught:
        system.importing("checkup-csv", path, request="t", person=person)
    assert "Canary.csv" in str(caught.value)
    assert "Hanako" not in str(caught.value)
    assert stored(system, person) == ({}, {})


def test_unknown_formats_and_missing_files_are_named(system, tmp_path):
    for name, path, field in (("nonsense", tmp_path, "format"), ("fhir-ndjson", tmp_path / "none", "path")):
        with pytest.raises(Invalid) as caught:
            system.importing(name, path, request="t")
        assert caught.value.field == field


def test_what_was_being_read_is_closed_by_the_thread_that_read_it(system, tmp_path, monkeypatch):
    """A database of an export may not be closed by another thread than the one that opened it."""
    person, patient = a_person(system)
    path = tmp_path / "a.ndjson"
    path.write_text(line(patient, 1))
    threads = {}

    def reading(*_args, **_more):
        threads["opened"] = threading.get_ident()
        try:
            while True:
                yield Batch()
        finally:
            threads["closed"] = threading.get_ident()

    def full(*_args):
        raise OSError("the disk is full")

    monkeypatch.setattr("phr.services.importing.parallel.read", reading)
    with pytest.raises(OSError, match="full"):
        system.importing("fhir-ndjson", path, request="t", person=person, progress=full)
    assert threads["closed"] == threads["opened"] != threading.get_ident()
