"""R2-3: delivered judgements that are not ours are listed with both and a reason, for whoever may see the check-up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from phr.domain.access import Access
from tests.build import CITY
from tests.phr.services.scenes import INTENSIVE, a_checkup, a_person


@pytest.fixture
def examined(system):
    """Imports a check-up with these delivered codes for somebody new."""

    def make(born="1970-05-05", consent=None, **delivered):
        person, _ = a_person(system, born=born, **(consent or {}))
        day = system.clock.now().date() - timedelta(days=30)
        system.receive(person, [a_checkup(day, **{**INTENSIVE, **delivered})], request="test")
        return person

    return make


def nurse():
    return Access("nurse", "n-1", CITY, "guidance", "test")


def listed(system, person):
    return [
        (one.difference.item, one.difference.delivered, one.difference.ours, one.difference.reason)
        for one in system.differences.all(nurse())
        if one.person == person
    ]


def test_a_judgement_that_was_delivered_otherwise_is_listed_and_an_equal_one_is_not(system, examined):
    """Ours is intensive (1) and present (1)."""
    other = examined(guidance_level=3.0, metabo=1.0)
    assert [row[:3] for row in listed(system, other)] == [("guidance_level", 3, 1)]
    assert system.differences.count([other], request="test") == 1
    same = examined(guidance_level=1.0, metabo=1.0)
    silent = examined()
    assert listed(system, same) == listed(system, silent) == []
    assert system.differences.count([same, silent], request="test") == 0


def test_a_corrected_check_up_takes_the_difference_away(system, examined):
    """Nothing is stored beside the check-up that could go stale: the newer check-up speaks."""
    person = examined(guidance_level=3.0)
    day = system.clock.now().date() - timedelta(days=1)
    system.receive(person, [a_checkup(day, **INTENSIVE, guidance_level=1.0)], request="test")
    assert listed(system, person) == []


def test_only_who_may_see_a_check_up_for_guidance_sees_its_difference(system, examined):
    """Collecting alone is no reason to compare people on a page."""
    person = examined(consent={"purposes": ("collect",)}, guidance_level=3.0)
    assert listed(system, person) == []
    assert system.differences.count([person], request="test") == 1


def test_a_person_without_a_birth_date_is_not_judged(system, examined):
    """Our rules need the age; what we cannot judge differs for that reason, and nothing breaks."""
    person, patient = a_person(system)
    resource = {"resourceType": "Patient", "id": patient, "gender": "male"}
    system.register.put(resource, actor="test", role="system", request="test")
    day = system.clock.now().date() - timedelta(days=30)
    system.receive(person, [a_checkup(day, **INTENSIVE, guidance_level=3.0)], request="test")
    assert all(row[3] in {"not-of-age", "undecided-here"} for row in listed(system, person))


def test_pages_hold_everything_once_and_each_comparison_is_in_the_trail(system, examined):
    """Going on from where a page ended neither repeats nor leaves out."""
    people = [examined(guidance_level=3.0, metabo=2.0) for _ in range(3)]
    whole = [(one.person, one.difference.item) for one in system.differences.all(nurse())]
    found, after = [], None
    while True:
        page = system.differences.listed(nurse(), **({} if after is None else {"after": after}), most=2)
        assert len(page.rows) <= 3  # two, or one more where the second judgement is the same person's
        found += [(one.person, one.difference.item) for one in page.rows]
        if page.after is None:
            break
        after = page.after
    assert found == whole
    assert {person for person, _ in whole} >= set(people)
    rows = system.trail.of_person(people[0], actor="x", request="t")
    assert any(one.action == "compare" and one.actor == "n-1" for one in rows)


def test_a_check_up_that_our_rules_cannot_read_does_not_stop_the_list(system, examined):
    """An answer outside the list of answers is judged by nobody here."""
    person = examined(guidance_level=3.0, med_bp=7.0)
    other = examined(guidance_level=3.0)
    assert listed(system, person) == []
    assert listed(system, other)


def test_old_check_ups_are_no_news(system):
    """A judgement of ten years ago is nobody's work today."""
    person, _ = a_person(system)
    system.receive(person, [a_checkup(date(2012, 6, 1), **INTENSIVE, guidance_level=3.0)], request="test")
    assert listed(system, person) == []
