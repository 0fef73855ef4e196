"""Residents for measurements: a copy is a resident like any other, under an identity of its own, behind the same door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from phr.domain.access import Access
from phr.ids import person_id
from phr.services.charts import Charts
from phr.store.multiply import Copy, multiply
from tests.build import CITY, agree, blood_pressure, heart_rates

pytestmark = pytest.mark.db
NOON = datetime.now(UTC).replace(hour=3, minute=0) - timedelta(days=2)  # of the city


@pytest.fixture
def copies(system, person, patient):
    """A resident with a case, and two more like it; the second has no case."""
    agree(system, person, patient)
    recent = datetime.now(UTC) - timedelta(minutes=2)
    system.receive(
        person, [heart_rates(NOON, [60, 62, 64]), blood_pressure(recent, 190, 115)], request="test"
    )
    names = [f"copy-{uuid4().hex[:12]}" for _ in range(2)]
    made = [Copy(person, patient, person_id(name), name, n, n, n == 0) for n, name in enumerate(names)]
    said = []
    rows = multiply(system.database.admin, made, said.append)
    assert said == list(rows)
    return names, rows


def test_a_copy_has_what_its_template_has(system, copies):
    """Measurements, summaries, consents and documents; its own Patient resource names the copy."""
    names, rows = copies
    assert rows["person"] == 2
    assert rows["vital_chunk"] == 4
    assert rows["vital_day"] >= 4
    for name in names:
        access = Access("nurse", "test", CITY, "guidance", "test", person_id(name))
        days = Charts(system.store).days(
            person_id(name), ["8867-4"], NOON.date() - timedelta(days=2), datetime.now(UTC).date(), access
        )
        assert days
        consents = system.consents.all(person_id(name), actor=name, role="resident", request="test")
        assert [one.consent.patient.removeprefix("Patient/") for one in consents] == [name]


def test_only_copies_that_should_have_cases(system, copies):
    """A list of the whole city would measure something that no city has."""
    names, rows = copies
    nurse = Access("nurse", "test", CITY, "guidance", "test")
    listed = {row.item.person_id for row in system.worklist.listed(nurse, limit=2000)}
    assert rows["work_item"] == 1
    assert [person_id(name) in listed for name in names] == [True, False]


def test_a_withdrawn_copy_shows_nothing_and_its_template_goes_on(system, person, copies):
    """The consent of a copy is its own."""
    names, _rows = copies
    copy = person_id(names[1])
    consent = system.consents.all(copy, actor=names[1], role="resident", request="test")[0]
    system.consents.withdraw(copy, str(consent.consent.id), actor=names[1], role="resident", request="test")
    since, until = NOON.date() - timedelta(days=2), datetime.now(UTC).date()
    seen = [
        bool(
            Charts(system.store).days(
                one, ["8867-4"], since, until, Access("nurse", "test", CITY, "guidance", "test", one)
            )
        )
        for one in (copy, person)
    ]
    assert seen == [False, True]
