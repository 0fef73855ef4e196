"""Research without names: the database itself keeps names and device labels from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from phr.domain.access import Access
from tests.build import agree, heart_rates

OFFICE = "Organization/research-office"


def test_a_research_context_sees_traits_and_summaries_but_no_name_and_no_device(system, person, patient):
    """R8-7: the purpose research-deidentified reaches birth date, sex and district, never who it is."""
    agree(system, person, patient)
    agree(system, person, patient, purposes=("research-deidentified",), recipients=(OFFICE,))
    day = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=2)
    system.receive(person, [heart_rates(day, [60.0, 61.0])], request="t")
    access = Access("researcher", "r-1", OFFICE, "research-deidentified", "t", person)
    with system.store.begin(access) as uow:
        assert [one.sex for one in uow.people.traits([person])] == ["female"]
        assert uow.people.get(person) is None
        assert uow.vitals.sources(person) == {}
        assert uow.documents.get("Patient", patient) is None
        assert uow.vitals.days(person, ["8867-4"], day.date() - timedelta(days=2), day.date()) != []


def test_traits_without_a_grant_are_not_seen(system, person):
    """Default deny."""
    access = Access("researcher", "r-1", OFFICE, "research-deidentified", "t", person)
    with system.store.begin(access) as uow:
        assert uow.people.traits([person]) == []
