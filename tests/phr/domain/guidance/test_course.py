"""The course is a state machine over events: what may follow, what is refused, and how a wrong click is taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from phr.domain.guidance.course import (
    check,
    check_undo,
    due_from,
    expected_kg,
    fold,
    live,
    months_after,
    possible,
)
from phr.domain.guidance.events import (
    Closed,
    Declined,
    DroppedOut,
    Entry,
    Goal,
    Invited,
    Undone,
    body_of,
    day_of,
    event_of,
    name_of,
)
from phr.errors import Conflict, Invalid, NotAllowed
from tests.phr.domain.guidance.scenes import (
    CHECKUP,
    FINAL,
    FOURTH,
    LATER,
    THIRD,
    contacted,
    course,
    entries,
    evaluated,
    interviewed,
    planned,
    proposed,
)

TODAY = FINAL + timedelta(days=30)
ALL = [
    Invited(way="phone"),
    Declined(),
    interviewed(),
    planned(),
    contacted(),
    evaluated(),
    Closed(completed=False),
    DroppedOut(),
]


def at_state(*events):
    return fold(entries(proposed(), *events))


STATES = {
    "proposed": (),
    "invited": (Invited(way="letter"),),
    "declined": (Declined(reason="no time"),),
    "interviewed": (interviewed(),),
    "planned": (interviewed(), planned()),
    "supporting": (interviewed(), planned(), contacted()),
    "evaluated": (interviewed(), planned(), contacted(), evaluated()),
    "completed": (interviewed(), planned(), evaluated(), Closed(completed=True)),
    "incomplete": (interviewed(), planned(), evaluated(), Closed(completed=False)),
    "dropped-out": (interviewed(), planned(), DroppedOut(reason="moved")),
}
MAY = {
    "proposed": {"invited", "declined", "interviewed", "dropped-out"},
    "invited": {"invited", "declined", "interviewed", "dropped-out"},
    "interviewed": {"planned", "dropped-out"},
    "planned": {"planned", "contacted", "evaluated", "dropped-out"},
    "supporting": {"planned", "contacted", "evaluated", "dropped-out"},
    "evaluated": {"contacted", "evaluated", "closed", "dropped-out"},
}


@pytest.mark.parametrize("state", STATES)
def test_only_the_right_events_follow_a_state(state):
    """Every pair of state and event is either in the table or refused."""
    found = at_state(*STATES[state])
    assert found.state == state
    allowed = set()
    for event in ALL:
        try:
            check(found, event, FOURTH, TODAY)
            allowed.add(name_of(event))
        except Conflict:
            pass
    assert allowed == MAY.get(state, set())
    assert allowed == possible(state)
    assert found.ended == (state not in MAY)


def test_a_course_begins_with_its_proposal_alone():
    """No second one, and an undo is no event that somebody may record by hand."""
    for event in (proposed(), Undone(version=1)):
        with pytest.raises(Conflict):
            check(at_state(), event, FOURTH, TODAY)


def test_a_plan_may_be_made_anew_during_the_support():
    """The goals change, the contacts stay."""
    found = at_state(interviewed(), planned(), contacted(), planned(lose_kg=3.0))
    assert (found.state, found.plan.lose_kg, len(found.contacts)) == ("supporting", 3.0, 1)


def test_support_after_an_evaluation_asks_for_a_new_one():
    """Who lacks points goes on; the last evaluation counts."""
    found = at_state(interviewed(), planned(), evaluated(), contacted())
    assert found.state == "supporting"
    assert found.evaluation is not None


def test_the_next_appointment_is_the_last_one_agreed():
    """From the plan or a later contact; none after the evaluation."""
    agreed = planned(next_day=date(2026, 7, 1))
    assert at_state(interviewed(), agreed, contacted()).next_day == date(2026, 7, 1)
    later = contacted(next_day=date(2026, 8, 1))
    assert at_state(interviewed(), agreed, later).next_day == date(2026, 8, 1)
    assert at_state(interviewed(), agreed, later, evaluated()).next_day is None


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (interviewed(minutes=19), "minutes"),
        (interviewed(minutes=0), "minutes"),
        (interviewed(minutes=2000), "minutes"),
        (interviewed(remote=True, minutes=19), "minutes"),
        (interviewed(way="group", minutes=79), "minutes"),
        (interviewed(way="group", minutes=80, people=9), "people"),
        (interviewed(people=2), "people"),
        (interviewed(day=TODAY + timedelta(days=1)), "day"),
        (interviewed(day=CHECKUP - timedelta(days=1)), "day"),
        (interviewed(part="second"), "part"),
        (interviewed(part="first", minutes=0), "minutes"),
        (Declined(reason="x" * 2001), "reason"),
    ],
)
def test_an_interview_outside_the_rule_names_its_field(event, field):
    """Twenty minutes alone, eighty in a group of at most eight, also over a line."""
    with pytest.raises(Invalid) as error:
        check(at_state(), event, FOURTH, TODAY)
    assert error.value.field == field


def test_a_group_of_eight_for_eighty_minutes_is_a_first_interview():
    """The bounds themselves count; over a line a group is as long as in a room."""
    check(at_state(), interviewed(way="group", minutes=80, people=8), FOURTH, TODAY)
    check(at_state(), interviewed(way="group", minutes=80, people=8, remote=True), FOURTH, TODAY)
    check(at_state(), interviewed(minutes=20, remote=True), FOURTH, TODAY)


def test_a_remote_interview_of_the_third_period_was_longer():
    """30 minutes over a line, 20 in a room."""
    with pytest.raises(Invalid, match="30"):
        check(at_state(), interviewed(minutes=20, remote=True), THIRD, TODAY)


def test_a_split_interview_is_two_parts_in_order_and_long_enough_together():
    """First on the day of the check-up, second when the results are there."""
    check(at_state(), interviewed(CHECKUP, part="first", minutes=12), FOURTH, TODAY)
    half = at_state(interviewed(CHECKUP, part="first", minutes=12))
    assert half.state == "proposed"
    check(half, interviewed(part="second", minutes=8), FOURTH, TODAY)
    for event, field in (
        (interviewed(part="second", minutes=7), "minutes"),
        (interviewed(part="second", minutes=0), "minutes"),
        (interviewed(), "part"),
        (interviewed(part="first"), "part"),
    ):
        with pytest.raises(Invalid) as error:
            check(half, event, FOURTH, TODAY)
        assert error.value.field == field
    later = at_state(interviewed(LATER, part="first", minutes=12))
    with pytest.raises(Invalid, match="before the first part"):
        check(later, interviewed(CHECKUP, part="second"), FOURTH, TODAY)


def test_an_edition_may_know_no_parts():
    """A switch that is to be confirmed."""
    whole = structs.replace(FOURTH, interview=structs.replace(FOURTH.interview, split=False))
    with pytest.raises(Invalid, match="two parts"):
        check(at_state(), interviewed(part="first"), whole, TODAY)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"lose_cm": -1.0}, "lose_cm"),
        ({"lose_kg": float("nan")}, "lose_kg"),
        ({"goals": ()}, "goals"),
        ({"goals": (Goal("diet", " "),)}, "goals"),
        ({"goals": (Goal("diet", "x" * 201),)}, "goals"),
        ({"goals": (Goal("diet", "x", 3000),)}, "kcal_day"),
        ({"expected": False}, "expected"),
        ({"next_day": date(2026, 1, 1)}, "next_day"),
    ],
)
def test_a_plan_outside_the_rule_names_its_field(more, field):
    """S25: the professional says that two months of it are expected to give a centimetre and a kilogram."""
    with pytest.raises(Invalid) as error:
        check(at_state(interviewed()), planned(**more), FOURTH, TODAY)
    assert error.value.field == field


def test_a_plan_with_an_appointment_to_come_is_taken():
    """The usual case."""
    check(at_state(interviewed()), planned(next_day=TODAY), FOURTH, TODAY)


def test_the_energies_of_a_plan_come_to_kilograms():
    """7,000 kcal to the kilogram: 230 a day for 60 days are about two."""
    assert expected_kg(planned(), FOURTH) == pytest.approx(1.971, abs=1e-3)
    assert expected_kg(planned(goals=(Goal("rest", "早く寝る"),)), FOURTH) is None


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (contacted(minutes=0), "minutes"),
        (contacted("message", minutes=5), "minutes"),
        (contacted("message", round_trips=-1), "round_trips"),
        (contacted(people=2), "people"),
        (contacted(author_licence="priest"), "author_licence"),
        (contacted(day=LATER - timedelta(days=1)), "day"),
        (contacted(day=TODAY + timedelta(days=1)), "day"),
        (contacted(note="x" * 2001), "note"),
        (contacted(next_day=LATER), "next_day"),
    ],
)
def test_a_contact_outside_the_rule_names_its_field(event, field):
    """Not before the interview, not in the future, with the length that its way has."""
    with pytest.raises(Invalid) as error:
        check(at_state(interviewed(), planned()), event, FOURTH, TODAY)
    assert error.value.field == field


def test_a_contact_of_a_plan_without_an_interview_is_held_against_the_check_up():
    """A history of another system may lack it; nothing is before the check-up."""
    with pytest.raises(Invalid, match="day"):
        check(at_state(planned()), contacted(day=CHECKUP - timedelta(days=1)), FOURTH, TODAY)


@pytest.mark.parametrize(
    "event", [contacted("group", people=20), contacted(next_day=FINAL), contacted("message")]
)
def test_a_usual_contact_is_taken(event):
    """A group may be larger than what earns points: it happened."""
    check(at_state(interviewed(), planned()), event, FOURTH, TODAY)


def test_an_evaluation_after_eighty_days_is_refused():
    """Vector (f): three months must have passed since the first interview."""
    found = course()
    assert due_from(found, FOURTH) == date(2026, 9, 21)
    with pytest.raises(Invalid) as error:
        check(found, evaluated(day=LATER + timedelta(days=80)), FOURTH, TODAY)
    assert error.value.field == "day"
    check(found, evaluated(day=date(2026, 9, 21)), FOURTH, TODAY)
    assert due_from(at_state(), FOURTH) is None


def test_three_months_end_with_the_month_that_is_shorter():
    """30 November and three months are the last of February."""
    assert months_after(date(2027, 11, 30), 3) == date(2028, 2, 29)
    assert months_after(date(2026, 9, 15), 3) == date(2026, 12, 15)


def test_the_last_event_is_taken_back_within_a_day_and_stays_in_the_record():
    """A wrong click is no decision; the day is what 24 hours are."""
    history = entries(proposed(), Invited(way="letter"), Declined())
    undo = check_undo(history, history[-1].at + timedelta(hours=23))
    after = (*history, Entry(4, history[-1].at, "nurse-1", "doctor", undo))
    found = fold(after)
    assert (found.state, found.version) == ("invited", 4)
    assert [entry.version for entry in live(after)] == [1, 2]
    with pytest.raises(Conflict, match="more than a day"):
        check_undo(history, history[-1].at + timedelta(hours=24))


def test_the_proposal_itself_cannot_be_taken_back():
    """A course that nobody wants is declined."""
    with pytest.raises(Conflict, match="nothing"):
        check_undo(entries(proposed()), datetime(2026, 6, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    "history",
    [
        (),
        entries(Invited(way="letter")),
        entries(proposed(), interviewed())[1:],
        (*entries(proposed()), *entries(proposed(), Invited(way="letter"), interviewed())[2:]),
        entries(proposed(), proposed()),
    ],
)
def test_a_course_with_a_part_that_is_not_shared_is_not_shown_at_all(history):
    """Half a course would show wrong points."""
    with pytest.raises(NotAllowed):
        fold(history)


@given(st.sampled_from(ALL))
def test_an_event_comes_back_from_its_plain_values(event):
    """What is kept is what was recorded."""
    assert event_of(body_of(event)) == event


@pytest.mark.parametrize("body", [{}, {"type": "interviewed"}, {"type": "closed", "completed": True, "x": 1}])
def test_values_that_are_no_event_are_refused_by_name(body):
    """Never another exception."""
    with pytest.raises(Invalid, match="event"):
        event_of(body)


def test_an_event_belongs_to_its_own_day():
    """So that a grant for some days shows what happened on them."""
    assert day_of(contacted(day=LATER), TODAY) == LATER
    assert day_of(Declined(), TODAY) == TODAY
