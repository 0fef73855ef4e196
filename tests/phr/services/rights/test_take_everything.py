"""Take everything: what is in the file, who can open it, when it goes, and that it can be taken in again (R8-4, R8-16)."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta

import orjson
import pytest

from phr.domain.query import ObservationQuery
from phr.errors import NotFound
from phr.services.rights.copying import TakeOuts
from phr.store.sealed_files import SealedFiles
from tests.build import CITY, agree
from tests.phr.services.rights.scene import ALL, own, somebody


@pytest.fixture(autouse=True)
def folder(system, tmp_path):
    """Files of each test for themselves."""
    system.sealed_files = SealedFiles(tmp_path / "take-out")
    return tmp_path / "take-out"


def made(system, person, patient):
    """A copy that is ready: its number and its bytes."""
    job = system.take_outs.ask(person, own(person, patient))
    system.take_outs.round(request="test")
    opened = system.take_outs.open(person, job, own(person, patient))
    return job, b"".join(opened.parts)


def unpacked(body):
    packed = zipfile.ZipFile(io.BytesIO(body))
    assert packed.testzip() is None
    return packed


def lines(packed, name):
    return [orjson.loads(line) for line in packed.read(name).splitlines()]


def test_the_file_holds_all_that_is_stored_in_fhir_tables_and_words(system):
    """Every sample as an Observation and as a row, the identity, the consents, who looked, and a summary."""
    person, patient = somebody(system)
    _job, body = made(system, person, patient)
    packed = unpacked(body)
    observations = lines(packed, "fhir/Observation.ndjson")
    assert len(observations) == 5
    assert {one["subject"]["reference"] for one in observations} == {f"Patient/{patient}"}
    assert [one["id"] for one in lines(packed, "fhir/Patient.ndjson")] == [patient]
    assert len(lines(packed, "fhir/Consent.ndjson")) == 1
    assert any(one["action"] for one in lines(packed, "fhir/AuditEvent.ndjson"))
    table = packed.read("csv/blood-pressure-85354-9.csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table)))
    assert sorted(row[2] for row in rows[1:]) == ["128.0", "182.0"]
    assert packed.read("summary.pdf").startswith(b"%PDF")
    assert "tables/resource_history.ndjson" in packed.namelist()
    assert "tables/person.ndjson" in packed.namelist()
    assert not any("cloud_secret" in name or "person_key" in name for name in packed.namelist())


def test_the_file_imports_back_into_an_empty_record(system, tmp_path):
    """R8-16: what was taken out is taken in by another service, or by this one for a new record, sample for sample."""
    person, patient = somebody(system)
    _job, body = made(system, person, patient)
    source = tmp_path / "Observation.ndjson"
    source.write_bytes(unpacked(body).read("fhir/Observation.ndjson"))
    other = "p-new-" + patient
    again = system.register.ensure(other, actor="test", role="system", request="test")
    agree(system, again, other, purposes=ALL)
    receipt = system.importing("fhir-ndjson", source, request="test", person=again).receipt
    assert (receipt.stored, receipt.quarantined, receipt.refused, sum(receipt.rejected.values())) == (
        5,
        0,
        0,
        0,
    )
    assert values(system, again, other) == values(system, person, patient)


def values(system, person, patient):
    """Code, moment and numbers of every Observation of a person."""
    query = ObservationQuery(count=100)
    page = system.observations.search(query, {person: patient}, own(person, patient))
    found = [orjson.loads(one.body) for one in page.found]
    return sorted(
        (
            one["code"]["coding"][0]["code"],
            one.get("effectiveDateTime", ""),
            str(one.get("valueQuantity", {}).get("value")),
            str([c.get("valueQuantity", {}).get("value") for c in one.get("component", [])]),
        )
        for one in found
    )


def test_a_file_is_noise_without_the_persons_key(system, admin, folder):
    """Crypto-shredding: when the key is gone the copy on the disk says nothing, and neither does one in a backup."""
    person, patient = somebody(system)
    job, body = made(system, person, patient)
    sealed = (folder / f"{job}.zip.age").read_bytes()
    assert b"PK\x03\x04" in body[:4]
    assert b"fhir/Observation.ndjson" in body
    assert b"fhir/Observation.ndjson" not in sealed
    assert patient.encode() not in sealed
    admin.execute("DELETE FROM phr.person_key WHERE person_id = %s", (person,))
    with pytest.raises(NotFound):
        system.take_outs.open(person, job, own(person, patient))


def test_nobody_else_opens_it(system):
    """Another resident gets the same answer as for a file that is not there."""
    person, patient = somebody(system)
    other, other_patient = somebody(system)
    job, _body = made(system, person, patient)
    for access, whose in ((own(other, other_patient), person), (own(other, other_patient), other)):
        with pytest.raises(NotFound):
            system.take_outs.open(whose, job, access)


def test_it_goes_after_some_days_and_when_it_is_removed(system, clock, folder):
    """The page says until when; afterwards the file is deleted."""
    person, patient = somebody(system)
    job, _body = made(system, person, patient)
    clock.tick(timedelta(days=system.settings.copy_keep_days, seconds=1))
    with pytest.raises(NotFound):
        system.take_outs.open(person, job, own(person, patient))
    system.take_outs.round(request="test")
    assert not (folder / f"{job}.zip.age").exists()
    again, _body = made(system, person, patient)
    system.take_outs.remove(person, again, own(person, patient))
    assert list(folder.iterdir()) == []


def test_one_at_a_time(system):
    """Asking twice is asking once."""
    person, patient = somebody(system)
    first = system.take_outs.ask(person, own(person, patient))
    assert system.take_outs.ask(person, own(person, patient)) == first
    system.take_outs.remove(person, first, own(person, patient))
    assert system.take_outs.ask(person, own(person, patient)) != first


def test_a_copy_that_breaks_three_times_is_given_up(system, folder):
    """A broken copy does not hold up others, and the person is told."""
    person, patient = somebody(system)

    def broken(*_args):
        raise RuntimeError

    jobs = TakeOuts(system.store, system.clock, CITY, system.sealed_files, broken, system.take_outs._box, 7)
    jobs.ask(person, own(person, patient))
    seen = []
    for _ in range(4):
        seen.append(jobs.round(request="test"))
        system.clock.tick(timedelta(minutes=6))
    assert [list(one) for one in seen] == [["broken"], ["broken"], ["broken"], ["failed"]]
    assert jobs.listed(person, own(person, patient))[0].state == "failed"
    assert list(folder.glob("*")) == []
