"""Days on which several devices speak, over HTTP: one value, its evidence, and no more than the caller may see."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest
from fhir.resources.R4B.bundle import Bundle

from ingest.series import Series, Source
from tests.build import WATCH, agree, heart_rates
from tests.phr.api.conftest import refused
from tests.proves import proves

pytestmark = pytest.mark.db
NINE = datetime(2026, 3, 3, 0, tzinfo=UTC)  # nine o'clock in the city
PHONE = Source("PHONE|Pixel 10||passive", "Pixel 10", "PHONE", "Pixel 10", "passive")
QUERY = "code=55423-8&start=2026-03-03&end=2026-03-04"


def intervals(code: str, source: Source, rows: list[tuple[int, int, float]]) -> Series:
    """Rows of minutes after nine, minutes, value."""
    first = int(NINE.timestamp()) * 1_000_000
    return Series(
        code,
        source,
        np.array([first + row[0] * 60_000_000 for row in rows], np.int64),
        {"value": np.array([row[2] for row in rows], np.float64)},
        np.full(len(rows), 32400, np.int32),
        np.zeros(len(rows), np.uint8),
        np.array([row[1] * 60_000_000 for row in rows], np.int64),
    )


@pytest.fixture
def walker(system, person, patient):
    """Somebody with a watch and a phone, who walked at nine, and with the phone alone an hour later."""
    agree(system, person, patient)
    series = [
        intervals("55423-8", WATCH, [(0, 10, 1000)]),
        intervals("55423-8", PHONE, [(0, 10, 900), (60, 10, 500)]),
        intervals("93832-4", WATCH, [(-600, 480, 420)]),
        intervals("93832-4", PHONE, [(-590, 460, 400)]),
        heart_rates(NINE, [80.0] * 20),
    ]
    receipt = system.receive(person, series, request="test")
    assert receipt.stored == 25
    return person


def entries(answer):
    """The resources of an answer that is a valid Bundle."""
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(answer.json())
    return [entry["resource"] for entry in answer.json().get("entry", [])]


@proves("Observation", "operation", "reconciled")
def test_the_walk_of_watch_and_phone_counts_once_and_says_who_answered_when(walker, enter, patient):
    """1,000 of the watch, 500 of the phone alone; never 2,400."""
    client = enter(patient, "resident", "self", walker)
    day, provenance = entries(client.get(f"/fhir/Observation/$reconciled?{QUERY}"))
    assert day["valueQuantity"]["value"] == 1500
    assert day["effectivePeriod"]["start"] == "2026-03-02T15:00:00.000Z"
    told = {
        entity["what"]["display"]: [
            (one["valuePeriod"]["start"][11:16], one["valuePeriod"]["end"][11:16])
            for one in entity["extension"]
        ]
        for entity in provenance["entity"]
    }
    assert told == {"Pixel Watch 4": [("00:00", "00:10")], "Pixel 10": [("01:00", "01:10")]}


def test_two_devices_tell_of_one_night(walker, enter, patient):
    """A night belongs to the day of waking up and is not slept twice."""
    client = enter(patient, "resident", "self", walker)
    day, _ = entries(client.get("/fhir/Observation/$reconciled?code=93832-4&start=2026-03-03&end=2026-03-03"))
    assert day["valueQuantity"]["value"] == 420


def test_heart_rates_of_a_day_are_their_mean(walker, enter, patient):
    """A day of heart rates is no sum."""
    client = enter(patient, "resident", "self", walker)
    day, provenance = entries(
        client.get("/fhir/Observation/$reconciled?code=8867-4&start=2026-03-03&end=2026-03-03")
    )
    assert day["valueQuantity"]["value"] == 80
    assert len(provenance["entity"][0]["extension"]) == 1


def test_only_days_on_which_two_devices_speak_are_read_where_that_is_asked(system, walker, patient):
    """One device alone needs no reconciling: its summary tells the day."""
    from datetime import date

    from phr.domain.access import resident

    access = resident(walker, patient, "test")
    march = date(2026, 3, 1), date(2026, 3, 5)
    crowded = system.reconciled(walker, "55423-8", *march, access, crowded_only=True)
    assert [(view.day, view.value) for view in crowded] == [(date(2026, 3, 3), 1500.0)]
    assert system.reconciled(walker, "8867-4", *march, access, crowded_only=True) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("code=85354-9&start=2026-03-03&end=2026-03-03", "code"),
        ("start=2026-03-03&end=2026-03-03", "code"),
        ("code=55423-8&start=yesterday&end=2026-03-03", "start"),
        ("code=55423-8&start=2026-03-03", "end"),
        (f"{QUERY}&patient=a,b", "patient"),
        (f"{QUERY}&source=x", "source"),
    ],
)
def test_what_cannot_be_asked_is_named(walker, enter, patient, query, field):
    """One clear error that names the parameter."""
    client = enter(patient, "resident", "self", walker)
    if "patient=" in query:
        client = enter(f"nurse-{uuid4()}", "nurse", "guidance")
    answer = client.get(f"/fhir/Observation/$reconciled?{query}")
    refused(answer, 400)
    assert field in answer.text


def test_without_consent_there_is_no_day_and_no_source(walker, enter, patient, system):
    """A nurse of a city that was given nothing learns neither values nor devices."""
    nurse = enter(f"nurse-{uuid4()}", "nurse", "guidance", recipient="Organization/other-city")
    assert entries(nurse.get(f"/fhir/Observation/$reconciled?{QUERY}&patient={patient}")) == []
