"""Registering people: the identity is taken from the Patient as it was sent."""

from __future__ import annotations

import pytest

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
