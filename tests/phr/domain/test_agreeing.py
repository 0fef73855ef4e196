"""Who has to agree, by age, and what a representative's word is good for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from consent.fhir import read
from consent.model import Source
from consent.purposes import PURPOSES
from phr.domain.agreeing import (
    Acting,
    by_others,
    came_of_age,
    check_performers,
    check_way,
    last_stopped,
    named_recipients,
    permits,
    purposes_of,
    shares,
    who_agrees,
)
from phr.errors import Invalid
from tests.consent.cases import NURSES, a_consent, a_rule

BORN = date(2010, 6, 15)
NOW = datetime(2026, 6, 10, 3, tzinfo=UTC)
UNTIL = datetime(2028, 6, 14, 15, tzinfo=UTC)
GUARDIAN = "Patient/g1"
ACTING = [Acting(GUARDIAN, UNTIL)]


@pytest.mark.parametrize(
    ("day", "who"),
    [
        (date(2025, 6, 14), "guardian"),
        (date(2025, 6, 15), "both"),
        (date(2028, 6, 14), "both"),
        (date(2028, 6, 15), "self"),
    ],
)
def test_the_ages_are_exact_to_the_day(day, who):
    """Under 15 a guardian, until 18 both, then the person."""
    assert who_agrees(BORN, day) == who
    assert came_of_age(BORN, day) == (who == "self")


def test_an_unknown_birth_date_is_an_adults():
    assert who_agrees(None, date(2026, 1, 1)) == "self"
    assert not came_of_age(None, date(2026, 1, 1))


def by(*performers, purposes=("guidance",), end="2028-06-14", **more):
    rule = a_rule("permit", purposes=list(purposes), period={"end": end}, recipients=[NURSES])
    return read(a_consent(a_rule("deny", rule), performer=[{"reference": one} for one in performers], **more))


def refusal(consent, born=BORN, day=date(2026, 6, 10), acting=ACTING):
    try:
        check_performers(consent, born, day, NOW, acting)
    except Invalid as error:
        return error.field
    return None


def test_a_young_person_and_the_guardian_agree_together():
    assert refusal(by(GUARDIAN, "Patient/p1")) is None
    assert refusal(by(GUARDIAN)) == "Consent.performer"
    assert refusal(by("Patient/p1")) == "Consent.performer"
    assert refusal(by(GUARDIAN), day=date(2024, 1, 1)) is None
    assert refusal(by("Patient/p1"), day=date(2024, 1, 1)) == "Consent.performer"
    assert refusal(by("Patient/p1"), born=None) is None


def test_a_representatives_word_needs_a_representation_and_ends_with_it():
    both = (GUARDIAN, "Patient/p1")
    assert refusal(by(*both), acting=[]) == "Consent.performer"
    assert refusal(by(*both), acting=[Acting(GUARDIAN, NOW)]) == "Consent.performer"
    assert refusal(by(*both, end="2028-06-15")) == "Consent.provision.period.end"
    assert refusal(by(*both, purposes=("research-deidentified",))) == "Consent.provision.purpose"
    nothing_named = read(a_consent(performer=[{"reference": one} for one in both]))
    assert refusal(nothing_named) == "Consent.provision.purpose"


def test_who_only_denies_withdraws_or_lets_a_relative_look_needs_nobodys_leave():
    """A deny shares nothing; a relative is recorded with a proof of its own."""
    assert refusal(by("Patient/p1", status="inactive")) is None
    assert refusal(by("Patient/p1", purposes=("family",))) is None
    assert refusal(read(a_consent(a_rule("deny", a_rule("deny"))))) is None
    assert refusal(read({"id": "x", "status": "active"})) is None


def test_the_performers_and_recipients_of_a_consent_are_told():
    assert by_others(by(GUARDIAN, "Patient/p1")) == (GUARDIAN,)
    assert named_recipients(by(GUARDIAN)) == (NURSES,)


def test_a_way_without_a_source_is_left_to_the_profile():
    """The strict profile names it; this rule is about what is there."""
    assert check_way(read({"resourceType": "Consent"}), "resident") is None


def on_paper(scan="a" * 64, **changes):
    """A consent that was recorded at the counter from paper."""
    return replace(
        read(a_consent(a_rule("permit"))), source=Source("2026-04-01", "paper", scan=scan), **changes
    )


def test_only_the_counter_records_what_was_agreed_on_paper_and_with_its_scan():
    """A resident's own browser knows of no paper; paper without its scan proves nothing."""
    assert check_way(on_paper(), "registrar") is None
    for consent, role in ((on_paper(), "resident"), (on_paper(scan=""), "registrar")):
        with pytest.raises(Invalid, match="sourceAttachment"):
            check_way(consent, role)


def test_what_was_agreed_on_paper_can_be_taken_back_anywhere():
    """Taking back is as easy as agreeing: the page needs no paper for it."""
    assert check_way(on_paper(status="inactive"), "resident") is None


@pytest.mark.parametrize(
    ("shared", "stopped"),
    [
        ([], None),
        ([True], None),
        ([False], None),
        ([False, True], None),
        ([True, False], 2),
        ([True, False, False, True], 2),
        ([True, False, True, True, False], 5),
    ],
)
def test_the_last_stop_is_the_day_on_which_sharing_ended_and_not_one_that_found_it_ended(shared, stopped):
    """A sheet is held against what was decided last, however often it changed before."""
    versions = [(date(2026, 1, day), on) for day, on in enumerate(shared, start=1)]
    assert last_stopped(versions) == (stopped and date(2026, 1, stopped))


def test_a_consent_shares_for_what_its_permits_name_while_it_is_active():
    """A deny lets nobody in, no purpose named is every one, and one that cannot be read lets in none."""
    inner = a_rule("permit", purposes=["guidance"]), a_rule("deny", purposes=["points"])
    some = read(a_consent(a_rule("deny", *inner)))
    assert [rule.type for rule in permits(some, "guidance")] == ["permit"]
    assert purposes_of(some) == {"guidance"}
    assert (shares(some, "guidance"), shares(some, "points")) == (True, False)
    assert not shares(replace(some, status="inactive"), "guidance")
    assert purposes_of(read(a_consent())) == set(PURPOSES)
    assert purposes_of(replace(some, base=None)) == frozenset()
