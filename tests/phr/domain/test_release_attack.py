"""Somebody who knows ten facts about a person looks for them in a release: birth year, sex, district and a week of values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from phr.domain.pseudonym import ReleaseKey
from tests.phr.domain.attackers import invented_city, living_city, success
from tests.phr.domain.release_city import STEPS, frame, read

ENTROPY = b"e" * 32


@pytest.fixture(scope="module")
def place():
    return living_city(n=240, days=42)


def numbers(made):
    """The truth: the test gave the randomness that a real release forgets."""
    key = ReleaseKey.derive(b"s" * 32, "study-1", entropy=ENTROPY)
    return {person: key.pseudonym(person) for person in made.persons}


@pytest.mark.parametrize("k", [5, 10])
def test_ten_facts_find_a_person_of_an_anonymised_release_no_better_than_one_in_k(place, k):
    """The claim that the documentation makes of the anonymised profile."""
    made = place.release("anonymised", k=k, entropy=ENTROPY)
    assert len(made.persons) > 0.7 * len(place.people)
    assert success(place, made, numbers(made), np.random.default_rng(3)) <= 1 / k


def test_ten_facts_find_most_people_of_a_pseudonymised_release():
    """Said in the documentation: pseudonymised data are not anonymous, and the law forbids the comparison."""
    small = living_city(n=120, days=28)
    made = small.release("pseudonymised", k=5, entropy=ENTROPY)
    assert success(small, made, numbers(made), np.random.default_rng(3)) > 0.9


def test_everybody_in_an_anonymised_release_shares_their_whole_record_with_k_others(place):
    """Why no attacker can do better: birth, sex, place and every number of every week are equal for k people."""
    made = place.release("anonymised", k=10)
    rows = frame(made)
    series = (
        rows.drop(columns="person").astype(str).agg(",".join, axis=1).groupby(rows["person"]).agg("|".join)
    )
    people = pd.DataFrame(read(made, "persons.csv")).set_index("person").assign(series=series)
    assert people.groupby(list(people)).size().min() >= 10
    assert made.certificate["linkage"]["unique_day_patterns"] == 0


def test_means_and_the_slope_with_age_survive_the_grouping(place):
    """What is lost is said in the certificate; what a study of groups needs stays within a few percent."""
    made = place.release("anonymised", k=5)
    ages = (
        pd.DataFrame(read(made, "persons.csv"))
        .set_index("person")["age_band"]
        .str.extract(r"(\d+)")[0]
        .astype(float)
    )
    rows = frame(made)
    after = (
        rows[rows["code"] == STEPS]
        .assign(mean=lambda each: each["mean"].astype(float))
        .groupby("person")["mean"]
        .mean()
    )
    before = place.days[(place.days["code"] == STEPS) & place.days["person"].isin(made.persons)]
    usual = before.groupby("person")["mean"].mean()
    born = pd.to_datetime(place.people.set_index("person")["birth_date"])
    age = (pd.Timestamp("2026-07-01") - born).dt.days / 365.25
    slopes = np.polyfit(ages[after.index], after, 1)[0], np.polyfit(age[usual.index], usual, 1)[0]
    assert after.mean() == pytest.approx(usual.mean(), rel=0.02)
    assert slopes[0] == pytest.approx(slopes[1], rel=0.1)
    kept = made.certificate["series"]["variance_between_people_kept"][STEPS]
    assert kept == pytest.approx(after.var() / usual.var(), abs=0.1)


@pytest.mark.slow
def test_ten_facts_in_the_invented_city_of_the_demo():
    """The same two claims where people walk, sleep and take their watches off."""
    place = invented_city()
    found = {}
    for profile in ("anonymised", "pseudonymised"):
        made = place.release(profile, k=10 if profile == "anonymised" else 5, entropy=ENTROPY)
        found[profile] = success(place, made, numbers(made), np.random.default_rng(3))
        assert len(made.persons) > 100
    assert found["anonymised"] <= 1 / 10
    assert found["pseudonymised"] > 0.9
