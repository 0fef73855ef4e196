"""Estimates against numbers from the literature, by hand, and what they refuse to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.programme.adherence import adherence
from risk.programme.change import change
from risk.programme.effect import TOO_FEW, UNBALANCED, e_value, effect, effects
from risk.programme.evaluate import evaluate
from risk.programme.intervals import difference, mean, share, standardised
from risk.programme.match import match, nearest, traits
from risk.programme.uptake import Year, uptake
from tests.risk.programme.people import OUTCOMES, RULES, drawn


def test_wilsons_interval_is_that_of_newcombe_1998():
    """Stat Med 1998;17:857, table I: 81 of 263 and 0 of 20."""
    one = share(81, 263, 0.95).share
    assert (round(one.low, 4), round(one.high, 4)) == (0.2553, 0.3662)
    none = share(0, 20, 0.95).share
    assert (none.low, round(none.high, 4)) == (0, 0.1611)


def test_newcombes_interval_is_that_of_newcombe_1998():
    """Stat Med 1998;17:873, table II, method 10: 56/70 against 48/80."""
    found = difference(share(56, 70, 0.95), share(48, 80, 0.95), 0.95)
    assert (round(found.estimate, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)


def test_a_share_of_nobody_has_no_interval():
    """And no difference."""
    assert share(0, 0, 0.95).share is None
    assert difference(share(1, 2, 0.95), share(0, 0, 0.95), 0.95) is None


def test_the_mean_of_five_numbers_has_students_interval():
    """By hand: 3 with t(4) = 2.776 times sqrt(2.5 / 5)."""
    found = mean(np.array([1.0, 2, 3, 4, 5]), 0.95)
    assert found.estimate == 3
    assert found.high - 3 == pytest.approx(2.776 * np.sqrt(0.5), abs=1e-3)


def test_nothing_that_varies_has_no_standardised_difference():
    """Rather than a division by zero."""
    assert standardised(np.ones(3), np.ones(3)) == 0


def test_the_e_value_of_no_difference_is_one():
    """Nothing needs to be explained; with d = 0.5 by the formula: RR 1.576, E 2.53."""
    assert e_value(0, 2) == 1
    assert e_value(1, 2) == pytest.approx(1.576 + np.sqrt(1.576 * 0.576), abs=1e-3)
    assert e_value(1, 0) is None


def test_uptake_is_compared_with_those_not_invited_and_the_years_before():
    """Volunteers are in no share; completion is of participants."""
    people = drawn(100)
    people = replace(
        people,
        enrolled=np.r_[np.ones(30, bool), np.zeros(70, bool), np.ones(10, bool), np.zeros(90, bool)],
        completed=np.r_[np.ones(15, bool), np.zeros(185, bool)],
    )
    found = uptake(people, [Year(2025, 100, 20), Year(2024, 100, 10)], RULES)
    assert (found.invited.count, found.invited.of, found.not_invited.count, found.volunteered) == (
        30,
        100,
        10,
        0,
    )
    assert found.against_not_invited.estimate == pytest.approx(0.2)
    assert found.against_years.estimate == pytest.approx(0.15)
    assert [year for year, _share in found.years] == [2024, 2025]
    assert found.completed.share.estimate == 0.5


def test_uptake_of_few_people_has_no_difference():
    """Below the fewest people the answer is not a number."""
    found = uptake(drawn(10), [], RULES)
    assert found.against_not_invited is None
    assert found.against_years is None


def test_a_year_cannot_have_more_takers_than_invitations():
    """Counts that cannot be are refused."""
    with pytest.raises(BadInput):
        Year(2024, 10, 11)


def test_a_change_is_of_those_measured_twice_and_says_who_was_lost():
    """Complete cases, and the lost compared with the kept."""
    people = drawn(100, shift=-2)
    people.values["sbp"]["after"][:40] = np.nan
    found = change(people, "sbp", "participants", people.participants, RULES)
    assert (found.people, found.twice, found.lost) == (100, 60, 40)
    assert found.change.low < -2 < found.change.high
    assert abs(found.lost_differ) < 0.6
    assert change(people, "sbp", "few", people.participants & (np.arange(200) < 20), RULES).change is None


@given(st.lists(st.floats(-5, 5), max_size=30), st.lists(st.floats(-5, 5), max_size=30), st.floats(0.01, 3))
def test_nobody_is_matched_twice_and_no_pair_is_farther_apart_than_the_reach(mine, pool, reach):
    """The two promises of matching; and whoever has a free neighbour within reach is not left alone."""
    one, two = nearest(np.array(mine), np.array(pool), reach)
    assert len(set(one.tolist())) == len(one)
    assert len(set(two.tolist())) == len(two)
    assert all(abs(mine[i] - pool[j]) <= reach for i, j in zip(one, two, strict=True))
    free = [score for j, score in enumerate(pool) if j not in two]
    alone = [score for i, score in enumerate(mine) if i not in one]
    assert not any(abs(a - b) <= reach for a in alone for b in free)


def test_matching_balances_groups_that_differ():
    """Older, heavier participants get older, heavier partners of the same sex."""
    people = drawn(400, seed=3)
    heavy = people.age + people.values["weight_kg"]["before"] > np.random.default_rng(3).normal(215, 12, 800)
    people = replace(people, cohort=np.where(heavy & (np.arange(800) % 2 == 0), 0, 2).astype(np.int8))
    people = replace(people, enrolled=people.invited)
    found = match(people, people.participants, people.not_invited, RULES)
    worst_before = max(abs(one.before) for one in found.balance)
    worst_after = max(abs(one.after) for one in found.balance)
    assert worst_before > 0.3
    assert worst_after < worst_before / 2
    assert (people.female[found.participants] == people.female[found.partners]).all()


def test_a_baseline_with_gaps_is_filled_and_marked_and_one_that_few_have_is_left_out():
    """Nobody is lost for a trait that is not the outcome."""
    people = drawn(50)
    people.values["sbp"]["before"][:10] = np.nan
    people.values["steps"]["before"][:60] = np.nan
    found = traits(people, np.ones(100, bool), RULES)
    assert found["sbp-unknown"].sum() == 10
    assert not np.isnan(found["sbp"]).any()
    assert "steps" not in found


@settings(max_examples=5, deadline=None)
@given(st.floats(-3, 3))
def test_a_shift_of_every_participant_is_the_effect(shift):
    """Moving the outcome of all participants moves the estimate by as much and nothing else."""
    none, moved = (effect(drawn(60, seed=5, shift=by), "sbp", "primary", RULES) for by in (0.0, shift))
    assert moved.effect.estimate - none.effect.estimate == pytest.approx(shift, abs=1e-9)
    assert moved.pairs == none.pairs


def test_too_few_people_get_no_number():
    """The report says so in words."""
    found = effect(drawn(10), "sbp", "primary", RULES)
    assert (found.why, found.effect, found.p) == (TOO_FEW, None, None)


def test_groups_without_overlap_get_no_number():
    """No partner, no comparison."""
    people = drawn(100)
    people = replace(people, age=np.where(people.participants, people.age - 200, people.age + 200))
    found = effect(people, "sbp", "primary", RULES)
    assert (found.why, found.alone + found.pairs) == (TOO_FEW, 100)


def test_the_primary_outcome_stands_alone_and_the_others_are_adjusted_for_their_number():
    """Holm: never smaller than the plain p, and none for the primary."""
    found = effects(drawn(80, shift=0.3), "waist_cm", RULES)
    assert found[0].outcome == "waist_cm"
    assert found[0].p_holm is None
    assert all(one.p_holm >= one.p for one in found[1:])


def test_partners_that_still_differ_are_a_warning():
    """The number is given with its caution."""
    strict = replace(RULES, balanced=1e-9)
    assert effect(drawn(60), "sbp", "primary", strict).why == UNBALANCED


def test_without_an_earlier_year_there_is_no_placebo():
    """And the report says that it could not be tried."""
    people = drawn(60)
    for code in OUTCOMES:
        people.values[code]["earlier"][:] = np.nan
    found = evaluate(people, RULES, primary="sbp")
    assert found.effects[0].placebo is None
    assert "no-earlier-year" in found.limits


def test_if_the_lost_did_not_change_the_effect_is_smaller_by_their_share():
    """The cautious reading of those who were not measured again."""
    people = drawn(100, shift=-2)
    people.values["sbp"]["after"][:25] = np.nan
    found = effect(people, "sbp", "primary", RULES)
    assert found.if_lost_unchanged == pytest.approx(found.effect.estimate * 0.75)


def test_worn_days_have_quartiles_and_an_association_only():
    """Few people have neither; a device that all wore alike has no association."""
    people = drawn(60, shift=-1)
    found = adherence(people, "sbp", RULES)
    assert found.people == 60
    assert found.quartiles[0] <= found.quartiles[1] <= found.quartiles[2]
    assert found.association.low < found.association.high
    assert adherence(drawn(10), "sbp", RULES).quartiles is None
    alike = replace(people, worn=np.where(people.participants, 7.0, np.nan))
    assert adherence(alike, "sbp", RULES).association is None


def test_limits_say_what_holds():
    """Not randomised always; a threshold, losses and volunteers when they are there."""
    people = drawn(60)
    people.values["sbp"]["after"][:20] = np.nan
    people = replace(people, cohort=np.where(np.arange(120) == 0, 1, people.cohort).astype(np.int8))
    said = evaluate(people, RULES, primary="sbp", by_threshold=True).limits
    assert said[0] == "not-randomised"
    assert {"regression-to-the-mean", "lost", "volunteers", "many-outcomes", "worn-is-association"} <= set(
        said
    )
    assert "too-few" in evaluate(drawn(5), RULES, primary="sbp").limits


def test_a_primary_outcome_that_is_not_known_is_refused():
    """It is named beforehand, from the list."""
    with pytest.raises(BadInput):
        evaluate(drawn(5), RULES, primary="mood")


def test_the_same_people_give_the_same_report():
    """No dice in the estimates: a run can be repeated."""
    one, two = (evaluate(drawn(60), RULES, primary="sbp").as_json() for _ in range(2))
    assert one == two
