"""One check-up in three forms: the record and its stratification are the same, nothing is stored twice, delivered codes stay."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

import pytest

from phr.domain.access import Access
from phr.ids import person_id
from phr.services.checkup_results import CheckupResults
from risk.differences import compare
from tests.build import CITY, agree
from tests.ingest.checkup_files import INTENSIVE, File, Person, bundle_text, csv_row, st, xml
from tests.phr.services.scenes import a_person, stored

FORMS = {
    "checkup-csv": ("c.csv", csv_row),
    "checkup-xml": ("h.xml", xml),
    "checkup-fhir": ("b.json", bundle_text),
}


@pytest.fixture
def put(system, tmp_path):
    """Imports one check-up in a form."""

    def make(form, file=None, person=None):
        name, write = FORMS[form]
        (tmp_path / name).write_text(write(file or File()), "utf-8")
        return system.importing(form, tmp_path / name, request="test", person=person)

    return make


def seen_by_the_person(system, person, patient):
    service = CheckupResults(
        system.store, system.clock, system.settings.tz, system.settings.check_glucose_rule
    )
    return service.of(person, Access("resident", patient, CITY, "self", "test", person))


def test_the_three_forms_give_the_same_stratification(system, put):
    """Three people with one check-up each, each in another form."""
    found = []
    for form in FORMS:
        person, patient = a_person(system)
        assert put(form, person=person).receipt.refused == 0
        results = seen_by_the_person(system, person, patient)
        found.append((results.checkups, results.result))
    assert found[0] == found[1] == found[2]
    (checkups, result) = found[0]
    assert (checkups[0].day, result.level, result.metabo) == (date(2026, 6, 10), 1, 1)
    assert dict(checkups[0].values) == {name: float(value) for name, value in INTENSIVE.items()}


def test_the_same_check_up_in_another_form_is_a_repeat(system, put):
    """A city sends a table, the insurer the XML, the resident the document of the hospital."""
    person, _ = a_person(system)
    first = put("checkup-csv", person=person).receipt
    before = stored(system, person)
    for form in ("checkup-xml", "checkup-fhir", "checkup-xml"):
        again = put(form, person=person).receipt
        assert (again.stored, again.repeated) == (0, first.stored)
    assert stored(system, person) == before


def test_a_file_names_its_person_and_a_second_one_finds_them_again(system, put):
    """Nobody is named by hand; nothing is collected without consent, everything is counted."""
    one = put("checkup-xml")
    ((key, person),) = one.people.items()
    assert person == person_id(key)
    assert (one.receipt.stored, one.receipt.refused > 0) == (0, True)
    agree(system, person, key)
    later = File(day="20250610", values={**INTENSIVE, "waist_cm": "94.0"})
    again = put("checkup-fhir", later)
    assert (again.people, again.receipt.stored > 0) == ({key: person}, True)
    known = system.register.known(person, Access("resident", key, CITY, "self", "test", person))
    assert (known.birth_date, known.sex, known.kana) == (date(1970, 5, 5), "male", "ケンシン タロウ")


def test_what_columns_cannot_hold_and_the_hash_of_the_file_are_in_the_record(system, put):
    """心電図 as words, and the report whose original has this hash (R2-1)."""
    person, patient = a_person(system)
    put("checkup-xml", File(raw=(st("9A110160800000049", "洞調律"),)), person=person)
    access = Access("resident", patient, CITY, "self", "test", person)
    with system.store.begin(access) as uow:
        kept = [json.loads(each.body) for each in uow.documents.of_person(person, "Observation")]
        uow.commit()
    assert [each["valueString"] for each in kept if "valueString" in each] == ["洞調律"]
    body = xml(File(raw=(st("9A110160800000049", "洞調律"),))).encode()
    assert [each["identifier"][0]["value"] for each in kept if "identifier" in each] == [
        sha256(body).hexdigest()
    ]
    assert {each["subject"]["reference"] for each in kept} == {f"Patient/{patient}"}


def test_delivered_judgements_stay_and_their_difference_is_listed(system, put):
    """R2-3: the institution says 3 and reserve; the record keeps that, ours stands beside it."""
    person, patient = a_person(system)
    put("checkup-xml", File(values={**INTENSIVE, "guidance_level": "3", "metabo": "2"}), person=person)
    results = seen_by_the_person(system, person, patient)
    values = dict(results.checkups[0].values)
    assert (values["guidance_level"], values["metabo"]) == (3.0, 2.0)
    assert (results.result.level, results.result.metabo) == (1, 1)
    listed = compare({**values, "sex": "M", "birth_date": "1970-05-05", "checkup_date": "2026-06-10"})
    assert [(each.item, each.delivered, each.ours) for each in listed] == [
        ("guidance_level", 3, 1),
        ("metabo", 2, 1),
    ]


def test_another_member_of_the_household_is_another_person(system, put):
    """The same symbol and number, another birth date."""
    first = put("checkup-xml").people
    second = put(
        "checkup-xml", File(person=Person(born="19720202", sex="2", branch="02", name="ケンシン ハナコ"))
    ).people
    assert not set(first.values()) & set(second.values())
