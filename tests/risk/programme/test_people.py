"""Reading the people of a programme: what is not known is counted, what cannot be is refused by its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.errors import BadInput, BadLimits
from risk.programme import rules
from risk.programme.people import ENROLMENT, MEASURES, read
from tests.risk.programme.people import RULES, enrolment, measures, read_two, two

_TEXT = st.sampled_from(
    ["", "p0", "p1", "invited", "M", "1", "0", "weight_kg", "after", "60", "nan", "1e999", "x"]
)


def test_values_stand_in_the_column_of_their_outcome_and_phase():
    """One place for each person; a gap is a gap."""
    people = read_two("p1 weight_kg before 70.5", "p0 worn_days after 5")
    assert people.values["weight_kg"]["before"][1] == 70.5
    assert np.isnan(people.values["weight_kg"]["before"][0])
    assert people.worn[0] == 5
    assert people.dropped == {}


def test_unknown_people_and_outcomes_and_impossible_values_are_dropped_and_counted():
    """Unknown means no, and the reader is told how many."""
    people = read_two(
        "p9 weight_kg before 70", "p0 mood before 3", "p0 weight_kg before 7000", "p0 sbp after 120"
    )
    assert people.dropped == {"unknown-person": 1, "unknown-outcome": 1, "implausible": 1}
    assert people.values["sbp"]["after"][0] == 120


@pytest.mark.parametrize(
    ("change", "field", "row"),
    [
        ({"cohort": ["invited", "friends"]}, "cohort", 1),
        ({"age": ["old", "60"]}, "age", 0),
        ({"age": ["50", "140"]}, "age", 1),
        ({"sex": ["M", "?"]}, "sex", 1),
        ({"enrolled": ["yes", "0"]}, "enrolled", 0),
        ({"person": ["p0", "p0"]}, "person", 1),
        ({"person": ["p0", ""]}, "person", 1),
    ],
)
def test_a_fault_of_enrolment_names_its_column_and_row(change, field, row):
    """Never the value."""
    with pytest.raises(BadInput) as error:
        read({**two(), **change}, measures("p0 sbp after 120"), RULES)
    assert (error.value.field, error.value.row) == (field, row)


@pytest.mark.parametrize(
    ("rows", "field", "row"),
    [
        (["p0 sbp after high"], "value", 0),
        (["p0 sbp after inf"], "value", 0),
        (["p0 sbp sometime 120"], "phase", 0),
        (["p0 sbp after 120", "p0 sbp after 121"], "person", 1),
    ],
)
def test_a_fault_of_measurements_names_its_column_and_row(rows, field, row):
    """The same for the second table."""
    with pytest.raises(BadInput) as error:
        read_two(*rows)
    assert (error.value.field, error.value.row) == (field, row)


@pytest.mark.parametrize("name", ENROLMENT)
def test_a_missing_column_is_named(name):
    """Every column is needed, empty or not."""
    given = two()
    del given[name]
    with pytest.raises(BadInput) as error:
        read(given, measures("p0 sbp after 120"), RULES)
    assert error.value.field == name


@given(st.lists(st.tuples(*[_TEXT] * 7), max_size=4), st.lists(st.tuples(*[_TEXT] * 4), max_size=4))
def test_any_text_gives_people_or_one_typed_error(people, rows):
    """Every input is hostile."""
    one = {name: [row[i] for row in people] for i, name in enumerate(ENROLMENT)}
    two_ = {name: [row[i] for row in rows] for i, name in enumerate(MEASURES)}
    try:
        named = len(read(one, two_, RULES)) == len(people)
    except BadInput as error:
        named = error.field in ENROLMENT + MEASURES
    assert named


def test_participants_are_those_who_enrolled_in_the_programme():
    """Ordinary guidance of somebody not invited is no participation."""
    given = enrolment(
        "invited 50 M 1 0 0", "invited 50 M 0 0 0", "volunteered 50 F 1 0 0", "not-invited 50 F 1 0 0"
    )
    people = read(given, measures("p0 sbp after 120"), RULES)
    assert people.participants.tolist() == [True, False, True, False]


GOOD = {
    "rules": {"confidence": 0.9, "fewest": 5, "caliper": 0.2, "balanced": 0.1, "covered": 0.8, "dose_days": 7}
}
ONE = {"ja": "a", "en": "a", "unit": "kg", "decimals": 1, "better": "lower", "range": [1, 2]}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({}, "rules.confidence"),
        ({"rules": {**GOOD["rules"], "fewest": 1}}, "rules.fewest"),
        ({"rules": {**GOOD["rules"], "covered": 2}}, "rules.covered"),
        ({"rules": {**GOOD["rules"], "caliper": True}}, "rules.caliper"),
        (GOOD, "outcome"),
        ({**GOOD, "outcome": {"x": {}}}, "outcome.x"),
        ({**GOOD, "outcome": {"x": {**ONE, "better": "nice"}}}, "outcome.x.better"),
        ({**GOOD, "outcome": {"x": {**ONE, "range": [2, 1]}}}, "outcome.x.range"),
    ],
)
def test_half_a_set_of_rules_is_refused_by_its_key(given, key):
    """A file of rules is taken whole or not."""
    with pytest.raises(BadLimits) as error:
        rules.parse(given)
    assert error.value.key == key
