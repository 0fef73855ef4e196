"""What a result rests on is named so that it can be found again, and what cannot be told counts as not readable."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.evidence import Evidence, of_case, of_document, places, summary_name
from phr.domain.targets import number_of
from phr.ids import observation_ids, source_id

TOKYO = ZoneInfo("Asia/Tokyo")
PERSON, SOURCE = UUID(int=7), source_id("cuff")
OWN = ("activity", date(2026, 6, 10))


def observation(at_us, target=("85354-9", None)):
    return observation_ids(PERSON, number_of(target), SOURCE, np.array([at_us], np.int64))[0]


def test_an_observation_is_placed_on_the_civil_day_of_the_city():
    """Half past midnight in Tokyo is still the day before in Greenwich."""
    half_past = 1_781_105_400_000_000  # 2026-06-11 00:30 +09:00
    found = places(Evidence(observations=(observation(half_past),)), OWN, TOKYO)
    assert found == {OWN, ("blood-pressure", date(2026, 6, 11))}


def test_a_day_of_summaries_is_placed_by_its_name():
    """Code, day and source; the code says which kind of data it is."""
    name = summary_name("8867-4", date(2026, 6, 1), SOURCE)
    assert places(Evidence(summaries=(name,)), OWN, TOKYO) == {OWN, ("heart", date(2026, 6, 1))}


def test_a_questionnaire_lies_where_its_result_lies():
    """One form is one result, of the day of the form."""
    assert places(Evidence(answers=("q-1",)), OWN, TOKYO) == {OWN, ("questionnaire", OWN[1])}


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(observations=("somebody-elses",)),
        Evidence(observations=(observation(0, ("85354-9", None))[:2] + "A" * 46,)),
        Evidence(summaries=("8867-4",)),
        Evidence(summaries=(summary_name("tarot", date(2026, 6, 1), SOURCE),)),
        Evidence(summaries=(f"8867-4/2026-13-01/{SOURCE}",)),
        Evidence(summaries=("",)),
    ],
)
def test_an_input_that_cannot_be_told_makes_the_whole_unknown(evidence):
    """Unknown means no: such a result does not stand."""
    assert places(evidence, OWN, TOKYO) is None


@given(
    st.lists(st.integers(0, 10**15), max_size=4),
    st.lists(st.text(st.characters(categories=["Nd"]), min_size=1, max_size=4), max_size=3),
    st.lists(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=4),
)
def test_what_is_written_into_a_case_or_an_assessment_is_read_back(starts, answers, days):
    """The two forms name the same inputs."""
    evidence = Evidence(
        tuple(observation(start) for start in starts),
        tuple(answers),
        tuple(summary_name("29463-7", day, SOURCE) for day in days),
    )
    assert of_case(evidence.basis()) == evidence
    assert of_document({"basis": evidence.references()}) == evidence


def test_a_reference_to_something_else_is_kept_as_one_that_nobody_can_read():
    """An assessment from elsewhere with an input of another type is not taken for one without inputs."""
    found = of_document(
        {"basis": [{"reference": "Condition/1"}, {"identifier": {"system": "x", "value": "y"}}]}
    )
    assert found.observations == ("1", "")
    assert of_document({}) == of_case({}) == Evidence()
