"""k, l and t, and the choice of the generalisation that loses least."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain import privacy

QUASI = ["age", "sex", "place"]
person = st.tuples(
    st.integers(0, 9).map(str),
    st.sampled_from("MF"),
    st.sampled_from("東西南"),
    *[st.sampled_from("1234")] * 2,
)
populations = st.lists(person, min_size=1, max_size=40).map(
    lambda rows: pd.DataFrame(rows, columns=[*QUASI, "steps", "pulse"])
)


def by_hand(people, quasi, sensitive):
    """k, l and t by their definitions, without the library."""
    classes = [people.loc[rows] for rows in people.groupby(quasi).groups.values()]
    distances = []
    for name in sensitive:
        whole = people[name].value_counts(normalize=True)
        for each in classes:
            here = each[name].value_counts(normalize=True).reindex(whole.index, fill_value=0)
            distances.append(float((here - whole).abs().sum()) / 2)
    k = min(len(each) for each in classes)
    return k, min(each[name].nunique() for each in classes for name in sensitive), max(distances)


@given(populations)
@settings(deadline=None)
def test_the_library_and_the_definitions_give_the_same_k_l_and_t(people):
    """A certificate is only as good as its numbers."""
    k, diversity, t = by_hand(people, QUASI, ["steps", "pulse"])
    measured = privacy.measure(people, QUASI, ["steps", "pulse"])
    assert (measured.k, measured.l, measured.classes) == (k, diversity, people.groupby(QUASI).ngroups)
    assert measured.t == pytest.approx(t, abs=1e-4)


def test_a_known_table_has_its_known_k_l_and_t():
    """Two classes: one of three with two levels, one of two with a single level."""
    people = pd.DataFrame({"age": ["40-44"] * 3 + ["65+"] * 2, "sex": ["F"] * 5, "level": list("11244")})
    people = people.set_index(pd.Index([9, 7, 5, 3, 1]))
    measured = privacy.measure(people, ["age", "sex"], ["level"])
    assert (measured.k, measured.l, measured.classes) == (2, 1, 2)
    assert measured.t == 0.6


def ladders(people):
    """Age as it is, in two halves, or hidden; sex as it is; place as it is or hidden."""
    hidden = np.full(len(people), "*", dtype=object)
    halves = people["age"].map(lambda age: "low" if age < "5" else "high").to_numpy(object)
    return {
        "age": [people["age"].to_numpy(object), halves, hidden],
        "sex": [people["sex"].to_numpy(object)],
        "place": [people["place"].to_numpy(object), hidden],
    }


def lost_by_hand(columns, k):
    sizes = pd.DataFrame(columns).groupby(list(columns))[next(iter(columns))].transform("size")
    return int((sizes < k).sum())


@given(populations, st.integers(1, 8), st.sampled_from([0.0, 0.05, 0.3]))
@settings(deadline=None)
def test_the_choice_is_the_finest_of_those_that_leave_out_fewest(people, k, accepted):
    """Every combination of levels is counted again by hand."""
    levels = ladders(people)
    choice = privacy.choose(levels, k, accepted_loss=accepted)
    losses = {
        steps: lost_by_hand({name: levels[name][step] for name, step in zip(levels, steps, strict=True)}, k)
        for steps in itertools.product(range(3), range(1), range(2))
    }
    bound = min(losses.values()) + math.floor(accepted * len(people))
    chosen = tuple(choice.levels.values())
    assert choice.lost == losses[chosen] <= bound
    assert all(sum(steps) >= sum(chosen) for steps, lost in losses.items() if lost <= bound)


@given(populations, st.integers(1, 8))
@settings(deadline=None)
def test_whoever_stays_stands_in_a_class_of_at_least_k(people, k):
    """The bound holds for every population."""
    levels = ladders(people)
    choice = privacy.choose(levels, k, accepted_loss=0.3)
    shown = pd.DataFrame({name: levels[name][step][choice.keep] for name, step in choice.levels.items()})
    assert shown.groupby(QUASI).size().min() >= k if len(shown) else choice.lost == len(people)


def test_a_city_without_unusual_people_keeps_its_finest_levels():
    """Generalising without need loses what the research asks for."""
    people = pd.DataFrame({"age": list("27") * 10, "sex": ["F"] * 20, "place": ["東"] * 20})
    choice = privacy.choose(ladders(people), 10, accepted_loss=0.0)
    assert choice.levels == {"age": 0, "sex": 0, "place": 0}
    assert choice.lost == 0


def test_nobody_at_all_is_no_class_too_small():
    """An empty table is for `demand` to refuse."""
    assert privacy.choose({"age": [np.array([], dtype=object)]}, 5, accepted_loss=0.0).lost == 0


def test_fewer_than_k_people_are_refused_with_what_would_help():
    """A release of four people at k = 5 cannot be."""
    with pytest.raises(privacy.TooFewLeft, match=r"people: 4 of 4 people would remain.*smaller k") as refused:
        privacy.demand(4, 4, 5, most_lost=1.0)
    assert refused.value.field == "people"


def test_a_share_of_exactly_the_most_is_still_released():
    """The share is a bound that may be reached."""
    privacy.demand(70, 100, 5, most_lost=0.3)
    with pytest.raises(privacy.TooFewLeft, match=r"31 of 100 people would be left out, more than 30%"):
        privacy.demand(69, 100, 5, most_lost=0.3)


def test_people_stand_in_quarters_by_their_own_mean():
    """One row a person: a person with many days counts once."""
    persons = np.array([0, 0, 1, 2, 3, 3])
    values = np.array([1.0, 3.0, 10.0, 20.0, 30.0, 50.0])
    assert privacy.quarters(persons, values, 5).tolist() == ["1", "2", "3", "4", "none"]


def test_a_variable_without_any_value_has_no_quarters():
    """Only gaps: everybody has none."""
    assert privacy.quarters(np.array([0]), np.array([np.nan]), 2).tolist() == ["none", "none"]


def test_only_patterns_that_nobody_else_has_are_counted():
    """Two people with the same intervals hide each other, whenever they began."""
    persons = np.array([0, 0, 1, 1, 2, 2, 2])
    days = np.array(
        ["2026-01-01", "2026-01-03", "2026-05-01", "2026-05-03", "2026-01-01", "2026-01-02", "2026-01-02"]
    )
    assert privacy.unique_patterns(persons, days.astype("datetime64[D]")) == 1
