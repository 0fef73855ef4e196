"""What a score reads: values in the wrong unit are refused with their cell, and nothing is guessed."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.scores.inputs import known, read


def one(**fields):
    return read({name: [value] for name, value in fields.items()}, 1)


def problem(**fields):
    with pytest.raises(BadInput) as caught:
        one(**fields)
    return str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("fpg", 5.5, "row 0, fpg: looks like mmol/L; give mg/dL"),
        ("ldl", 3.4, "row 0, ldl: looks like mmol/L; give mg/dL"),
        ("hdl", "1.3", "row 0, hdl: looks like mmol/L; give mg/dL"),
        ("tc", 5.2, "row 0, tc: looks like mmol/L; give mg/dL"),
        ("hba1c_ngsp", 42, "row 0, hba1c_ngsp: looks like IFCC mmol/mol; give %"),
        ("waist_cm", 34, "row 0, waist_cm: looks like inches; give cm"),
        ("sbp", 18.6, "row 0, sbp: looks like kPa; give mm[Hg]"),
        ("sbp", 999, "row 0, sbp: is outside 40 to 300"),
        ("age", 131, "row 0, age: is outside 0 to 130"),
        ("smoking", 4, "row 0, smoking: is none of the codes 1, 2, 3"),
        ("med_bp", 3, "row 0, med_bp: is none of the codes 0, 1, 2"),
        ("sex", "W", "row 0, sex: is neither M nor F nor a word for unknown"),
        ("sbp", "12O", "row 0, sbp: is not a number"),
        ("sbp", "1e2", "row 0, sbp: is not a number"),
        ("sbp", True, "row 0, sbp: is not a number"),
        ("sbp", [120], "row 0, sbp: is not a number"),
        ("sbp", 10**400, "row 0, sbp: is not a number"),
        ("sbp", Decimal("Infinity"), "row 0, sbp: is not a number"),
    ],
)
def test_a_value_that_cannot_be_true_is_refused_with_its_cell(column, value, said):
    """One sentence names the cell and the likely unit, never the value."""
    assert problem(**{column: value}) == said


def test_hba1c_in_jds_is_refused():
    """A JDS value is lower than the same NGSP value; an empty JDS column is no harm."""
    assert problem(hba1c_jds=5.8) == "row 0, hba1c_jds: is a JDS value; convert it to NGSP"
    assert np.isnan(one(hba1c_jds="")["hba1c_ngsp"][0])


def test_two_names_of_one_column_are_refused():
    """Which of the two was meant is not guessed."""
    assert problem(sbp=120, sbp_avg=121) == "sbp_avg: means the same as sbp; give one of the two"


@pytest.mark.parametrize("column", ["text", 7, np.zeros((1, 1)), [1, 2]])
def test_what_is_no_column_is_refused(column):
    """A text, a number, a square and a column of another length are no column of this table."""
    with pytest.raises(BadInput, match=r"^sbp: "):
        read({"sbp": column}, 1)


@pytest.mark.parametrize("value", ["", "-", "NA", "未実施", None, float("nan"), pd.NA, pd.NaT, "H"])
def test_what_was_not_measured_is_missing(value):
    """The usual signs for nothing are nothing, and so is a mark without its number."""
    assert np.isnan(one(fpg=value)["fpg"][0])


@pytest.mark.parametrize(
    "value", ["120", "１２０", " 120 ", "120.0", 120, 120.0, Decimal(120), np.int64(120), "H 120"]
)
def test_a_number_is_read_in_every_form_it_comes_in(value):
    """Full-width digits, spaces, exact decimals and marked values are the same number."""
    assert one(sbp=value)["sbp"][0] == 120


@pytest.mark.parametrize(
    ("word", "male"), [("M", 1), ("1", 1), (1.0, 1), ("男", 1), ("F", 0), (2, 0), ("女性", 0)]
)
def test_the_sex_is_read_in_every_form_it_comes_in(word, male):
    """The city's codes, letters and Japanese words."""
    assert one(sex=word)["male"][0] == male


def test_a_missing_value_can_be_left_out_instead():
    """One broken cell does not stop a table where the caller asks for that; it is named."""
    found = read({"sbp": [120, 999], "sex": ["M", "W"], "hba1c_jds": ["", 5.8]}, 2, bad="missing")
    assert np.isnan(found["sbp"]).tolist() == [False, True]
    assert found.quality == [(1, "hba1c_jds", "unusable"), (1, "sbp", "unusable"), (1, "sex", "unusable")]
    with pytest.raises(BadInput, match="bad: "):
        read({}, 0, bad="guess")


@pytest.mark.parametrize(
    ("fields", "disorder", "diabetes"),
    [
        ({"fpg": 109}, 0, 0),
        ({"fpg": 110}, 1, 0),
        ({"fpg": 125}, 1, 0),
        ({"fpg": 126}, 1, 1),
        ({"fpg": 100, "hba1c_ngsp": 6.4}, 0, 0),
        ({"hba1c_ngsp": 5.9}, 0, 0),
        ({"hba1c_ngsp": 6.0}, 1, 0),
        ({"hba1c_ngsp": 6.5}, 1, 1),
        ({"fpg": 100, "med_glucose": 1}, 1, 1),
        ({"fpg": 100, "diabetes": 1}, 1, 1),
        ({"fpg": 100, "glucose_disorder": 1}, 1, 0),
        ({"glucose_disorder": 2, "diabetes": 2}, 0, 0),
    ],
)
def test_glucose_becomes_an_answer_at_its_limits(fields, disorder, diabetes):
    """Fasting glucose first; HbA1c decides a disorder only where glucose was not measured; a drug is diabetes."""
    values = one(**fields)
    assert (values["glucose_disorder"][0], values["diabetes"][0]) == (disorder, diabetes)


def test_without_any_glucose_nothing_is_known():
    """No value and no answer is not "no diabetes"."""
    values = one(sbp=120)
    assert np.isnan(values["diabetes"][0])
    assert np.isnan(values["glucose_disorder"][0])


def test_every_range_has_a_unit():
    """The reviewed file says the unit of each column."""
    assert all(each.unit and each.low < each.high for each in known().measured.values())


@settings(max_examples=60)
@given(
    column=st.sampled_from([*known().measured, *known().coded, "sex"]),
    value=st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary(), st.lists(st.integers())
    ),
)
def test_any_value_is_read_or_refused(column, value):
    """Hostile input gives a number, nothing, or one clear error that does not repeat it."""
    refused = None
    try:
        one(**{column: value})
    except BadInput as error:
        refused = error
    assert refused is None or (refused.field, refused.row) == (column, 0)
