"""A release is held against earlier ones: nobody may be the difference of two."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain.differencing import Earlier, compared, stand_out
from tests.phr.domain.attackers import living_city
from tests.phr.domain.release_city import STEPS, City, frame, read

K = 4


def settle_alone(now, earlier, k, draw):
    """What a release does: leave out who stands out, drop classes that are too small then, and look again."""
    while True:
        sizes = Counter(now.values())
        now = {person: name for person, name in now.items() if sizes[name] >= k}
        persons = np.array(sorted(now), dtype=object)
        classes = np.array([now[person] for person in persons], dtype=np.int64)
        out = stand_out(persons, classes, earlier, k, draw)
        if not out.any():
            return persons, classes
        now = {person: now[person] for person in persons[~out]}


def differences(now, then):
    """By definition: who came to a class, who went from one, and how classes that share people differ."""
    names_now, names_then = set(now.values()), set(then.values())
    inside = {name: {person for person in now if now[person] == name} for name in names_now}
    before = {name: {person for person in then if then[person] == name} for name in names_then}
    for members in inside.values():
        if members & then.keys():
            yield members - then.keys(), set()
    for members in before.values():
        if members & now.keys():
            yield members - now.keys(), set()
    for one in inside.values():
        for other in before.values():
            if one & other:
                yield one - other, other - one


releases = st.dictionaries(st.integers(0, 40).map(str), st.integers(0, 3), max_size=41)


@given(releases, st.lists(releases, max_size=2), st.integers(0, 99))
@settings(deadline=None, max_examples=200)
def test_every_difference_from_an_earlier_release_is_empty_or_of_k_people(now, before, seed):
    """For any two populations and classes; a pair of classes counts where both differences are small."""
    before = [
        {person: name for person, name in each.items() if Counter(each.values())[name] >= K}
        for each in before
    ]
    earlier = [Earlier(f"r{place}", each) for place, each in enumerate(before)]
    persons, classes = settle_alone(now, earlier, K, np.random.default_rng(seed))
    left = dict(zip(persons, classes.tolist(), strict=True))
    for each, then in zip(earlier, before, strict=True):
        for one, other in differences(left, then):
            assert not (one or other) or max(len(one), len(other)) >= K
        said = compared(persons, classes, each)
        assert said.common == len(left.keys() & then.keys())
        assert said.smallest is None or said.smallest >= K


def test_where_withdrawals_are_told_only_those_who_came_are_looked_at():
    """A pseudonymised release tells the numbers of those who left; hiding them again would cost others their place."""
    then = {str(number): 0 for number in range(10)}
    persons = np.array([str(number) for number in range(1, 10)], dtype=object)
    classes = np.zeros(9, dtype=np.int64)
    draw = np.random.default_rng(1)
    assert not stand_out(persons, classes, [Earlier("r", then, told=True)], K, draw).any()
    assert stand_out(persons, classes, [Earlier("r", then)], K, draw).sum() == K - 1
    assert compared(persons, classes, Earlier("r", then, told=True)).smallest is None
    came = np.array([*persons, "x"], dtype=object)
    assert stand_out(came, np.zeros(10, dtype=np.int64), [Earlier("r", then, told=True)], K, draw)[-1]


def test_classes_that_share_people_but_differ_by_many_are_left_alone():
    """A coarser class that holds a finer one tells nothing of few people."""
    then = {str(number): number % 2 for number in range(40)}
    persons = np.array(sorted(then), dtype=object)
    draw = np.random.default_rng(1)
    assert not stand_out(persons, np.zeros(40, dtype=np.int64), [Earlier("r", then)], K, draw).any()
    half = dict.fromkeys(list(persons)[:20], 0)  # twenty came: nobody is the few
    assert not stand_out(persons, np.zeros(40, dtype=np.int64), [Earlier("r", half)], K, draw).any()


def test_the_certificate_says_no_count_below_k():
    """A small overlap would itself be a small number."""
    said = compared(
        np.array(["a"], dtype=object), np.zeros(1, dtype=np.int64), Earlier("r", {"a": 0, "b": 0})
    )
    assert said.as_json(5) == {"release": "r", "people_in_both": None, "smallest_difference": 1}
    assert said.as_json(1)["people_in_both"] == 1


def total(made, place_cells):
    """What anybody can add up from a release: the sum of a class over people and weeks, and how many rows it has."""
    rows = frame(made)
    rows = rows[(rows["code"] == STEPS)].assign(mean=lambda each: each["mean"].astype(float))
    people = pd.DataFrame(read(made, "persons.csv")).set_index("person")
    rows = rows.join(people, on="person")
    usual = rows.groupby(["sex", "age_band", "person"])["mean"].mean()
    return usual.groupby(["sex", "age_band"]).agg(["sum", "size"]).loc[place_cells]


def guess(before, after):
    """The usual steps of the one person who left, as the difference of two releases."""
    return before["sum"] - after["sum"]


@pytest.fixture(scope="module")
def two():
    """A release, and a second one after one person withdrew; with and without the comparison."""
    place = living_city(n=120, days=28, worn=1.0)
    first = place.release("anonymised", k=5)
    born = pd.DataFrame(read(first, "persons.csv"))
    gone = first.persons[0]
    later = City(place.people, place.days, [each for each in place.consents if each[0] != gone])
    asked = {"k": 5, "release_id": "study-2", "entropy": b"f" * 32}
    plain = later.release("anonymised", **asked)
    earlier = Earlier("study-1", first.classes)
    checked = later.release("anonymised", **asked, earlier=[earlier])
    return place, first, gone, plain, checked, born


def test_the_difference_of_two_releases_finds_one_person_without_the_comparison_and_not_with_it(two):
    """The differencing attack, run: who left is the only one missing from one class."""
    place, first, gone, plain, checked, _ = two
    trait = place.people.set_index("person").loc[gone]
    sizes = [
        pd.DataFrame(read(made, "persons.csv")).groupby(["sex", "age_band"]).size()
        for made in (first, plain, checked)
    ]
    lost = sizes[0] - sizes[1].reindex(sizes[0].index, fill_value=0)
    cell = next(name for name, number in lost.items() if number == 1)
    assert cell[0] == trait["sex"]
    truth = place.days[(place.days["person"] == gone) & (place.days["code"] == STEPS)]["mean"].mean()
    found = guess(total(first, cell), total(plain, cell))
    assert found == pytest.approx(truth, rel=0.25)
    hidden = sizes[0] - sizes[2].reindex(sizes[0].index, fill_value=0)
    assert all(number <= 0 or number >= 5 for number in hidden)
    assert checked.suppressed["too_close_to_earlier"] >= 4
    (said,) = checked.certificate["compared"]
    assert said["release"] == "study-1"
    assert said["smallest_difference"] >= 5
