"""The official stratification: the forty published cases, the boundary rules, and a second reading of the text."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.stratify import stratify, stratify_table
from tests.risk import oracle
from tests.risk.build import CASES, a_checkup


def word(value):
    return "NA" if value is None else str(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case_id"])
def test_each_published_case_has_its_level_path_risks_metabo_and_referral(case):
    """The forty cases of the rule set, every asserted column."""
    found = stratify(case)
    assert word(found.level) == case["expected_level"]
    assert found.path == case["expected_path"]
    if case["expected_risk_count"] != "-":
        assert len(found.risks) == int(case["expected_risk_count"])
    if case["expected_metabo"] != "?":
        assert word(found.metabo) == case["expected_metabo"]
    assert "+".join(found.referral) == case["expected_referral"]
    assert found.rule_version == "JP-TK-4-2024"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case_id"])
def test_each_published_case_under_the_either_reading_of_glucose(case):
    """Column if_or_rule: with glucose_rule "any" only the marked cases change."""
    expected = case["expected_level_if_or_rule"] or case["expected_level"]
    assert word(stratify(case, glucose_rule="any").level) == expected


def near(usual, *limits):
    """A usual value, a gap, or a value at, just below or just above a limit; gaps are rare enough to be decided."""
    steps = [round(limit + step, 1) for limit in limits for step in (-1, -0.1, 0, 0.1, 1)]
    return st.sampled_from([usual] * len(steps) + [None] * max(1, len(steps) // 4) + steps)


def rare(usual, limit):
    """Mostly not there: a column that stands in for another."""
    return st.sampled_from([None, None, usual, limit - 1, limit])


RANDOM = st.fixed_dictionaries(
    {
        "age_fy_end": st.sampled_from([None, 39, 40, 50, 50, 64, 65, 74, 75]),
        "sex": st.sampled_from(["M", "F", "M", "F", "M", None, "other"]),
        "waist_cm": near(80, 85, 90),
        "vfa_cm2": st.sampled_from([None, None, None, 99.9, 100.0]),
        "bmi": near(26, 25),
        "sbp": near(120, 130, 140, 160, 180),
        "dbp": near(75, 85, 90, 100, 110),
        "draw_code": st.sampled_from([2, 2, 3, 4, None]),
        "fpg": st.one_of(st.none(), near(90, 100, 110, 126)),
        "casual_glucose": st.one_of(rare(90, 100), rare(109, 126)),
        "hba1c_ngsp": st.one_of(st.none(), near(5.3, 5.6, 6.0, 6.5)),
        "tg_fasting": st.one_of(st.none(), near(100, 150, 300, 500)),
        "tg_casual": st.one_of(rare(100, 175), rare(150, 300)),
        "hdl": near(60, 40),
        "ldl": near(110, 140, 180),
        "smoking_code": st.sampled_from([1, 1, 2, 3, None]),
        "med_bp": st.sampled_from([2, 2, 2, 2, 1, None]),
        "med_glucose": st.sampled_from([2, 2, 2, 2, 2, 1, None]),
        "med_lipid": st.sampled_from([2, 2, 2, 2, 2, 1, None]),
    }
)


@settings(max_examples=400, deadline=None)
@given(RANDOM, st.sampled_from(["fpg_priority", "any"]), st.sampled_from([3, 4]), st.booleans())
def test_random_checkups_agree_with_trying_every_completion(case, rule, edition, casual):
    """Level, path, metabo and referral against a brute-force reading, with missing values."""
    version = {3: "JP-TK-3-2018", 4: "JP-TK-4-2024"}[edition]
    found = stratify(case, rule=version, glucose_rule=rule, metabo_casual=casual)
    assert word(found.level) == str(oracle.level(case, edition, rule))
    assert found.path == oracle.path(case)
    assert word(found.metabo) == str(oracle.metabo(case, edition, casual))
    assert "+".join(found.referral) == oracle.referral(case)


@settings(max_examples=60, deadline=None)
@given(st.lists(RANDOM, min_size=1, max_size=12))
def test_a_table_gives_what_each_of_its_rows_gives_alone(cases):
    """The form for a whole city and the form for one person are one rule."""
    df = pd.DataFrame(cases, index=[f"p{place}" for place in range(len(cases))])
    table = stratify_table(df)
    assert list(table.index) == list(df.index)
    for place, case in enumerate(cases):
        one, row = stratify(case), table.iloc[place]
        assert word(one.level) == ("NA" if row["level"] is pd.NA else str(row["level"]))
        assert word(one.metabo) == ("NA" if row["metabo"] is pd.NA else str(row["metabo"]))
        assert row["path"] == one.path
        assert row["risks"] == ("-" if one.level is None else "+".join(risk.name for risk in one.risks))
        assert row["risk_count"] == len(one.risks)
        assert row["missing"] == "+".join(one.missing)
        assert row["referral"] == "+".join(one.referral)
        assert row["rule_version"] == one.rule_version


@settings(max_examples=100, deadline=None)
@given(RANDOM)
def test_filling_a_gap_never_contradicts_a_decided_level(case):
    """1.5: a level that was decided with gaps stays the level however the gaps are filled."""
    decided = stratify(case).level
    if decided in (1, 2, 3):
        for smoking in (1, 3):
            for answer in (1, 2):
                filled = {**case, "smoking_code": case["smoking_code"] or smoking}
                filled |= {name: case[name] or answer for name in ("med_bp", "med_glucose", "med_lipid")}
                filled["hdl"] = 60 if case["hdl"] is None else case["hdl"]
                assert stratify(filled).level == decided


def test_the_second_reading_counts_and_nothing_is_averaged_again():
    """E1: 138/84 then 121/83 with no stored average: 121/83 is compared, no risk."""
    readings = {"sbp1": 138, "dbp1": 84, "sbp2": 121, "dbp2": 83}
    checkup = {name: value for name, value in a_checkup().items() if name not in ("sbp", "dbp")}
    assert stratify({**checkup, **readings}).risks == ()
    assert [risk.name for risk in stratify({**checkup, **readings, "sbp_avg": 130}).risks] == ["BP"]
    assert stratify({**checkup, **readings, "sbp_avg": 129.5, "dbp_avg": 83.5}).risks == ()
    assert [risk.name for risk in stratify({**checkup, "sbp1": 138, "dbp1": 84}).risks] == ["BP"]


def test_a_body_mass_index_is_compared_at_one_decimal():
    """E2: 170.0 cm and 72.2 kg give 24.98, which is stored as 25.0: path B."""
    checkup = a_checkup(waist_cm=80, bmi="", height_cm=170.0, weight_kg=72.2)
    assert stratify(checkup).path == "B"
    assert stratify({**checkup, "bmi": 24.9}).path == "none"


@pytest.mark.parametrize("name", ["hba1c_jds", "3D045000001906202"])
def test_a_jds_value_is_refused_with_the_way_out(name):
    """E3: HbA1c in JDS units is never compared."""
    with pytest.raises(BadInput, match="convert it to NGSP") as refused:
        stratify(a_checkup(**{name: "5.4"}))
    assert refused.value.field == name
    assert stratify(a_checkup(**{name: ""})).level == 3


@pytest.mark.parametrize("text", ["H 2100", "2100H", "H:2100", "2100"])
def test_a_marked_value_counts_with_its_real_number(text):
    """E4: H or L beside the real value: the value counts, and the mark is kept as a doubt."""
    found = stratify(a_checkup(tg_fasting=text))
    assert [risk.name for risk in found.risks] == ["LIPID"]
    assert found.quality == (() if text == "2100" else ("tg_fasting:H",))


def test_a_mark_without_a_number_is_a_missing_value():
    """E4: H alone says nothing that could be compared."""
    found = stratify(a_checkup(tg_fasting="H"))
    assert (found.level, found.missing, found.quality) == (4, ("tg",), ("tg_fasting:H",))


@pytest.mark.parametrize(("draw", "fasting", "casual"), [(2, 2, 2), (3, 4, 2), (4, 4, 4), ("", 2, 4)])
def test_the_draw_code_says_which_column_counts(draw, fasting, casual):
    """Fasting values need 10 h or no code; casual values need a code other than 4; unusable is missing."""
    nothing = {"draw_code": draw, "fpg": "", "hba1c_ngsp": "", "tg_fasting": "", "hdl": 39}
    assert stratify(a_checkup(**nothing | {"fpg": 90})).level == fasting
    assert stratify(a_checkup(**nothing | {"casual_glucose": 90})).level == casual


def test_casual_triglycerides_count_from_april_2024():
    """E5: the edition is that of the day of the check-up; a casual 180 counts on 1 April 2024, not the day before."""
    checkup = a_checkup(draw_code=3, fpg="", tg_fasting="", tg_casual=180)
    before = stratify({**checkup, "checkup_date": "2024-03-31"})
    after = stratify({**checkup, "checkup_date": "2024-04-01"})
    assert (before.rule_version, before.level, before.missing) == ("JP-TK-3-2018", 4, ("tg",))
    assert (after.rule_version, after.level) == ("JP-TK-4-2024", 2)


def test_a_measured_waist_counts_before_a_reported_one():
    """E6: measured before self-measured before reported."""
    checkup = a_checkup(waist_cm="", sbp=135)
    both = {"9N016160100000001": 84, "9N016160300000001": 90}
    assert stratify({**checkup, **both}).path == "none"
    assert stratify({**checkup, "waist_self_cm": 90, "waist_reported_cm": 80}).path == "A"
    assert stratify({**checkup, "waist_cm": 80, "waist_method": 3, "waist_self_cm": 90}).path == "A"
    assert stratify({**checkup, "waist_cm": 80, "waist_method": 1, "waist_self_cm": 90}).path == "none"


@pytest.mark.parametrize("sex", ["other", "", None, "不明", "3"])
def test_without_a_sex_the_waist_has_no_limit_and_nothing_is_decided(sex):
    """E7: undecided, unless the fat area was measured or a drug answer is yes."""
    found = stratify(a_checkup(sex=sex, waist_cm=99))
    assert (found.level, found.path, found.metabo, found.missing) == (4, "unknown", 4, ("sex",))
    assert stratify(a_checkup(sex=sex, vfa_cm2=100, sbp=130)).level == 2
    assert stratify(a_checkup(sex=sex, med_bp=1)).level == 3


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        ("1985-04-01", "2024-06-01", 40),
        ("1985-04-02", "2024-06-01", 39),
        ("1985-04-01", "2025-03-31", 40),
        ("1985-04-02", "2025-04-01", 40),
        ("1950-04-02", "2024-04-01", 74),
        ("1950-04-01", "2024-04-01", 75),
    ],
)
def test_the_age_is_that_of_the_end_of_the_fiscal_year(born, day, age):
    """A person born on 1 April reaches the age on 31 March; targets are 40 to 74."""
    checkup = a_checkup(age_fy_end="", birth_date=born, checkup_date=day)
    found = stratify(checkup)
    assert found.level == (3 if 40 <= age <= 74 else None)
    assert found.path == ("A" if 40 <= age <= 74 else "-")


@pytest.mark.parametrize("text", ["2024/06/01", "20240601", " 2024-06-01 ", pd.Timestamp("2024-06-01")])
def test_days_are_read_in_the_usual_forms(text):
    """A day is a civil day however it is written."""
    assert stratify(a_checkup(checkup_date=text)).rule_version == "JP-TK-4-2024"


def test_a_given_age_that_differs_from_the_birth_date_is_a_doubt():
    """The delivered age counts; the difference is not hidden."""
    found = stratify(a_checkup(birth_date="1970-01-01", checkup_date="2024-06-01"))
    assert found.quality == ("age_fy_end:differs",)


def test_without_age_nothing_is_decided():
    """Without an age even the question whether the person is a target is open."""
    found = stratify(a_checkup(age_fy_end=None, med_bp=1))
    assert (found.level, found.metabo, found.missing) == (4, 4, ("age",))


def test_a_table_leaves_out_what_it_cannot_use_and_says_so():
    """One broken cell does not stop the judgement of a city."""
    df = pd.DataFrame([a_checkup(), a_checkup(sbp="abc", sex="Q", birth_date="x")])
    table = stratify_table(df)
    assert list(table["level"]) == [3, 4]
    assert table["quality"].iloc[1] == "sbp:unusable+birth_date:unusable+sex:unusable"
    with pytest.raises(BadInput) as refused:
        stratify_table(df, bad="refuse")
    assert (refused.value.row, refused.value.field) == (1, "sbp")


def test_a_table_takes_nullable_numbers_dates_and_an_empty_frame():
    """The dtypes a database reader gives."""
    df = pd.DataFrame([a_checkup(sbp=None, waist_cm=None)] * 2)
    df["sbp"] = pd.array([135, None], dtype="Int64")
    df["waist_cm"] = np.array([90.0, np.nan])
    df["checkup_date"] = pd.to_datetime(["2024-03-31", None])
    table = stratify_table(df)
    assert list(table["level"]) == [2, 4]
    assert list(table["rule_version"]) == ["JP-TK-3-2018", "JP-TK-4-2024"]
    assert stratify_table(df.iloc[:0]).empty


def test_choices_that_do_not_exist_are_refused():
    """A misspelt rule must not silently become the default."""
    for wrong in ({"rule": "JP-TK-5"}, {"glucose_rule": "or"}):
        with pytest.raises(BadInput):
            stratify(a_checkup(), **wrong)
    with pytest.raises(BadInput):
        stratify_table(pd.DataFrame([a_checkup()]), bad="guess")
    with pytest.raises(BadInput):
        stratify_table(pd.DataFrame([[1, 2]], columns=["sbp", "sbp"]))


def test_the_result_names_the_columns_it_used():
    """R1-1: the caller can list the observations a level stands on."""
    found = stratify({"age_fy_end": 50, "sex": "M", "waist_cm": 90, "sbp": 135, "dbp": None, "note": "x"})
    assert found.used == ("waist_cm", "sbp", "age_fy_end", "sex")
