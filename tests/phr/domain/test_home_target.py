"""The goal for home blood pressure: nobody's by default, a valid FHIR Goal, and never an impossible one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.documents import describe, parse
from phr.domain.home_target import goal, proposed, target_of
from phr.errors import Invalid

PERSON = UUID(int=7)
DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
CITY = "Organization/city-health"


def made(target):
    return goal(PERSON, "p-1", target, DAY, CITY)


@pytest.mark.parametrize(("age", "offered"), [(74, (125.0, 75.0)), (75, None), (None, None)])
def test_a_goal_is_proposed_only_below_75(age, offered):
    """The guideline's goal is disputed for older people; the form begins empty."""
    assert proposed(age) == offered


@given(st.floats(100, 180), st.floats(50, 99))
def test_what_was_set_comes_back_from_a_valid_document(upper, lower):
    """FHIR R4, in the category of guidance."""
    described = describe(made((upper, lower)), ZoneInfo("Asia/Tokyo"), lambda: "x")
    assert (described.category, described.subject) == ("guidance", "p-1")
    assert target_of(parse(described.stored_body(1, NOW).encode())) == (upper, lower)


def test_a_goal_that_is_ended_is_none():
    """It stays in the history, and binds nobody."""
    assert target_of(made(None)) is None
    assert describe(made(None), ZoneInfo("Asia/Tokyo"), lambda: "x").id == made((125.0, 75.0))["id"]


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ((12.0, 75.0), "systolic"),
        ((200.0, 75.0), "systolic"),
        ((125.0, 7.0), "diastolic"),
        ((105.0, 110.0), "diastolic"),
    ],
)
def test_a_slip_of_the_finger_is_no_goal(target, field):
    """The field is named, the value is not."""
    with pytest.raises(Invalid) as error:
        made(target)
    assert error.value.field == field
