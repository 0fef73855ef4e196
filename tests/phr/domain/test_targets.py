"""Targets: each kind of derived Observation has its own number for ever, and codes and categories find it."""

from __future__ import annotations

from ingest.codes import HL7_CATEGORY, JLAC10, LOCAL, LOINC, VITALS
from phr.domain.query import ObservationQuery, Token
from phr.domain.targets import TARGETS, number_of, searched, target_of


def search(codes=(), categories=()):
    return searched(ObservationQuery(codes=tuple(codes), categories=tuple(categories)))


def test_every_target_has_a_number_of_its_own_that_leads_back():
    """A number in an id must not mean two things."""
    assert len({number_of(target) for target in TARGETS}) == len(TARGETS)
    assert all(target_of(number_of(target)) == target for target in TARGETS)
    assert target_of(next(n for n in range(65_536) if n not in {number_of(t) for t in TARGETS})) is None


def test_numbers_never_change():
    """Ids are stable for ever: these were given out."""
    assert number_of(("8867-4", None)) == 0x5870
    assert number_of(("checkup", "ldl")) == 0x4AEB


def test_a_split_panel_is_one_target_for_each_channel():
    assert ("checkup", None) not in TARGETS
    assert {channel for key, channel in TARGETS if key == "checkup"} == {
        c.name for c in VITALS["checkup"].channels
    }


def test_no_condition_means_every_target():
    assert search() == TARGETS


def test_conditions_are_anded_and_alternatives_ored():
    """code=a,b and a second code parameter narrow to what fits both."""
    heart, pressure = (Token(LOINC, "8867-4"),), (Token(LOINC, "85354-9"),)
    assert search([(*heart, *pressure)]) == {("8867-4", None), ("85354-9", None)}
    assert search([heart, pressure]) == set()
    assert search([heart], [(Token(None, "activity"),)]) == set()
    assert search([heart], [(Token(HL7_CATEGORY, "vital-signs"),)]) == {("8867-4", None)}


def test_a_code_is_found_in_any_system_in_its_own_and_in_no_other():
    assert search([(Token(None, "29463-7"),)]) == {("29463-7", None), ("checkup", "weight_kg")}
    assert search([(Token("urn:other", "29463-7"),)]) == set()
    assert search([(Token("", "29463-7"),)]) == set()


def test_a_system_alone_finds_every_target_that_has_a_code_of_it():
    assert ("hrv-rmssd", None) in search([(Token(LOCAL, None),)])
    assert all(key == "checkup" for key, _ in search([(Token(JLAC10, None),)]))
    assert search([(Token("urn:other", None),)]) == set()


def test_a_category_system_alone_finds_what_has_a_category_of_it():
    """Every Observation has one of HL7; none has one of a system that nobody knows."""
    assert search([], [(Token(HL7_CATEGORY, None),)]) == TARGETS
    assert search([], [(Token("urn:other", None),)]) == set()


def test_what_a_query_names_does_not_depend_on_its_length():
    """Short lists of codes are remembered, long ones are looked up anew: both name the same."""
    codes = (Token(LOINC, "8867-4"),)
    many = (*codes, *(Token(None, f"unknown-{n}") for n in range(300)))
    assert searched(ObservationQuery(codes=(many,))) == searched(ObservationQuery(codes=(codes,)))
    assert searched(ObservationQuery(codes=(codes,))) is searched(ObservationQuery(codes=(codes,)))
