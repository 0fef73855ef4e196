"""Identifiers: an Observation's id says which one it is, for ever, in signs that FHIR allows."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.ids import new_id, observation_ids, parse_observation_id, person_id, source_id

LONG = st.integers(-(2**63), 2**63 - 1)
FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@given(person=st.uuids(), target=st.integers(0, 65_535), source=st.uuids(), starts=st.lists(LONG, max_size=8))
def test_an_id_comes_back_as_what_it_says_and_is_a_fhir_id(person, target, source, starts):
    """Person, target, source and instant, for any instant."""
    found = observation_ids(person, target, source, np.array(starts, np.int64))
    assert len(found) == len(starts)
    for text, start in zip(found, starts, strict=True):
        assert FHIR_ID.fullmatch(text)
        assert len(text) == 48
        key = parse_observation_id(text)
        assert (key.person, key.target, key.source_head, key.start_us) == (
            person,
            target,
            source.bytes[:8],
            start,
        )
        assert observation_ids(person, target, source, np.array([key.start_us]))[0] == text


def test_an_id_that_was_given_out_never_changes():
    """Records that cite it outlive programs."""
    (text,) = observation_ids(UUID(int=1), 2, UUID(int=3 << 64), np.array([1_780_000_000_000_000]))
    assert text == "AQAAAgAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAwAGUuaLs0AA"


@given(st.text(max_size=60) | st.text("AQ=+/-._ é", min_size=48, max_size=48))
def test_any_other_text_is_none_of_ours(text):
    """What does not come back as itself is not ours; no text is an error."""
    key = parse_observation_id(text)
    if key is not None:
        assert FHIR_ID.fullmatch(text)


@pytest.mark.parametrize("tail", ["=", "+", "/", "\n", " "])
def test_signs_of_other_alphabets_are_refused(tail):
    assert parse_observation_id("AQAA" + "A" * 43 + tail) is None


def test_another_format_or_a_mark_that_must_be_zero_is_refused():
    assert parse_observation_id("AQAA" + "A" * 44) is not None
    assert parse_observation_id("AgAA" + "A" * 44) is None
    assert parse_observation_id("AQEA" + "A" * 44) is None


def test_a_uuid_is_the_person_itself_and_any_other_id_has_one_of_its_own():
    known = uuid4()
    assert person_id(str(known)) == known
    assert person_id("p-1") == person_id("p-1") != person_id("p-2")
    assert person_id("x" * 36) != person_id("y" * 36)


def test_sources_of_different_keys_differ_where_ids_look():
    """Only the first eight bytes enter an Observation's id."""
    heads = {source_id(f"FITBIT|{n}").bytes[:8] for n in range(2000)}
    assert len(heads) == 2000


def test_new_ids_are_new():
    assert new_id() != new_id()
