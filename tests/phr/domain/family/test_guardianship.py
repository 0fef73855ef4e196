"""Guardianship: the end is in the consent itself, and what is a young person's own is not for who acts for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.decide import decide
from consent.fhir import read
from consent.model import Request, Source
from phr.domain.family.ages import add_months, last_day_before, months_on, years_on
from phr.domain.family.guardianship import (
    RULES,
    Asked,
    family_consent,
    last_day,
    may_hide,
    own_wish,
    rules_of,
)
from phr.domain.family.tables import BadTable, parsed, table
from phr.errors import Invalid

TODAY = date(2026, 11, 21)
ZONE = ZoneInfo("Asia/Tokyo")
AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
PROOF = "0f" * 32
SOURCE = Source("guardian-2026-11", "counter", "ja", PROOF)
CHILD = date(2015, 4, 1)
MOTHER = "Patient/mother"


def asked(kind="parent", proof="family-register", until=None):
    return Asked(kind, proof, PROOF, until)


def test_a_childs_representation_ends_the_day_before_the_eighteenth_birthday():
    """Civil Code article 4: eighteen since April 2022. An earlier end may be asked for, a later one is cut."""
    assert last_day(asked(), CHILD, TODAY) == date(2033, 3, 31)
    assert last_day(asked(until=date(2040, 1, 1)), CHILD, TODAY) == date(2033, 3, 31)
    assert last_day(asked(until=date(2027, 1, 1)), CHILD, TODAY) == date(2027, 1, 1)
    assert last_day(asked(), date(2008, 2, 29), date(2026, 2, 27)) == date(2026, 2, 28)


def test_an_adults_representation_needs_an_end_that_is_near():
    """The counter looks again: a mandate within a year, a court's decision within three."""
    old = date(1940, 1, 1)
    assert last_day(asked("mandate", "mandate", date(2027, 11, 21)), old, TODAY) == date(2027, 11, 21)
    assert last_day(asked("ward", "court", date(2029, 11, 21)), old, TODAY) == date(2029, 11, 21)


@pytest.mark.parametrize(
    ("what", "born", "field"),
    [
        (asked("friend"), CHILD, "kind"),
        (asked(proof="court"), CHILD, "proof"),
        (Asked("parent", "court", PROOF), CHILD, "proof"),
        (Asked("parent", "family-register", "abc"), CHILD, "proof_sha256"),
        (asked(until=TODAY - timedelta(days=1)), CHILD, "until"),
        (asked(), None, "birth_date"),
        (asked(), date(2000, 1, 1), "kind"),
        (asked("mandate", "mandate", TODAY), CHILD, "kind"),
        (asked("mandate", "mandate", TODAY), None, "kind"),
        (asked("mandate", "mandate"), date(1940, 1, 1), "until"),
        (asked("mandate", "mandate", date(2028, 1, 1)), date(1940, 1, 1), "until"),
    ],
)
def test_what_the_rules_refuse_is_named(what, born, field):
    """One clear error with its field, and no value in it."""
    with pytest.raises(Invalid) as caught:
        last_day(what, born, TODAY)
    assert caught.value.field == field
    assert PROOF not in str(caught.value)


def consent_of(born, until, at=AT):
    made = family_consent(
        "child", MOTHER, born, until, SOURCE, MOTHER, at=at, organization="Organization/city", zone=ZONE
    )
    return read({**made, "id": "c1"}, ZONE)


def permits(consents, category, when, recipient=MOTHER, purpose="family"):
    return decide(consents, Request("child", recipient, purpose, category, TODAY), when).permit


@given(st.dates(date(2009, 1, 1), TODAY), st.integers(0, 7000), st.sampled_from(sorted(RULES.seen)))
def test_the_rule_of_consent_ends_with_the_ages(born, later, kind):
    """For any child and any day: seen until majority, and until sixteen where consultations are; never after."""
    until = last_day(asked(), born, TODAY)
    when = AT + timedelta(days=later)
    day = when.astimezone(ZONE).date()
    limit = RULES.own_say if kind in RULES.hidden else RULES.majority
    expected = day <= last_day_before(born, limit)
    assert permits([consent_of(born, until)], kind, when) == expected


def test_it_lets_in_nobody_else_and_for_nothing_else():
    """Another recipient, another purpose, a kind that no table has."""
    consents = [consent_of(CHILD, last_day(asked(), CHILD, TODAY))]
    assert permits(consents, "child", AT)
    assert not permits(consents, "child", AT, recipient="Patient/father")
    assert not permits(consents, "child", AT, purpose="guidance")
    assert not permits(consents, "genome", AT)


def test_an_adult_who_gives_a_mandate_shares_all_that_it_names():
    """Nothing is split by age there."""
    (rule,) = consent_of(date(1940, 1, 1), date(2027, 1, 1)).base.children
    assert rule.categories == RULES.seen
    assert consent_of(None, date(2027, 1, 1)).base.children[0].categories == RULES.seen


def test_a_young_persons_own_wish_overrides_every_guardian():
    """From sixteen on, at the counter; a younger child cannot decide that alone."""
    born = date(2010, 1, 1)
    consents = [consent_of(born, last_day(asked(), born, TODAY))]
    wish = own_wish("child", ["body"], SOURCE, at=AT, organization="Organization/city", zone=ZONE)
    both = [*consents, read({**wish, "id": "c2"}, ZONE)]
    assert permits(consents, "body", AT)
    assert not permits(both, "body", AT)
    assert permits(both, "child", AT)
    assert may_hide(born, TODAY)
    assert not may_hide(date(2012, 1, 1), TODAY)
    assert not may_hide(None, TODAY)
    for kinds in ([], ["genome"]):
        with pytest.raises(Invalid):
            own_wish("child", kinds, SOURCE, at=AT, organization="Organization/city", zone=ZONE)


GOOD = {
    "majority": 18,
    "own_consent": 15,
    "own_say": 16,
    "hidden": ["guidance"],
    "seen": ["child", "guidance"],
    "kind": {"parent": {"minor": True, "proofs": ["x"]}},
}


@pytest.mark.parametrize(
    "change",
    [
        {"own_say": 19},
        {"own_say": 0},
        {"own_consent": 0},
        {"own_consent": 19},
        {"hidden": ["body"]},
        {"seen": ["child", "guidance", "genome"]},
        {"kind": {"parent": {"minor": True, "proofs": []}}},
        {"kind": {"parent": {"minor": True, "longest_months": 3, "proofs": ["x"]}}},
        {"kind": {"ward": {"minor": False, "proofs": ["x"]}}},
    ],
)
def test_a_table_that_contradicts_itself_stops_the_service(change):
    """Not a child's record."""
    assert rules_of(GOOD).majority == 18
    with pytest.raises(ValueError):
        rules_of({**GOOD, **change})


def test_a_table_that_is_no_table_is_named():
    """The file, never its content."""
    for text in ("x = ", "majority = 'secret'"):
        with pytest.raises(BadTable) as caught:
            parsed(text, "guardianship.toml", rules_of)
        assert "guardianship.toml" in str(caught.value)
        assert "secret" not in str(caught.value)
    assert table("guardianship", rules_of) == RULES


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-600, 1500))
def test_months_are_counted_as_birthdays_fall(born, months):
    """The day on which so many months are full is the first with that age."""
    day = add_months(born, months)
    assert months_on(born, day) == months
    assert months_on(born, day - timedelta(days=1)) == months - 1
    assert years_on(born, add_months(born, 12)) == 1
