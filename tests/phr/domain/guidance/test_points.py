"""Points of active support follow from what was recorded, by the rule of the check-up's day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from phr.domain.guidance.editions import HABITS
from phr.domain.guidance.evaluation import Baseline, reached
from phr.domain.guidance.points import completes, score, worth
from tests.phr.domain.guidance.scenes import (
    CHECKUP,
    FINAL,
    FOURTH,
    LATER,
    THIRD,
    contacted,
    course,
    evaluated,
    interviewed,
)

SAME_DAY = interviewed(CHECKUP)
USUAL = (contacted("individual"), contacted("message"))


def total(found, edition=FOURTH):
    return score(found, edition).total


def test_two_centimetres_and_two_kilograms_complete_without_any_contact():
    """Vector (a): the result alone is worth 180."""
    done = course(evaluated("full"))
    assert total(done) == 180
    assert completes(done, FOURTH)


def test_one_hundred_grams_too_few_are_only_the_smaller_result():
    """Vector (b): -2.0 cm and -1.9 kg are 20 points, and not complete."""
    assert reached(Baseline(95.0, 80.0), 93.0, 78.1, FOURTH) == "part"
    done = course(evaluated("part"))
    assert total(done) == 20
    assert not completes(done, FOURTH)


def test_the_small_result_two_habits_two_contacts_and_an_early_interview_complete():
    """Vector (c): 20 + 20 + 20 + 70 + 30 + 20."""
    done = course(*USUAL, evaluated("part", habits=("diet", "exercise")), interview=SAME_DAY)
    assert total(done) == 180
    assert completes(done, FOURTH)


def test_the_same_without_the_early_interview_lacks_twenty():
    """Vector (d): 160 is not complete, and the page can say what is missing."""
    done = course(*USUAL, evaluated("part", habits=("diet", "exercise")))
    assert total(done) == 160
    assert score(done, FOURTH).missing == 20
    assert not completes(done, FOURTH)


def test_six_chats_of_a_bot_are_worth_nothing():
    """Vector (e), R1-3: only what a professional wrote counts."""
    bots = [contacted("message", author_type="machine", author_licence="") for _ in range(6)]
    assert total(course(*bots)) == 0


@pytest.mark.parametrize(("days", "points"), [(0, 20), (1, 10), (7, 10), (8, 0)])
def test_an_interview_on_the_day_is_not_added_to_one_within_a_week(days, points):
    """Vector (g): the greater of the two counts, and day 7 is still within the week."""
    assert total(course(interview=interviewed(CHECKUP + timedelta(days=days)))) == points


def test_the_first_part_of_a_split_interview_is_what_was_early():
    """The person was spoken to on the day, even if the plan came later."""
    from phr.domain.guidance.course import fold
    from tests.phr.domain.guidance.scenes import entries, planned, proposed

    parts = (interviewed(CHECKUP, part="first"), interviewed(LATER, part="second"))
    assert total(fold(entries(proposed(), *parts, planned()))) == 20


@pytest.mark.parametrize(
    ("made", "points"),
    [
        ({"way": "individual", "minutes": 10}, 70),
        ({"way": "individual", "minutes": 9}, 0),
        ({"way": "individual", "remote": True}, 70),
        ({"way": "group", "minutes": 40, "people": 8}, 70),
        ({"way": "group", "minutes": 39}, 0),
        ({"way": "group", "people": 9}, 0),
        ({"way": "phone", "minutes": 5}, 30),
        ({"way": "phone", "minutes": 4}, 0),
        ({"way": "phone", "author_type": "machine"}, 0),
        ({"way": "message"}, 30),
        ({"way": "message", "round_trips": 0}, 0),
        ({"way": "message", "content": "pictures"}, 0),
        ({"way": "message", "author_type": "edited-draft"}, 30),
        ({"way": "message", "author_type": "other"}, 0),
        ({"way": "message", "author_licence": ""}, 0),
        ({"way": "individual", "support": "A"}, 0),
    ],
)
def test_what_one_contact_is_worth(made, points):
    """Minimum durations, a round trip, words, and a professional with a licence."""
    assert worth(contacted(**made), FOURTH) == points


def test_an_edited_draft_counts_only_where_the_edition_says_so():
    """R1-3 is an interpretation: an insurer may say no."""
    draft = contacted("message", author_type="edited-draft")
    assert worth(draft, structs.replace(FOURTH, edited_draft_counts=False)) == 0


@pytest.mark.parametrize(
    ("made", "points"),
    [
        ({"way": "individual", "support": "A", "minutes": 20}, 80),
        ({"way": "individual", "support": "A", "minutes": 60}, 120),
        ({"way": "phone", "support": "A", "minutes": 9}, 15),
        ({"way": "message", "support": "A"}, 40),
        ({"way": "individual", "support": "B", "minutes": 15}, 20),
        ({"way": "message", "support": "B"}, 5),
        ({"way": "group", "support": "A", "minutes": 60}, 0),
        ({"way": "individual"}, 0),
    ],
)
def test_the_third_period_counts_in_steps_of_five_minutes(made, points):
    """Old courses keep the rule of their check-up's day (R1-2)."""
    assert worth(contacted(**made), THIRD) == points


def test_the_third_period_needs_most_of_its_points_from_support_a():
    """160 of A; B alone never completes, and neither result nor early interview earns."""
    b = [contacted("message", support="B") for _ in range(40)]
    a = [contacted("message", support="A") for _ in range(4)]
    begun = {"edition": THIRD.version, "checkup_day": date(2023, 6, 1)}
    ended = evaluated("none", habits=("diet",), smoking=True)
    assert total(course(*b, ended, **begun), THIRD) == 200
    assert not completes(course(*b, ended, **begun), THIRD)
    assert completes(course(*a, *b[:4], ended, **begun), THIRD)
    assert not completes(course(*a, ended, **begun), THIRD)


def test_motivational_support_needs_no_points():
    """One interview and the evaluation."""
    assert completes(course(evaluated(), level="motivational"), FOURTH)
    assert not completes(course(level="motivational"), FOURTH)


def test_an_allowed_second_year_is_done_like_motivational_support():
    """FM rule, off by default; a course that began under it needs no points."""
    assert completes(course(evaluated(), second_year=True), FOURTH)


def test_stopping_to_smoke_is_worth_thirty():
    """Beside the four habits of 20 each."""
    done = course(evaluated(habits=HABITS, smoking=True))
    assert total(done) == 110


def test_an_edition_may_count_only_the_best_contact_of_a_day():
    """FM: a switch, off."""
    strict = structs.replace(FOURTH, one_a_day=True)
    day = LATER + timedelta(days=3)
    done = course(contacted("phone", day), contacted("individual", day), contacted("message", day))
    assert total(done, strict) == 70
    assert total(done) == 130


def test_points_that_an_edition_leaves_out_are_no_lines():
    """No line of zero points is shown."""
    without = structs.replace(FOURTH, outcome=structs.replace(FOURTH.outcome, smoking=0, habits={}))
    assert score(course(evaluated(habits=("rest",), smoking=True)), without).lines == ()


WAYS = st.sampled_from(["individual", "group", "phone", "message"])
CONTACTS = st.lists(
    st.builds(
        contacted,
        WAYS,
        st.dates(LATER, FINAL),
        author_type=st.sampled_from(["professional", "edited-draft", "machine", "other"]),
        content=st.sampled_from(["text", "pictures"]),
        people=st.integers(1, 12),
    ),
    max_size=8,
)


@given(CONTACTS, CONTACTS)
def test_a_further_contact_never_takes_points_away(some, more):
    """What was done stays done, on any day and with any rule for one day."""
    for edition in (FOURTH, structs.replace(FOURTH, one_a_day=True)):
        assert total(course(*some, *more), edition) >= total(course(*some), edition)


@given(CONTACTS, st.randoms(use_true_random=False))
def test_the_order_of_recording_does_not_matter(some, dice):
    """A contact that is written down late counts the same."""
    mixed = list(some)
    dice.shuffle(mixed)
    assert total(course(*mixed)) == total(course(*some))


@given(CONTACTS, st.sampled_from(["full", "part", "none"]))
def test_a_bot_changes_nothing(some, result):
    """However many there are, and whatever else there is."""
    bots = [contacted("message", author_type="machine") for _ in range(5)]
    with_bots = course(*some, *bots, evaluated(result))
    without = course(*some, evaluated(result))
    assert score(with_bots, FOURTH) == score(without, FOURTH)


@given(CONTACTS, st.sampled_from(["full", "part", "none"]), st.sets(st.sampled_from(HABITS)))
def test_active_support_is_complete_exactly_from_180_on(some, result, habits):
    """Neither earlier nor later, and only after the evaluation."""
    done = course(*some, evaluated(result, habits=tuple(sorted(habits))))
    assert completes(done, FOURTH) == (total(done) >= 180)
    assert not completes(replace(done, evaluation=None), FOURTH)
