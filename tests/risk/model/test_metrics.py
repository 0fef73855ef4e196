"""The measures against their definitions, counted by hand or pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.model.external import area
from risk.model.metrics import Pairs, brier, calibration, concordance, net_benefit, observed, seen_by

PEOPLE = st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 5)), min_size=2, max_size=25)


def pair_by_pair(people):
    right = usable = 0.0
    for when, found, mine in people:
        for other_when, other_found, other in people:
            if found and (other_when > when or (other_when == when and not other_found)):
                usable += 1
                right += 1.0 if mine > other else 0.5 if mine == other else 0.0
    return right / usable if usable else None


@given(PEOPLE)
def test_concordance_counts_the_usable_pairs(people):
    """Against a double loop."""
    years, event, risk = (np.array(column, dtype=float) for column in zip(*people, strict=True))
    expected = pair_by_pair(people)
    found = concordance(years, event, risk)
    assert np.isnan(found) if expected is None else found == pytest.approx(expected)


def test_a_weight_counts_a_person_that_often():
    """The bootstrap by weights is the bootstrap by copies."""
    draw = np.random.default_rng(1)
    years, event, risk = draw.random(40), (draw.random(40) < 0.4).astype(float), draw.random(40)
    times = draw.integers(0, 3, 40)
    copied = concordance(*(np.repeat(column, times) for column in (years, event, risk)))
    assert Pairs.of(years, event, risk).concordance(times.astype(float)) == pytest.approx(copied)


def test_without_censoring_everybody_weighs_the_same():
    """IPCW and Kaplan-Meier are then plain shares."""
    years, event = np.array([1.0, 2.0, 7.0, 8.0]), np.array([1.0, 1.0, 1.0, 1.0])
    found, weight = seen_by(years, event, 5.0)
    assert found.tolist() == [1, 1, 0, 0]
    assert weight.tolist() == [1, 1, 1, 1]
    assert observed(years, event, 5.0) == 0.5


def test_the_lost_are_stood_for_by_those_still_watched():
    """Half are lost at year 2: those found later and those seen to the end count double."""
    years, event = np.array([2.0, 2.0, 3.0, 9.0]), np.array([0.0, 0.0, 1.0, 0.0])
    found, weight = seen_by(years, event, 5.0)
    assert weight.tolist() == [0, 0, 2, 2]
    assert float(weight @ found / weight.sum()) == observed(years, event, 5.0) == 0.5


def test_true_chances_are_calibrated_and_doubled_odds_are_not():
    """Intercept 0 and slope 1 for the truth; odds squared have half the slope."""
    draw = np.random.default_rng(2)
    odds = draw.normal(-1, 1, 40_000)
    chance = 1 / (1 + np.exp(-odds))
    found, ones = (draw.random(40_000) < chance).astype(float), np.ones(40_000)
    assert calibration(found, ones, chance) == pytest.approx((0, 1), abs=0.06)
    assert calibration(found, ones, 1 / (1 + np.exp(-2 * odds)))[1] == pytest.approx(0.5, abs=0.03)
    assert brier(found, ones, chance) < brier(found, ones, np.full(40_000, found.mean()))


def test_net_benefit_by_hand():
    """Two called at 20 %: one rightly; a call in vain costs a quarter."""
    found, risk = np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.5, 0.2, 0.1, 0.1])
    model, everyone = net_benefit(found, np.ones(4), risk, 0.2)
    assert model == pytest.approx((1 - 0.25) / 4)
    assert everyone == pytest.approx((2 - 0.5) / 4)


def test_the_area_is_the_concordance_of_one_moment():
    """And not a number where all are alike."""
    high, risk = np.array([True, False, True, False]), np.array([0.9, 0.1, 0.3, 0.3])
    assert area(high, risk) == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert np.isnan(area(np.array([True]), np.array([0.1])))
