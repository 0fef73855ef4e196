"""R2-1: a check-up of somebody else is refused before anything of it is stored, and counted where a file has many people."""

from __future__ import annotations

from uuid import uuid4

import pytest

from phr.errors import Invalid
from tests.build import agree
from tests.ingest.checkup_files import File, Person, bundle_text, csv_row, xml
from tests.phr.services.scenes import a_person, stored

FORMS = {
    "checkup-csv": ("c.csv", csv_row),
    "checkup-xml": ("h.xml", xml),
    "checkup-fhir": ("b.json", bundle_text),
}


def laid(tmp_path, form, file):
    name, write = FORMS[form]
    (tmp_path / name).write_text(write(file), "utf-8")
    return tmp_path / name


def insured(system, number="06132013:131:4567:01"):
    """A resident whose insured number is known and whose birth date is not; they agreed."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "identifier": [{"system": "urn:phr:insured", "value": number}],
    }
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    agree(system, person, patient)
    return person


@pytest.mark.parametrize("form", FORMS)
def test_a_check_up_of_another_birth_date_or_sex_is_refused_with_one_line_and_nothing_is_stored(
    system, tmp_path, form
):
    """Whoever picks the wrong file at the counter must not give one resident the values of another."""
    person, _ = a_person(system, born="1970-05-06", gender="female")
    before = stored(system, person)
    with pytest.raises(
        Invalid, match="another person: birth_date, sex differs; nothing was stored"
    ) as refused:
        system.importing(form, laid(tmp_path, form, File()), request="test", person=person)
    assert refused.value.field == "resident"
    assert "1970" not in str(refused.value)
    assert stored(system, person) == before


@pytest.mark.parametrize("form", ["checkup-xml", "checkup-fhir"])
def test_a_check_up_with_another_insured_number_is_refused(system, tmp_path, form):
    """保険者番号 and 記号番号 name the person too; the right ones are taken in any spelling."""
    path = laid(tmp_path, form, File())
    with pytest.raises(Invalid, match="insured_no"):
        system.importing(form, path, request="test", person=insured(system, "06132013:131:9999:01"))
    assert system.importing(form, path, request="test", person=insured(system)).receipt.stored == 1


def test_the_second_file_of_an_archive_that_is_somebody_elses_refuses_the_first_too(system, tmp_path):
    """Nothing stored means nothing: the file is one delivery."""
    person, _ = a_person(system)
    before = stored(system, person)
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "1.xml").write_text(xml(File()), "utf-8")
    (tmp_path / "both" / "2.xml").write_text(xml(File(person=Person(born="19720202"))), "utf-8")
    with pytest.raises(Invalid, match="several people"):
        system.importing("checkup-xml", tmp_path / "both", request="test", person=person)
    assert stored(system, person) == before


def test_in_a_table_of_many_people_only_the_one_who_contradicts_the_register_is_left_out(system, tmp_path):
    """A number that was given to somebody else costs its own row and is counted, by the kind of difference alone."""
    taken, free = f"a{uuid4().hex[:10]}", f"a{uuid4().hex[:10]}"
    resource = {"resourceType": "Patient", "id": taken, "birthDate": "1950-01-01", "gender": "male"}
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    agree(system, person, taken)
    before = stored(system, person)
    header, row = csv_row(File()).splitlines()[:2]
    place = header.split(",").index("atena_no")
    rows = [
        ",".join([*row.split(",")[:place], number, *row.split(",")[place + 1 :]]) for number in (taken, free)
    ]
    path = tmp_path / "city.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    done = system.importing("checkup-csv", path, request="test")
    assert [(one.reason, one.field) for one in done.unowned] == [("another-person", "birth_date")]
    assert set(done.people) == {taken, free}
    assert stored(system, person) == before
