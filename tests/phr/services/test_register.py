"""Registering people: the identity is taken from the Patient as it was sent."""

from __future__ import annotations

from datetime import date

import pytest

from phr.domain.access import machine
from tests.phr.services.scenes import a_person, nurse

pytestmark = pytest.mark.db


@pytest.mark.parametrize("value", ["00138123:131:4567:01", "00138123-131-4567", "00138123"])
def test_the_insurer_is_the_first_part_of_the_insured_identifier(system, admin, patient, value):
    """The number of the insurer alone, never symbol and number of the person with it."""
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "identifier": [{"system": "urn:phr:insured", "value": value}],
    }
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    kept = admin.execute("SELECT insurer_no FROM phr.person WHERE person_id = %s", (person,)).fetchone()
    assert kept == ("00138123",)


def test_who_was_registered_before_is_found_by_kana_and_address_after_a_refresh(system, admin):
    """From the Patient that was kept: nobody is asked to be registered again, and a block stays a block."""
    person, patient = a_person(system)
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "birthDate": "1970-05-05",
        "name": [{"text": "モリ ハルカ"}],
        "address": [{"text": "東町１丁目２番３号"}],
        "meta": {
            "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]
        },
    }
    system.register.put(resource, actor="test", role="system", request="test")
    admin.execute("UPDATE phr.person SET kana_key = '', guarded = false WHERE person_id = %s", (person,))
    admin.execute("DELETE FROM phr.person_address WHERE person_id = %s", (person,))
    assert system.register.refresh(actor="test", request="test") >= 1
    assert system.register.refresh(actor="test", request="test") == 0
    query = "SELECT kana_key, p.guarded, address_key, a.guarded FROM phr.person p JOIN phr.person_address a USING (person_id)"
    rows = admin.execute(f"{query} WHERE person_id = %s", (person,)).fetchall()
    assert rows == [("もりはるか", True, "東町1-2-3", True)]
    with system.store.begin(nurse()) as uow:
        assert person in {one.person_id for one in uow.people.sought("もりはる", date(1970, 5, 5), "")}
        assert uow.people.sought("もりはる", None, "東町1-2") == []


def test_a_name_in_kana_only_is_a_name(system, patient):
    """さくら has no other writing; her name must not be empty in a list."""
    resource = {"resourceType": "Patient", "id": patient, "name": [{"text": "さくら"}]}
    person = system.register.put(resource, actor="t", role="system", request="t")[0]
    with system.store.begin(machine(system.settings.recipient, "register", "t")) as uow:
        found = uow.people.get(person)
        uow.commit()
    assert (found.name, found.kana) == ("さくら", "さくら")
