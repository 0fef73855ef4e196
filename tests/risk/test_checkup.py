"""Reading check-ups: what is accepted, what is refused by name, and that junk never escapes as another error."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.checkup import read
from risk.errors import BadInput
from risk.stratify import stratify, stratify_table
from tests.risk.build import a_checkup


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sbp": "abc"}, "sbp"),
        ({"sbp": "inf"}, "sbp"),
        ({"sbp": "nan"}, "sbp"),
        ({"sbp": [1]}, "sbp"),
        ({"sbp": [1, 2]}, "sbp"),
        ({"sbp": 1j}, "sbp"),
        ({"sbp": np.complex128(120)}, "sbp"),
        ({"sbp": Decimal("sNaN")}, "sbp"),
        ({"sbp": 10**400}, "sbp"),
        ({"sbp": -1}, "sbp"),
        ({"waist_cm": 850}, "waist_cm"),
        ({"hba1c_ngsp": 42}, "hba1c_ngsp"),
        ({"draw_code": 7}, "draw_code"),
        ({"smoking_code": "yes"}, "smoking_code"),
        ({"med_bp": 0}, "med_bp"),
        ({"med_bp": True}, "med_bp"),
        ({"sex": "Q"}, "sex"),
        ({"age_fy_end": 200}, "age_fy_end"),
        ({"age_fy_end": 50.5}, "age_fy_end"),
        ({"birth_date": "1985-02-30"}, "birth_date"),
        ({"birth_date": 5}, "birth_date"),
        ({"sbp_avg": 120}, "sbp"),
        ({"tg_fasting": "H1.2.3"}, "tg_fasting"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(change, field):
    """One typed error naming the field, never the value."""
    with pytest.raises(BadInput) as refused:
        stratify(a_checkup(**change))
    assert refused.value.field == field


JUNK = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.binary(max_size=4),
    st.just([1]),
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*a_checkup(), "birth_date", "checkup_date", "hba1c_jds", "x"]), JUNK))
def test_any_junk_gives_a_result_or_one_typed_error(junk):
    """Input is hostile: never another exception; in a table, unusable values are left out and named."""
    try:
        stratify(junk)
    except BadInput as error:
        assert error.field in junk  # noqa: PT017 - both outcomes are allowed
    table = stratify_table(
        pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in junk.items()})
    )
    assert len(table) <= 1


def test_numbers_are_read_in_every_usual_form():
    """Full-width digits, signs, decimals of a database, numpy numbers; what was not measured is missing."""
    for value in (
        "130",
        "+130.0",
        "130.",
        np.int64(130),
        np.float32(130),
        Decimal("130.0"),
        130,
        130.0,
        "H130",
    ):
        assert [risk.name for risk in stratify(a_checkup(sbp=value)).risks] == ["BP"]
    for value in ("", " ", "-", "NA", "未実施", "測定不能", None, np.nan, pd.NA):
        assert stratify(a_checkup(sbp=value)).missing == ("sbp",)


def test_columns_that_are_no_columns_are_refused():
    """A panel is read from columns of one length."""
    for wrong in ("130", 130, [130, 131], np.zeros((1, 1)), np.array(["2024-01-01"], dtype="datetime64[D]")):
        with pytest.raises(BadInput) as refused:
            read({"sbp": wrong}, 1)
        assert refused.value.field == "sbp"


def test_a_broken_age_is_left_out_of_a_table():
    """Half a year is no age at the end of a fiscal year."""
    table = stratify_table(pd.DataFrame([a_checkup(age_fy_end=50.5)]))
    assert (table["level"].iloc[0], table["missing"].iloc[0]) == (4, "age")
