"""What a release refuses, leaves out and counts."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain import release
from phr.domain.deid import BadFrame, ReleaseRefused, UnknownColumn, profile_named
from phr.domain.release import Variable
from phr.errors import Unsafe
from tests.phr.domain.release_city import (
    CREATED,
    PROFILES,
    PULSE,
    STEPS,
    VARIABLES,
    WEIGHT,
    city,
    frame,
    read,
    summaries,
    words_of,
)


@st.composite
def requests(draw):
    """A random population with random gaps in consent and data, and a random k."""
    n = draw(st.integers(0, 40))
    place = city(n=n, days=1, codes=(PULSE, STEPS), seed=draw(st.integers(0, 1000)))
    mask = st.lists(st.booleans(), min_size=n, max_size=n)
    yes = draw(st.one_of(st.just([True] * n), mask))
    place.consents = [consent for consent, given_ in zip(place.consents, yes, strict=True) if given_]
    place.people["sex"] = draw(st.sampled_from([["F"] * n, list(place.people["sex"]), ["?"] * n]))
    place.days = place.days[
        draw(st.lists(st.booleans(), min_size=2 * n, max_size=2 * n).map(np.array)).astype(bool)
    ]
    return place, draw(st.sampled_from(PROFILES)), draw(st.integers(2, 8))


@given(requests())
@settings(deadline=None, max_examples=80)
def test_a_release_holds_k_and_only_consenting_people_or_is_refused(request):
    """For every population: the smallest class has at least k people, and nobody is in it without consent."""
    place, profile, k = request
    try:
        made = place.release(profile, k=k)
    except ReleaseRefused:
        return
    people = pd.DataFrame(read(made, "persons.csv"))
    assert people.groupby([name for name in people if name != "person"]).size().min() >= k
    assert made.certificate["k"]["achieved"] >= made.certificate["k"]["requested"] == k
    assert set(made.persons) <= {person for person, _, _ in place.consents}
    assert {row["person"] for row in summaries(made)} == set(people["person"])
    reasons = ("no_consent", "unreadable", "no_data", "small_class", "too_close_to_earlier")
    left_out = sum(made.suppressed[why] for why in reasons)
    assert left_out + len(people) == len(place.people)
    rows = sum(count for why, count in made.suppressed.items() if why.startswith("rows_"))
    if profile == "pseudonymised":
        assert rows + made.rows == len(place.days)
    else:
        assert made.certificate["series"]["smallest_group"] >= k


def test_a_person_who_withdrew_before_the_snapshot_is_counted_and_nowhere_else():
    """Their rows go with them."""
    place = city()
    gone = place.consents.pop(0)[0]
    made = place.release()
    assert gone not in made.persons
    assert gone not in made.table.values()
    assert made.suppressed["no_consent"] == 1
    assert made.suppressed["rows_no_person"] == 15


def test_the_same_consents_give_the_same_hash_in_any_order_and_a_new_version_another():
    """The hash proves which consents were relied on, without the people."""
    place = city()
    hashed = [
        place.release(consent_snapshot=snapshot).certificate["consents"]["sha256"]
        for snapshot in (place.consents, place.consents[::-1], [(p, c, 2) for p, c, _ in place.consents])
    ]
    assert hashed[0] == hashed[1] != hashed[2]


def test_a_variable_of_fewer_than_k_people_is_left_out_and_only_counted():
    """A rare code can be one person's illness; even its name says too much."""
    place = city()
    rare = place.days["person"].isin(place.people["person"][:9]) & (place.days["code"] == WEIGHT)
    place.days = place.days[rare | (place.days["code"] != WEIGHT)]
    made = place.release("anonymised", k=10)
    assert made.certificate["variables"] == {"approved": 4, "released": [STEPS, PULSE], "rare": 1}
    assert made.suppressed["rows_rare"] == 45
    assert WEIGHT not in words_of(made)


def test_people_whose_only_variable_was_rare_are_without_data():
    """What one rule takes is looked at by the others again."""
    place = city(codes=(PULSE,))
    place.days.loc[place.days["person"].isin(place.people["person"][:4]), "code"] = WEIGHT
    made = place.release(k=5)
    assert made.suppressed["no_data"] == 4
    assert set(made.persons).isdisjoint(place.people["person"][:4])


def test_rows_without_an_approved_variable_or_without_a_value_are_left_out_and_counted():
    """R8-33: exactly the approved variables."""
    place = city()
    place.days.loc[place.days["code"] == WEIGHT, "code"] = "secret-code"
    place.days.loc[place.days.index[0], ["mean", "sum"]] = np.nan
    made = place.release()
    assert (made.suppressed["rows_not_approved"], made.suppressed["rows_empty"]) == (300, 1)
    assert "secret-code" not in words_of(made)


def test_an_unusual_person_is_left_out_and_the_others_keep_their_detail():
    """One class too small is suppressed before everybody is coarsened."""
    place = city()
    place.people = place.people.assign(birth_date="1950-01-01", sex="F", district="東町")
    place.people.loc[0, "sex"] = "M"
    made = place.release()
    assert made.suppressed["small_class"] == 1
    assert made.suppressed["rows_of_left_out"] == 15
    assert made.certificate["quasi_identifiers"] == ["birth_month", "sex", "district"]


@pytest.mark.parametrize(
    "how", ["2026-01-01T08:00:00", pd.Timestamp("2026-01-01 08:00"), "2026-01-01 08:00:00+09:00"]
)
def test_a_frame_with_times_of_day_is_refused(how):
    """R8-9: raw series are never released."""
    place = city()
    place.days["day"] = place.days["day"].astype(object)
    place.days.loc[3, "day"] = how
    with pytest.raises(BadFrame, match="only summaries of whole days"):
        place.release()


def test_parts_of_a_day_in_two_rows_are_refused():
    """A series cut in pieces is still a series."""
    place = city()
    place.days = pd.concat([place.days, place.days.iloc[[7]]])
    with pytest.raises(BadFrame, match="two rows for one person, variable and day"):
        place.release()


def test_a_person_in_two_rows_is_refused():
    """Each person counts once for k."""
    place = city()
    place.people = pd.concat([place.people, place.people.iloc[[0]]])
    with pytest.raises(BadFrame, match=r"people\.person: a person stands in two rows"):
        place.release()


def test_an_unknown_column_fails_the_whole_release():
    """R8-7."""
    place = city()
    place.days["firmware"] = "x"
    with pytest.raises(UnknownColumn, match=r"day_summaries\.firmware"):
        place.release()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"k": 1}, "k"),
        ({"release_id": "../x"}, "release_id"),
        ({"created": datetime(2026, 7, 1)}, "created"),  # noqa: DTZ001 - a time without offset is what is refused
        ({"variables": VARIABLES[:1] * 2}, "variables"),
        ({"variables": [Variable('x","y', "x", "x", "1")]}, "variables"),
        ({"variables": []}, "people"),
        ({"consent_snapshot": []}, "people"),
    ],
)
def test_a_request_that_is_not_sound_is_refused_by_its_field(changes, field):
    """One clear error."""
    with pytest.raises(ReleaseRefused) as refused:
        city().release(**changes)
    assert refused.value.field == field


def test_a_short_secret_makes_no_release():
    """Pseudonyms from a guessable secret are names."""
    with pytest.raises(Unsafe):
        city().release(secret=b"x")


def test_anonymised_weights_have_no_extremes_and_no_sum():
    """A sum of one weighing would be the weight again."""
    place = city(days=1, codes=(WEIGHT,))
    place.days.loc[0, ["mean", "max", "sum"]] = 199.0
    rows = frame(place.release("anonymised"))
    assert rows["max"].astype(float).max() < 120
    assert set(rows["sum"]) == {""}
    numbers = rows[["min", "mean", "max"]].astype(float)
    assert (numbers["min"] <= numbers["mean"]).all()
    assert (numbers["mean"] <= numbers["max"]).all()


def test_a_column_that_the_profile_drops_is_in_no_file():
    """The header goes with the values."""
    rules = profile_named("anonymised")
    dropped = {**rules.days, "worn_minutes": (type(rules.days["n"][0])("drop", {}),)}
    made = release.build(
        (place := city()).days,
        place.people,
        release.replace(rules, days=dropped),
        k=10,
        secret=b"s" * 32,
        release_id="study-1",
        created=CREATED,
        consent_snapshot=place.consents,
        variables=VARIABLES,
    )
    assert "worn_minutes" not in words_of(made)
