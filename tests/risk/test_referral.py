"""Referral values: for everybody, each exactly at its limit."""

import pytest

from risk.stratify import stratify
from tests.risk.build import a_checkup


def test_referral_is_computed_for_everybody():
    """R1-5: under 40, 75 and over, on drugs, undecided."""
    high = {"sbp": 185, "dbp": 95}
    for change in (
        {"age_fy_end": 30},
        {"age_fy_end": 80},
        {"med_bp": 1},
        {"waist_cm": ""},
        {"age_fy_end": ""},
    ):
        assert stratify(a_checkup(**high, **change)).referral == ("BP_III",)


@pytest.mark.parametrize(
    ("column", "below", "at", "label"),
    [
        ("sbp", 139, 140, "BP"),
        ("sbp", 159, 160, "BP_II"),
        ("sbp", 179, 180, "BP_III"),
        ("dbp", 89, 90, "BP"),
        ("dbp", 99, 100, "BP_II"),
        ("dbp", 109, 110, "BP_III"),
        ("tg_fasting", 299, 300, "TG"),
        ("tg_fasting", 499, 500, "TG_PROMPT"),
        ("tg_casual", 299, 300, "TG"),
        ("ldl", 139, 140, "LDL"),
        ("ldl", 179, 180, "LDL_PROMPT"),
        ("non_hdl", 169, 170, "NON_HDL"),
        ("non_hdl", 209, 210, "NON_HDL_PROMPT"),
        ("fpg", 125, 126, "FPG"),
        ("casual_glucose", 125, 126, "CASUAL_GLUCOSE"),
        ("hba1c_ngsp", 6.4, 6.5, "HBA1C"),
        ("ast", 50, 51, "AST"),
        ("alt", 50, 51, "ALT"),
        ("ggt", 100, 101, "GGT"),
        ("egfr", 45, 44.9, "EGFR"),
        ("hb", 12.1, 12.0, "HB"),
        ("urine_protein", 3, 4, "URINE_PROTEIN"),
        ("uric_acid", 7.9, 8.0, "URIC_ACID"),
    ],
)
def test_a_referral_value_counts_exactly_at_its_limit(column, below, at, label):
    """The table of referral values, each at its edge."""
    assert label in stratify(a_checkup(**{column: at})).referral
    assert label not in stratify(a_checkup(**{column: below})).referral


def test_haemoglobin_has_the_limit_of_the_sex():
    """12.0 counts for a man, 11.0 for a woman, nothing without a sex."""
    assert stratify(a_checkup(sex="F", hb=11.5)).referral == ()
    assert stratify(a_checkup(sex="F", hb=11.0)).referral == ("HB",)
    assert stratify(a_checkup(sex="", hb=9)).referral == ()


def test_a_wrong_draw_code_hides_no_high_glucose_from_referral():
    """Fasting and casual glucose have one referral limit; only a draw soon after a meal is left out."""
    assert stratify(a_checkup(draw_code=3, fpg=300)).referral == ("FPG",)
    assert stratify(a_checkup(draw_code="", fpg="", casual_glucose=300)).referral == ("CASUAL_GLUCOSE",)
    assert stratify(a_checkup(draw_code=4, fpg="", casual_glucose=300)).referral == ()
