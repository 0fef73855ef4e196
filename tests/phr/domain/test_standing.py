"""A result stands only while nobody can read it who may not read everything that it rests on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from consent.grants import GrantRow, decide_rows
from consent.model import OPEN_END, OPEN_START, Request
from phr.domain.access import CONSENT_PURPOSES
from phr.domain.standing import Result, stands

NOW = datetime(2026, 6, 20, tzinfo=UTC)
CITY, OTHER = "Organization/city-health", "Organization/insurer"
FIRST, LAST = date(2026, 5, 1), date(2026, 6, 10)
MINE = (CITY, "guidance")


def grant(**more):
    values = {
        "consent_id": "c", "version": 1, "depth": 1, "effect": "permit", "recipient": CITY, "purpose": "guidance",
        "category": "*", "data_from": date.min, "data_to": date.max, "valid_from": OPEN_START,
        "valid_to": OPEN_END, "path": "p",
    }  # fmt: skip
    return GrantRow(**{**values, **more})


def result(*inputs, own=("activity", LAST)):
    return Result(MINE, own, frozenset(inputs))


def test_a_result_stands_while_its_purpose_may_read_every_input():
    """And not when one kind or one day of them is no longer shared."""
    found = result(("heart", FIRST), ("activity", LAST))
    assert stands([grant()], found, NOW)
    assert not stands([grant(category="activity")], found, NOW)
    assert not stands([grant(data_from=FIRST + timedelta(days=1))], found, NOW)
    assert not stands([], found, NOW)


def test_a_result_whose_inputs_cannot_be_told_does_not_stand():
    """Unknown means no."""
    assert not stands([grant()], Result(MINE, ("activity", LAST), None), NOW)


def test_a_result_does_not_stand_where_somebody_else_would_see_through_it():
    """The insurer may see the last days of steps, and so this result, but not the days before."""
    found = result(("activity", FIRST), ("activity", LAST))
    part = grant(consent_id="i", recipient=OTHER, purpose="insurer", data_from=LAST)
    assert not stands([grant(), part], found, NOW)
    assert stands([grant(), grant(consent_id="i", recipient=OTHER, purpose="insurer")], found, NOW)
    assert stands([grant(), grant(consent_id="i", recipient=OTHER, category="sleep")], found, NOW)


def test_a_grant_to_anybody_counts_for_those_whom_no_grant_names():
    """Any recipient is a recipient."""
    found = result(("heart", FIRST))
    assert not stands([grant(), grant(consent_id="a", recipient="*", category="activity")], found, NOW)


CATEGORIES = ("activity", "heart", "checkup")
DAYS = [date(2026, 5, 1) + timedelta(days=10 * n) for n in range(6)]
GRANTS = st.lists(
    st.builds(
        lambda consent, depth, effect, recipient, purpose, category, ends: grant(
            consent_id=consent, depth=depth, effect=effect, recipient=recipient, purpose=purpose, category=category,
            data_from=min(ends), data_to=max(ends),
        ),
        st.sampled_from(["a", "b"]), st.integers(0, 2), st.sampled_from(["permit", "permit", "deny"]),
        st.sampled_from([CITY, OTHER, "*"]), st.sampled_from(["guidance", "risk", "*"]),
        st.sampled_from([*CATEGORIES, "*"]), st.lists(st.sampled_from(DAYS), min_size=2, max_size=2),
    ),
    max_size=6,
)  # fmt: skip
PLACES = st.tuples(
    st.sampled_from(CATEGORIES), st.sampled_from(DAYS).map(lambda day: day + timedelta(days=3))
)


@given(GRANTS, PLACES, st.frozensets(PLACES, max_size=8))
def test_for_random_grants_no_reader_of_a_standing_result_lacks_an_input(rows, own, inputs):
    """Asked of the rule of consent for everybody, every purpose and every single input."""
    found = stands(rows, Result(MINE, own, inputs), NOW)

    def may(recipient, purpose, place):
        return decide_rows(rows, Request("-", recipient, purpose, place[0], place[1]), NOW).permit

    readers = [
        (recipient, purpose)
        for recipient in (CITY, OTHER, "Organization/a-third")
        for purpose in CONSENT_PURPOSES - {"self"}
        if may(recipient, purpose, own)
    ]
    everything = all(may(*reader, place) for reader in readers for place in inputs)
    mine = may(*MINE, own) and all(may(*MINE, place) for place in inputs)
    assert found == (mine and everything)
