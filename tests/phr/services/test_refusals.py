"""Refused looks are on the record of the person whom they were about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from phr.domain.access import Access
from phr.domain.query import ObservationQuery
from phr.errors import NotFound
from tests.build import CITY, agree, heart_rates


def nurse(person):
    return Access("nurse", "n-1", CITY, "guidance", "refusals", person)


def test_a_look_without_consent_is_refused_and_the_person_can_read_that_it_was(system, person, patient):
    """Property 8, and the promise of the page "who looked"."""
    agree(system, person, patient, purposes=("collect",))
    day = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=2)
    system.receive(person, [heart_rates(day, [60.0, 61.0])], request="t")
    own = Access("resident", patient, f"Patient/{patient}", "self", "t", person)
    found = system.observations.search(ObservationQuery(count=1), {person: patient}, own).found
    with pytest.raises(NotFound):
        system.observations.read(found[0].id, nurse(person))
    with pytest.raises(NotFound):
        system.identities.patient(patient, nurse(person))
    trail = system.trail.of_person(person, actor=patient, request="t")
    refused = {(row.object, row.actor) for row in trail if row.outcome == "refused"}
    assert refused == {("Observation", "n-1"), ("Patient", "n-1")}
