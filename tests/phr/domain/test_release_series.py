"""Weeks, groups of people who live alike, numbers of projects, and the texts that go with a release."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain import release_series
from phr.domain.deid import ReleaseRefused, profile_named
from phr.domain.pseudonym import ReleaseKey
from phr.errors import Unsafe
from tests.phr.domain.release_city import PULSE, STEPS, VARIABLES, city, frame, read, summaries

PROJECT = ReleaseKey.of_project(b"s" * 32, "heart", seed=b"e" * 32)


def day_rows(*days, person=0, code=PULSE):
    rows = [
        (person, code, day, n, low, high, mean, total, worn) for day, n, low, high, mean, total, worn in days
    ]
    columns = ["person", "code", "day", "n", "min", "max", "mean", "sum", "worn_minutes"]
    return pd.DataFrame(rows, columns=columns).assign(day=lambda each: each["day"].astype("datetime64[s]"))


def test_a_week_is_named_by_its_monday_and_means_are_over_the_days_with_a_value():
    """A week of two days compares with one of seven; Sunday belongs to the week before."""
    found = release_series.weekly(
        day_rows(
            ("2026-01-05", 10, 50.0, 90.0, 60.0, 600.0, 100.0),
            ("2026-01-11", 30, 40.0, 99.0, 70.0, 2100.0, np.nan),
            ("2026-01-12", np.nan, np.nan, np.nan, 80.0, np.nan, np.nan),
        )
    )
    first, second = found.to_dict("records")
    assert (first["day"], second["day"]) == (pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-12"))
    assert (first["n"], first["min"], first["max"], first["mean"]) == (40, 40.0, 99.0, 65.0)
    assert (first["sum"], first["worn_minutes"], first["days"]) == (1350.0, 100.0, 2.0)
    assert np.isnan(second["n"])
    assert np.isnan(second["sum"])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(2, 6), st.integers(0, 99))
@settings(deadline=None)
def test_groups_hold_k_people_of_one_class_and_nobody_is_left_over(names, k, seed):
    """For any classes of k and more; fewer than 2k people are not split."""
    names = [name for name in names if names.count(name) >= k]
    if not names:
        return
    classes, draw = np.array(names), np.random.default_rng(seed)
    values = [
        (n, PULSE, "2026-01-05", 1.0, 1.0, 1.0, value, value, 1.0)
        for n, value in enumerate(draw.normal(70, 9, len(names)))
    ]
    columns = ["person", "code", "day", "n", "min", "max", "mean", "sum", "worn_minutes"]
    groups = release_series.alike(pd.DataFrame(values, columns=columns), classes, k)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        assert k <= len(members) < 2 * k
        assert len(set(classes[members])) == 1


def test_people_who_live_alike_come_together():
    """Two clouds of walkers are two groups, whatever their order."""
    steps = np.array([3000.0, 9000.0] * 4)
    rows = pd.DataFrame(
        {"person": np.arange(8), "code": STEPS, "day": "2026-01-05", "mean": np.nan, "sum": steps}
    )
    groups = release_series.alike(rows, np.zeros(8, dtype=np.int64), 4)
    assert len(set(groups[steps < 5000])) == len(set(groups[steps > 5000])) == 1
    assert len(set(groups)) == 2


def test_a_variable_in_which_all_are_equal_has_no_variance_to_keep():
    """No division by nothing."""
    rows = pd.DataFrame({"person": [0, 1], "code": PULSE, "mean": [60.0, 60.0], "sum": [np.nan, np.nan]})
    assert release_series.variance_kept(rows, rows, PULSE) is None


def test_a_week_that_too_few_of_a_group_had_is_in_nobodys_row():
    """Each number rests on five people at least, and the rows that are missing are counted."""
    place = city(n=30, days=14, codes=(PULSE,))
    late = place.days["day"] >= np.datetime64("2026-01-05")
    few = place.people["person"][:4]
    place.people = place.people.assign(birth_date="1950-01-01", sex="F")
    place.days = place.days[~late | place.days["person"].isin(few)]
    made = place.release("anonymised", k=5)
    assert set(frame(made)["days"].astype(float)) == {4.0}
    assert made.suppressed["rows_of_too_few"] == 4 * 10


def test_people_whose_group_has_no_common_week_are_without_data():
    """Nothing can be shown of them, so they are not in the file of people either."""
    place = city(n=40, days=1, codes=(PULSE,))
    place.people = place.people.assign(birth_date="1950-01-01", sex=["F"] * 30 + ["M"] * 10)
    week = {person: np.datetime64("2026-01-01") + 7 * n for n, person in enumerate(place.people["person"])}
    alone = place.days["person"].isin(place.people["person"][30:])
    place.days.loc[alone, "day"] = place.days.loc[alone, "person"].map(week)
    made = place.release("anonymised", k=5, variables=[one for one in VARIABLES if one.code == PULSE])
    assert made.suppressed["no_data"] == 10
    assert {row["sex"] for row in read(made, "persons.csv")} == {"F"}


def test_a_pseudonymised_release_can_have_weeks_and_an_anonymised_one_no_days():
    """R8-9: only day or week summaries; the profile says which."""
    made = city().release(resolution="week")
    assert {row["person"] for row in summaries(made)} == {row["person"] for row in read(made, "persons.csv")}
    assert made.certificate["series"] == {"shown": "each person's own"}
    with pytest.raises(ReleaseRefused, match="resolution: the profile anonymised has only week"):
        city().release("anonymised", resolution="day")


def test_a_project_keeps_numbers_and_shifts_and_only_where_a_table_may_be():
    """Longitudinal studies join their own releases, and anonymised ones never."""
    place = city()
    one, two = (place.release(project=PROJECT, release_id=name, entropy=None) for name in ("a", "b"))
    assert one.files["day_summaries.csv"] == two.files["day_summaries.csv"]
    other = ReleaseKey.of_project(b"s" * 32, "sleep", seed=b"e" * 32)
    assert one.table.keys().isdisjoint(place.release(project=other).table.keys())
    with pytest.raises(ReleaseRefused, match="longitudinal"):
        place.release("anonymised", project=PROJECT)
    for secret, seed in ((b"short", b"e" * 32), (b"s" * 32, b"short")):
        with pytest.raises(Unsafe):
            ReleaseKey.of_project(secret, "heart", seed=seed)


def test_patients_say_what_the_file_of_people_says():
    """A month of birth is a birthDate of that precision; a band has an extension."""
    for profile in ("pseudonymised", "anonymised"):
        place = city(n=60)
        place.people = place.people.assign(birth_date="1950-01-01", sex="F", district="東町")
        made = place.release(profile, k=5)
        rows = read(made, "persons.csv")
        for line, row in zip(made.files["patients.ndjson"].splitlines(), rows, strict=True):
            patient = json.loads(line)
            assert (patient["id"], patient["gender"]) == (row["person"], "female")
            shown = patient.get("birthDate") or patient["extension"][0]["valueString"]
            assert shown == (row.get("birth_month") or row["age_band"])
            assert patient["address"] == [{name: row[name] for name in ("district", "city") if name in row}]


def test_the_publication_names_the_items_and_how_many_people():
    """R8-10: made from the columns that leave, so that it cannot say less."""
    made = city().release("anonymised", k=5)
    text = made.files["publication.txt"].decode()
    assert str(len(made.persons)) in text
    for word in ("行政機関等匿名加工情報の概要", "年齢階級", "市区町村", "心拍数", "歩数", "提供の方法"):
        assert word in text
    assert "publication.txt" not in city().release("pseudonymised").files
    assert profile_named("anonymised").title in text


def test_the_readable_dictionary_has_no_script_and_long_lists_are_shortened():
    """A page that opens anywhere; a month of birth has too many values to list."""
    page = city(n=60).release(k=2).files["dictionary.html"].decode()
    assert "<script" not in page
    entries = {row["name"]: row for row in read(city(n=60).release(k=2), "dictionary.csv")}
    assert entries["sex"]["values"] == "F | M"
    months = city(n=200)
    months.people = months.people.assign(sex="F", district="東町")
    months.people["birth_date"] = [f"{1950 + n // 2 % 40}-01-01" for n in range(200)]
    book = {row["name"]: row for row in read(months.release(k=2), "dictionary.csv")}
    assert book["birth_month"]["values"] == "1950-01 ... 1989-01"
