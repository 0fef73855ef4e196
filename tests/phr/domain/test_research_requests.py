"""What a request for research data must say, and that two different people approve it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.research_requests import APPROVALS, Asked, approved, as_json, checked, from_json, in_period
from phr.errors import Invalid, Refused

TODAY = date(2026, 7, 1)
ASKED = Asked(
    "歩数", "P-1", "2026-031", "why", ("55423-8",), date(2026, 1, 1), date(2026, 6, 30),
    responsible="青木 薫", since=date(2026, 6, 1), until=date(2027, 3, 31),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(({name: " "}, name) for name in ("title", "protocol", "committee", "purpose", "responsible")),
        ({"variables": ()}, "variables"),
        ({"last": date(2025, 12, 31)}, "last"),
        ({"until": None}, "until"),
        ({"until": date(2026, 6, 30)}, "until"),
        ({"since": date(2027, 4, 1)}, "until"),
        ({"resolution": "day"}, "resolution"),
        ({"longitudinal": True}, "longitudinal"),
    ],
)
def test_a_request_without_what_the_guideline_asks_for_is_refused_by_its_field(changes, field):
    """R8-32: committee, approved period, variables, responsible person, expiry."""
    with pytest.raises(Invalid) as refused:
        checked(replace(ASKED, **changes), TODAY)
    assert refused.value.field == field


def test_a_whole_request_is_taken_and_kept_as_it_was():
    """Nothing of it is lost on the way to the store and back."""
    joined = replace(ASKED, profile="pseudonymised", resolution="day", longitudinal=True)
    for asked in (ASKED, joined):
        assert checked(asked, TODAY) is asked
        assert from_json(as_json(asked)) == asked


def test_a_request_of_before_has_no_period_and_is_still_read():
    """What was filed under older rules stays readable."""
    old = {
        name: cell for name, cell in as_json(ASKED).items() if name not in {"since", "until", "responsible"}
    }
    asked = from_json(old)
    assert (asked.since, asked.until, asked.responsible) == (None, None, "")
    assert in_period(asked, TODAY)


@given(st.integers(-400, 400))
def test_the_period_holds_from_its_first_to_its_last_day(days):
    """R8-32: an approval begins and ends."""
    day = TODAY + timedelta(days=days)
    assert in_period(ASKED, day) == (ASKED.since <= day <= ASKED.until)


people = st.sampled_from("abcd")


@given(people, st.lists(people, max_size=12))
def test_two_different_people_approve_and_neither_is_the_one_who_asked(by, tries):
    """R8-24, for any order of attempts."""
    approvals = ()
    for actor in tries:
        try:
            approvals = approved(by, approvals, actor)
        except Refused:
            assert actor == by or actor in approvals
        if len(approvals) == APPROVALS:
            break
    assert by not in approvals
    assert len(set(approvals)) == len(approvals) == min(len(set(tries) - {by}), APPROVALS)
