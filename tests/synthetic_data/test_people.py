"""Who lives in the city: ages as in the census, consents as people give them, devices that fit."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from synthetic_data import consents, people
from synthetic_data.population import load

END = date(2026, 11, 20)


@pytest.fixture(scope="module")
def crowd():
    population = load("national")
    return [people.invent(number, 4, population, END) for number in range(1, 3001)]


def test_ages_and_sexes_follow_the_census(crowd):
    """Adults of 2020: 52 % women, 34 % of 65 years and older."""
    assert sum(r.female for r in crowd) / len(crowd) == pytest.approx(0.52, abs=0.03)
    assert sum(r.age(END) >= 65 for r in crowd) / len(crowd) == pytest.approx(0.34, abs=0.03)
    assert min(r.age(END) for r in crowd) >= 20


def test_one_in_eight_agrees_to_nothing(crowd):
    """Opt-in: without an answer there is no purpose, and some give none."""
    kinds = Counter(r.consent_kind for r in crowd)
    assert set(kinds) == set(consents.KINDS)
    assert 0.1 < kinds["nothing"] / len(crowd) < 0.15
    assert all(not r.consents for r in crowd if r.consent_kind == "nothing")


def test_guidance_without_research_and_partial_categories_exist(crowd):
    """The cases that a coarse consent check would get wrong."""
    for resident in crowd:
        purposes = {grant["purpose"] for grant in resident.consents}
        if resident.consent_kind == "guidance-not-research":
            assert "guidance" in purposes
            assert "research-deidentified" not in purposes
        if resident.consent_kind == "movement-only":
            collected = next(g["categories"] for g in resident.consents if g["purpose"] == "collect")
            assert "blood-pressure" not in collected
        for grant in resident.consents:
            assert set(grant["categories"]) <= set(consents.CATEGORIES)
            assert purposes >= {"collect"}


def test_ids_are_stable_and_addresses_are_of_no_real_city(crowd):
    """Nobody can take an invented resident for a real one by the address."""
    assert crowd[122].id == "r-000123"
    assert all(r.address.startswith("青霧市") for r in crowd)
    assert all(any(char.isascii() is False for char in r.kana) for r in crowd)


def test_a_planted_fault_comes_with_the_device_that_it_needs(city):
    """A fault on a device that nobody owns would never be written."""
    for person in city.people:
        if set(person["faults"]) - {"crisis-blood-pressure"}:
            assert "google-watch" in person["devices"]
        if "crisis-blood-pressure" in person["faults"]:
            assert "bp-monitor" in person["devices"]


def test_personas_vary(city):
    """A demonstration needs different people."""
    assert {"hypertensive", "diabetic", "smoker", "healthy"} <= {p["persona"] for p in city.people}
