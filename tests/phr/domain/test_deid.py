"""The allow-list: what it loads, what it refuses, and what each action does."""

from datetime import date, datetime
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import deid
from phr.domain.deid import BadFrame, BadProfile, Step
from phr.domain.release_values import Rows, coarsened, significant

TEXT = files("phr.domain").joinpath("deid.toml").read_text(encoding="utf-8")
ON = date(2026, 7, 1)
PERSON_NUMBERS = [
    *(
        "name",
        "kana",
        "address",
        "postal_code",
        "phone",
        "email",
        "photo",
        "insurer_symbol",
        "insurer_number",
    ),
    *("jpki_id", "resident_number", "account_number", "login", "device_serial", "device_name", "note"),
]


def people(**columns):
    rows = {"person": ["p1"], "birth_date": ["1956-07-01"], "sex": ["F"], "district": ["東町"], **columns}
    return pd.DataFrame(rows)


def rows(values, codes="x", persons=None):
    values = np.asarray(values, dtype=np.float64)
    who = np.arange(len(values)) if persons is None else np.asarray(persons)
    code = np.full(len(values), codes, dtype=object)
    return values, Rows(who, code, values, np.ones(len(values)), np.arange(len(values)))


@pytest.mark.parametrize("column", PERSON_NUMBERS)
def test_every_identifier_of_the_rule_is_named_with_its_reason(column):
    """規則31条 and 34条: these never leave, and the list says why."""
    assert len(deid.profile_named("anonymised").identifiers[column]) > 10


def test_the_two_profiles_of_the_law_are_there_and_only_one_keeps_a_table():
    """仮名 has a table kept apart, 匿名 has none."""
    assert deid.policy().profiles.keys() == {"pseudonymised", "anonymised"}
    assert deid.profile_named("pseudonymised").keeps_table
    assert not deid.profile_named("anonymised").keeps_table


def test_an_anonymised_release_never_shows_less_than_a_city_and_no_birth_month():
    """Place is a municipality or coarser; ages from 90 on are one band."""
    rules = deid.profile_named("anonymised").people
    assert [step.action for step in rules["district"]] == ["district_to_city"]
    assert {step.action for step in rules["birth_date"]} == {"age_band"}
    assert all(step.options["top"] <= 90 for step in rules["birth_date"])


def test_a_profile_that_is_not_there_is_refused():
    """A caller's spelling is not a default."""
    with pytest.raises(deid.ReleaseRefused, match="profile: no such profile"):
        deid.profile_named("open")


def test_the_version_of_a_profile_changes_with_any_rule_and_with_the_identifiers():
    """The certificate names the rules by this hash."""
    now = deid.profile_named("pseudonymised").sha256
    changed = deid.read_policy(TEXT.replace("digits = 6", "digits = 5")).profiles["pseudonymised"].sha256
    fewer = (
        deid.read_policy(TEXT.replace('photo = "identifies directly"\n', "")).profiles["pseudonymised"].sha256
    )
    assert deid.read_policy(TEXT).profiles["pseudonymised"].sha256 == now
    assert len({now, changed, fewer}) == 3


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('action = "shift_date"', 'action = "guess"', "pseudonymised.days.day: no such action"),
        ('action = "shift_date"', 'action = "keep"', "pseudonymised.days.day: this action is not"),
        (
            'person = { steps = [{ action = "pseudonym" }] }',
            'person = { steps = [{ action = "keep" }] }',
            "people.person",
        ),
        ('{ action = "round", digits = 6 }', '{ action = "round" }', "pseudonymised.days.sum: options"),
        ("digits = 6", "digits = 0", "pseudonymised.days.sum: options"),
        ("share = 0.01", "share = 0.5", "anonymised.days.min: options"),
        ('codes = ["8302-2", "29463-7", "39156-5"]', "codes = []", "anonymised.days.min: options"),
        ("width = 10, top = 90", "width = 7, top = 90", "birth_date: top must be a multiple"),
        (
            'sex = { levels = [{ action = "keep" }] }',
            "",
            "pseudonymised.people.sex: this column needs one rule",
        ),
        (
            "\nn = { steps",
            "\ndevice = { steps = [] }\nn = { steps",
            "pseudonymised.days.device: this column needs",
        ),
        (
            'resolutions = ["day", "week"]',
            'resolutions = ["month"]',
            "pseudonymised.resolutions: day or week",
        ),
        ('resolutions = ["week"]', 'resolutions = ["day"]', "anonymised.days: without a table"),
        (
            'days = { steps = [{ action = "group_mean", least = 5 }, { action = "round", digits = 2 }] }',
            'days = { steps = [{ action = "round", digits = 2 }] }',
            "anonymised.days: every number needs group_mean",
        ),
        ("least_k = 2", "", "deid.toml: not readable (KeyError)"),
        ("least_k = 2", 'least_k = "two"', "deid.toml: not readable (ValueError)"),
        ("format = 1", "format = ", "deid.toml: not readable (TOMLDecodeError)"),
        ("\n[identifiers]", "\nidentifiers = 1\n[other]", "deid.toml: not readable (TypeError)"),
    ],
)
def test_a_policy_with_something_unknown_fails_on_load_and_names_the_place(old, new, place):
    """A rule that is not understood must not be skipped."""
    assert old in TEXT
    with pytest.raises(BadProfile) as refused:
        deid.read_policy(TEXT.replace(old, new))
    assert place in str(refused.value)


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_one_refusal(text):
    """Loading is total."""
    with pytest.raises(BadProfile):
        deid.read_policy(text)


def day_frame(**columns):
    cells = {name: [1.0] for name in deid.VALUES}
    return pd.DataFrame({"person": ["p1"], "code": ["x"], "day": ["2026-01-01"], **cells, **columns})


@given(st.text(min_size=1).filter(lambda name: name not in deid.PEOPLE and name not in PERSON_NUMBERS))
def test_any_column_that_is_not_listed_fails_the_export(name):
    """R8-7: the schema is an allow-list."""
    known = deid.profile_named("pseudonymised")
    if name in known.identifiers:
        return
    with pytest.raises(deid.UnknownColumn) as refused:
        deid.check_frames(people(**{name: ["x"]}), day_frame(), known)
    assert refused.value.field == f"people.{name[:64]}"


def test_a_column_for_my_number_refuses_the_export():
    """番号法: it must not exist, so it is not quietly dropped."""
    with pytest.raises(deid.UnknownColumn, match=r"people\.my_number"):
        deid.check_frames(people(my_number=["x"]), day_frame(), deid.profile_named("anonymised"))


def test_listed_identifiers_are_left_out_and_told():
    """The certificate names what was there and did not leave."""
    found = deid.check_frames(
        people(name=["x"], phone=["x"]), day_frame(source=["x"]), deid.profile_named("anonymised")
    )
    assert found == ["name", "phone", "source"]


def test_a_missing_or_doubled_column_is_refused():
    """Guessing which of two columns is meant could show the wrong one."""
    known = deid.profile_named("anonymised")
    with pytest.raises(BadFrame, match=r"day_summaries\.worn_minutes: the column is missing"):
        deid.check_frames(people(), day_frame().drop(columns="worn_minutes"), known)
    doubled = pd.concat([people(), people()[["sex"]]], axis=1)
    with pytest.raises(BadFrame, match=r"people\.sex: the column stands twice"):
        deid.check_frames(doubled, day_frame(), known)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-01-31", "2026-01-31"),
        (date(2026, 1, 31), "2026-01-31"),
        (pd.Timestamp("2026-01-31"), "2026-01-31"),
        ("2026-01-31T00:00:00", "NaT"),
        ("2026-01-31 09:30:00", "NaT"),
        (datetime(2026, 1, 31, 9, 30), "NaT"),  # noqa: DTZ001 - a time without zone is what is refused
        (pd.Timestamp("2026-01-31", tz="Asia/Tokyo"), "NaT"),
        ("2026-02-30", "NaT"),
        ("", "NaT"),
        (20260131, "NaT"),
        (None, "NaT"),
        (float("nan"), "NaT"),
    ],
)
def test_only_a_plain_civil_day_is_a_day(cell, day):
    """A time of day or a zone would be an instant."""
    column = pd.Series([cell], dtype=object)
    assert str(deid.civil_days(column, "f")[0]) == day


def test_a_typed_column_of_midnights_is_read_as_days():
    """What pandas makes of dates by itself."""
    column = pd.Series(pd.to_datetime(["2026-01-31", "2026-02-01", "2026-01-31"]))
    assert deid.civil_days(column, "f").astype(str).tolist() == ["2026-01-31", "2026-02-01", "2026-01-31"]


def test_cells_that_cannot_be_compared_are_refused_by_their_column():
    """Hostile cells give one clear error."""
    with pytest.raises(BadFrame, match="day: a cell is no day"):
        deid.civil_days(pd.Series([["2026-01-01"]]), "day")


@pytest.mark.parametrize(
    "cells",
    [
        *(["x"], [float("inf")], [1e13], [[1]], [object()], [1j], [1j, "x"], [10**400, "x"]),
        *([pd.Timestamp("2026-01-01")], [pd.Timedelta(1)], [pd.Period("2026-01")]),
    ],
)
def test_a_cell_that_is_no_finite_number_is_refused_without_its_value(cells):
    """Values must not stand in errors."""
    with pytest.raises(BadFrame) as refused:
        deid.numbers(pd.Series(cells, dtype=None if len(cells) == 1 else object), "day_summaries.mean")
    assert str(refused.value) == "day_summaries.mean: a cell is no number"


def test_gaps_are_no_numbers_and_are_kept_as_gaps():
    """Not every code has worn minutes."""
    assert np.isnan(deid.numbers(pd.Series([None, float("nan")]), "f")).all()
    assert deid.numbers(pd.Series([1, None], dtype="Int64"), "f")[0] == 1


def test_a_row_without_a_person_is_refused():
    """Nobody's row cannot be checked for consent."""
    with pytest.raises(BadFrame, match="person: a row has none"):
        deid.texts(pd.Series(["a", None]), "person")


@pytest.mark.parametrize(
    ("columns", "readable"),
    [
        ({}, True),
        ({"sex": ["male"]}, True),
        ({"sex": [None]}, True),
        ({"sex": ["山田"]}, False),
        ({"birth_date": [None]}, False),
        ({"birth_date": ["2026-07-02"]}, False),
        ({"birth_date": ["2026-07-01"]}, True),
        ({"birth_date": ["1856-01-01"]}, False),
        ({"district": [None]}, True),
        ({"district": ["=1+1"]}, False),
        ({"district": ["a\nb"]}, False),
        ({"district": ["x" * 65]}, False),
    ],
)
def test_people_whose_attributes_cannot_be_read_are_marked(columns, readable):
    """Unknown means no; the caller leaves out and counts."""
    assert deid.attributes(people(**columns), ON).readable.tolist() == [readable]


def shown(profile, cities=None, **columns):
    who = deid.attributes(people(**columns), ON)
    found = deid.levels(deid.profile_named(profile), who, ON, cities or {})
    return {name: [level.cells[0] for level in each] for name, each in found.items()}


@pytest.mark.parametrize(
    ("born", "bands"),
    [
        ("1956-07-01", ["70-74", "70-79", "65+"]),
        ("1956-07-02", ["65-69", "60-69", "65+"]),
        ("1961-07-02", ["60-64", "60-69", "0-64"]),
        ("1936-07-02", ["85-89", "80-89", "65+"]),
        ("1936-07-01", ["90+", "90+", "65+"]),
        ("1910-01-01", ["90+", "90+", "65+"]),
        ("2026-07-01", ["0-4", "0-9", "0-64"]),
    ],
)
def test_age_bands_turn_on_the_birthday_and_end_at_ninety(born, bands):
    """Ages of 90 and more are 特異な記述."""
    assert shown("anonymised", birth_date=[born])["birth_date"] == bands
    assert shown("pseudonymised", birth_date=[born])["birth_date"] == [born[:7], *bands]


def test_a_district_becomes_its_city():
    """仮名 may show the district, 匿名 only the city."""
    assert shown("pseudonymised", {"東町": "甲市"})["district"] == ["東町", "甲市"]
    assert shown("anonymised", {"東町": "甲市"})["district"] == ["甲市"]
    assert shown("anonymised")["district"] == ["city"]


def test_a_district_that_the_list_of_cities_lacks_is_refused():
    """A guess could show a district as a city."""
    with pytest.raises(BadFrame, match=r"people\.district: a district is missing in the list"):
        shown("anonymised", {"西町": "甲市"})


def test_the_sex_is_shown_in_one_spelling():
    """Two spellings would be two classes."""
    assert shown("anonymised", sex=["female"])["sex"] == shown("anonymised", sex=["F"])["sex"] == ["F"]


def test_nobody_has_attributes_of_the_right_kind_too():
    """An empty frame is a small population."""
    assert len(deid.attributes(people().iloc[:0], ON).readable) == 0


def test_the_hundred_and_first_person_is_coded_to_the_next():
    """R8-8: heights and weights outside the 1st and 99th percentile."""
    values, context = rows(np.arange(101.0), codes="8302-2")
    coded = coarsened(
        values, [Step("top_code", {"codes": ["8302-2", "absent"], "low": 1, "high": 99})], context
    )
    assert (coded[0], coded[1], coded[50], coded[100]) == (1.0, 1.0, 50.0, 99.0)
    untouched, other = rows(np.arange(101.0), codes="8867-4")
    same = coarsened(untouched, [Step("top_code", {"codes": ["8302-2"], "low": 1, "high": 99})], other)
    assert same.tolist() == untouched.tolist()


def test_percentiles_are_of_people_not_of_days():
    """A person who weighs every day must not move the bounds."""
    values, context = rows([50.0] * 50 + [60.0, 70.0, 80.0, 199.0], "w", [0] * 50 + [1, 2, 3, 4])
    coded = coarsened(values, [Step("top_code", {"codes": ["w"], "low": 1, "high": 99})], context)
    assert sorted(set(coded.tolist())) == [60.0, 70.0, 80.0]


def test_the_extreme_person_never_keeps_the_extreme_value():
    """In a small release the percentile lies beyond the extreme; the next person's value is taken."""
    values, context = rows([150.0, 160.0, 170.0, 180.0, 199.0], "8302-2")
    coded = coarsened(values, [Step("top_code", {"codes": ["8302-2"], "low": 1, "high": 99})], context)
    assert coded.tolist() == [160.0, 160.0, 170.0, 180.0, 180.0]


def test_each_action_on_values_does_what_it_says():
    """The words of deid.toml."""
    values, context = rows([71.26, 8123.4])
    assert coarsened(values, [Step("keep", {})], context).tolist() == [71.26, 8123.4]
    assert coarsened(values, [Step("drop", {})], context) is None
    assert np.isnan(coarsened(values, [Step("blank", {"codes": ["x"]})], context)).all()
    assert coarsened(values, [Step("round", {"digits": 3})], context).tolist() == [71.3, 8120.0]
    assert coarsened(values, [Step("band", {"width": 60})], context).tolist() == [60.0, 8100.0]
    assert coarsened(values, [Step("noise", {"share": 0.01})], context) == pytest.approx(values * 1.01)


def test_steps_are_done_in_their_order():
    """Noise after rounding would undo the rounding."""
    values, context = rows([71.26])
    assert coarsened(values, [Step("noise", {"share": 0.01}), Step("round", {"digits": 2})], context) == [
        72.0
    ]


@given(st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=6), st.integers(1, 9))
def test_rounding_keeps_order_and_stays_close(values, digits):
    """The least value of a day stays at most its mean, the mean at most the greatest."""
    before = np.sort(np.array(values))
    after = significant(before, digits)
    assert (np.diff(after) >= 0).all()
    assert (np.abs(after - before) <= np.abs(before) * 10.0 ** (1 - digits) + 1e-290).all()
