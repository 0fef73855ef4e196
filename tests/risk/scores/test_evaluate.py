"""Published scores: the worked cases, each against a second writing of its table, and what a score must never do."""

import math
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.scores.evaluate import score
from risk.scores.model import PUBLISHED, load
from risk.scores.words import lines, missing, tell
from tests.risk.scores.oracle import SCORES
from tests.risk.scores.people import a_person, people


def columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def risk_of(name, **fields):
    return tell(name, fields, taken_as_no=True).risk


@pytest.mark.parametrize(
    ("fields", "percent", "group"),
    [
        (a_person(), 6.0, "medium"),
        ({"age": 62, "sex": "F", "sbp": 118, "ldl": 110, "hdl": 65, "smoking": 3, "fpg": 90}, 1.7, "low"),
        ({"age": 72, "sex": "M", "sbp": 165, "ldl": 165, "hdl": 38, "smoking": 1, "fpg": 115}, 41.1, "high"),
    ],
)
def test_the_worked_cases_of_hisayama(fields, percent, group):
    """The three people of the reference with their percentage and group."""
    told = tell("hisayama", fields, taken_as_no=True)
    assert told.risk == pytest.approx(percent / 100)
    assert told.group[1] == group
    assert (told.lower, told.upper) == (None, None)  # the publication gives no interval


@pytest.mark.parametrize("age", [39, 80])
def test_an_age_outside_the_score_gives_no_number(age):
    """Out of range no number is invented, and the line says why."""
    told = tell("hisayama", a_person(age=age), taken_as_no=True)
    assert told.risk is None
    assert told.reasons[0].en == "age: the score is for people of 40 to 79"


@pytest.mark.parametrize("change", [{"fpg": 126}, {"fpg": None, "hba1c_ngsp": 6.5}, {"diabetes": 1}])
def test_diabetes_is_outside_hisayama(change):
    """The score was not made for people with diabetes."""
    told = tell("hisayama", a_person(**change), taken_as_no=True)
    assert told.risk is None
    assert told.reasons[0].label == "diabetes"


@pytest.mark.parametrize("name", ["hist_heart", "hist_stroke", "hist_renal", "ckd", "pad", "fh"])
def test_a_condition_that_the_score_leaves_out_gives_no_number(name):
    """Who was not among the people of the study gets no number from it."""
    assert risk_of("hisayama", **a_person(**{name: 1})) is None
    assert risk_of("hisayama", **a_person(**{name: 2})) == pytest.approx(0.06)


def test_a_low_egfr_is_outside_hisayama():
    """Chronic kidney disease is left out also where only the value tells it."""
    assert risk_of("hisayama", **a_person(egfr=59.9)) is None
    assert risk_of("hisayama", **a_person(egfr=60)) == pytest.approx(0.06)


def test_the_published_example_of_the_stroke_score():
    """M 48, BMI 26, smoker, 145/89 untreated, diabetes: 32 points, 7 to below 8 %."""
    person = a_person(age=48, sbp=145, dbp=89, bmi=26, fpg=130, med_bp=2)
    told = tell("jphc-stroke", person, taken_as_no=True)
    assert told.points == 32
    assert (told.text, told.risk, told.lower, told.upper) == ("7-<8 %", 0.075, 0.07, 0.08)


def test_a_woman_who_smokes_gets_eight_points_for_stroke():
    """The table has another number for women who smoke."""
    person = {"age": 42, "bmi": 20, "sbp": 110, "dbp": 70, "fpg": 90, "med_bp": 2, "smoking": 1}
    assert tell("jphc-stroke", {**person, "sex": "F"}, taken_as_no=True).points == 8
    assert tell("jphc-stroke", {**person, "sex": "M"}, taken_as_no=True).points == 10


def test_the_printed_example_of_suita():
    """A magazine's example of the guideline's table: F 50, 125/85, HDL 60, LDL 90 are 25 points, low."""
    told = tell("suita", a_person(age=50, sex="F", sbp=125, hdl=60, ldl=90, smoking=3, family_chd=0))
    assert told.risk is None  # asked strictly, history is not known
    told = tell("suita", a_person(age=50, sex="F", sbp=125, hdl=60, ldl=90, smoking=3), taken_as_no=True)
    assert (told.points, told.group[1], told.text) == (25, "low", "<1 %")


@pytest.mark.parametrize(
    ("fields", "percent"),
    [
        (
            {"age": 55, "sex": "M", "tc": 213, "hdl": 50, "sbp": 140, "med_bp": 2, "smoking": 3, "fpg": 90},
            13.53,
        ),
        (
            {"age": 61, "sex": "F", "tc": 180, "hdl": 47, "sbp": 124, "med_bp": 2, "smoking": 1, "fpg": 90},
            10.48,
        ),
        (
            {"age": 53, "sex": "M", "tc": 161, "hdl": 55, "sbp": 125, "med_bp": 1, "smoking": 3, "fpg": 140},
            15.62,
        ),
    ],
)
def test_the_worked_cases_of_framingham(fields, percent):
    """The three people of the reference, to the second decimal."""
    assert round(100 * risk_of("framingham", **fields), 2) == percent


def test_the_example_of_framingham_without_laboratory():
    """The example of a published package: M 55, BMI 30, SBP 140, nothing else: 16.7 %."""
    fields = {"age": 55, "sex": "M", "bmi": 30, "sbp": 140, "med_bp": 2, "smoking": 3, "fpg": 90}
    assert round(100 * risk_of("framingham-bmi", **fields), 1) == 16.7


def test_a_limit_of_findrisc_belongs_to_the_lower_option():
    """BMI 30 and a waist of 88 cm are still in the middle option of the form."""
    fields = {"age": 40, "sex": "F", "exercise": 1, "fpg": 90}
    assert tell("findrisc", {**fields, "bmi": 30, "waist_cm": 88}, taken_as_no=True).points == 4
    assert tell("findrisc", {**fields, "bmi": 30.1, "waist_cm": 88.1}, taken_as_no=True).points == 7


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=12)
@given(rows=st.lists(people, min_size=15, max_size=40))
def test_columns_agree_with_the_table_read_person_by_person(name, rows):
    """The columnar form is the printed table, at every edge and with every input missing."""
    scored = score(name, columns(rows), len(rows), taken_as_no=True)
    expected = [SCORES[name](row) for row in rows]
    np.testing.assert_allclose(scored.risk, [math.nan if x is None else x for x in expected], rtol=1e-12)


@pytest.mark.parametrize("name", PUBLISHED)
@settings(max_examples=6)
@given(rows=st.lists(people, min_size=2, max_size=10), turn=st.randoms())
def test_the_order_of_rows_does_not_matter(name, rows, turn):
    """A row is scored by itself."""
    order = list(range(len(rows)))
    turn.shuffle(order)
    one = score(name, columns(rows), len(rows), taken_as_no=True)
    two = score(name, columns([rows[place] for place in order]), len(rows), taken_as_no=True)
    np.testing.assert_array_equal(one.risk[order], two.risk)
    assert lines(one)[order].tolist() == lines(two).tolist()
    assert missing(one)[order].tolist() == missing(two).tolist()


@pytest.mark.parametrize("name", PUBLISHED)
@settings(max_examples=12)
@given(row=people, more=st.integers(1, 60))
def test_a_higher_pressure_never_lowers_the_risk(name, row, more):
    """The scores rise with systolic blood pressure, and with smoking."""
    if row["sbp"] is None:
        return
    rows = [row, {**row, "sbp": row["sbp"] + more}, {**row, "smoking": 3}, {**row, "smoking": 1}]
    risk = score(name, columns(rows), 4, taken_as_no=True).risk
    assert not risk[1] < risk[0]
    assert not risk[3] < risk[2]


@pytest.mark.parametrize("name", PUBLISHED)
@settings(max_examples=12)
@given(row=people)
def test_the_bounds_hold_every_answer_that_is_missing(name, row):
    """Where one yes-or-no answer is missing, each of its answers gives a risk between lower and upper."""
    for question, answers in (("smoking", (1, 3)), ("med_bp", (1, 2))):
        full = {**row, question: answers[0]}
        open_row = score(name, columns([{**full, question: None}]), 1, taken_as_no=True)
        for answer in answers:
            risk = score(name, columns([{**full, question: answer}]), 1, taken_as_no=True).risk[0]
            if not np.isnan(risk) and not np.isnan(open_row.lower[0]):
                assert open_row.lower[0] - 1e-12 <= risk <= open_row.upper[0] + 1e-12


def test_nothing_is_filled_in_for_a_missing_input():
    """An empty cell gives no number, names its column, and bounds what the number could be."""
    told = tell("hisayama", a_person(sbp=None), taken_as_no=True)
    assert (told.risk, told.missing) == (None, ("sbp",))
    assert (told.lower, told.upper) == pytest.approx((0.039, 0.069))


@pytest.mark.parametrize("name", ["age", "sex", "ldl", "hdl", "smoking", "fpg"])
def test_each_missing_column_is_named(name):
    """What to ask for is said in the words of the table."""
    person = {key: value for key, value in a_person().items() if key != name}
    told = tell("hisayama", person, taken_as_no=True)
    assert (told.risk, told.missing) == (None, (name,))


def test_a_person_of_unknown_sex_gets_no_number():
    """A score has a table for men and one for women and none besides."""
    told = tell("framingham", a_person(sex="不明", tc=200, med_bp=2), taken_as_no=True)
    assert (told.risk, told.lower, told.missing) == (None, None, ("sex",))


def test_strictly_every_question_must_be_answered():
    """For residents nothing is taken as answered by no: history and family are asked for."""
    told = tell("hisayama", a_person())
    assert told.risk is None
    assert set(told.missing) == {"hist_heart", "hist_stroke", "ckd", "pad", "fh"}
    asked = dict.fromkeys(("hist_heart", "hist_stroke", "ckd", "pad", "fh"), 0)
    assert tell("hisayama", a_person(**asked)).risk == pytest.approx(0.06)


def test_a_question_taken_as_no_is_said_and_bounded():
    """A file without a column on drugs: the number is for no drugs, the upper bound for drugs, and both are said."""
    person = a_person(tc=213, bmi=24)
    scored = score("framingham", {key: [value] for key, value in person.items()}, 1, taken_as_no=True)
    assert scored.risk[0] == scored.lower[0] < scored.upper[0]
    assert "taken as no: hist_heart, hist_stroke, med_bp" in lines(scored)[0]
    assert missing(scored)[0] == "med_bp"
    treated = risk_of("framingham", **person, med_bp=1)
    assert scored.upper[0] == pytest.approx(treated)


def test_an_empty_cell_is_never_taken_as_no():
    """One person without an answer in a file that asks is not a person who said no."""
    rows = [a_person(tc=213, med_bp=2), a_person(tc=213, med_bp=None)]
    scored = score("framingham", columns(rows), 2, taken_as_no=True)
    assert np.isnan(scored.risk).tolist() == [False, True]
    assert missing(scored).tolist() == ["", "med_bp"]


def test_ldl_is_computed_only_from_fasting_values_below_400():
    """Friedewald: TC - HDL - TG/5, and the line says so."""
    person = {**a_person(), "ldl": None, "tc": 215, "tg_fasting": 100}
    told = tell("hisayama", person, taken_as_no=True)
    assert told.points == 15
    scored = score("hisayama", columns([person]), 1, taken_as_no=True)
    assert "ldl computed from tc, hdl and tg_fasting" in lines(scored)[0]
    assert risk_of("hisayama", **{**person, "tg_fasting": 400}) is None


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_hundred_thousand_people_are_scored_within_two_seconds(name):
    """A city is scored while somebody waits, words included."""
    n = 100_000
    source = np.random.default_rng(1)
    table = {
        "age": source.integers(30, 90, n),
        "sex": source.choice(["M", "F"], n),
        "smoking": source.integers(1, 4, n),
        "exercise": source.integers(0, 2, n),
    }
    for column, low, high in (
        *(("sbp", 90, 200), ("dbp", 50, 120), ("bmi", 16, 40), ("waist_cm", 60, 120), ("ldl", 50, 250)),
        *(("hdl", 20, 120), ("tc", 100, 350), ("fpg", 70, 140)),
    ):
        table[column] = source.integers(low, high, n)
    begun = process_time()
    scored = score(name, table, n, taken_as_no=True)
    assert len(lines(scored)) == len(missing(scored)) == n
    assert process_time() - begun < 2


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_empty_table_is_scored_to_an_empty_table(name):
    """No rows are no error."""
    scored = score(name, {"age": [], "sex": []}, 0, taken_as_no=True)
    assert (len(scored.risk), len(lines(scored)), len(missing(scored))) == (0, 0, 0)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_score_says_where_it_is_from_and_for_whom(name):
    """A number without a source, a range and an outcome is not shipped."""
    published = load(name)
    citation = published.citation
    assert all((citation.authors, citation.title, citation.journal, citation.doi.startswith("10.")))
    assert 1990 < citation.year < 2027
    assert published.population
    assert published.outcome["ja"]
    assert published.outcome["en"]
    assert published.version
    assert published.horizon_years == 10


def test_scores_from_elsewhere_are_not_for_residents():
    """Framingham overestimates in Japan and FINDRISC is calibrated for Finns: comparison only."""
    assert {name for name in PUBLISHED if load(name).residents} == {"hisayama", "suita", "jphc-stroke"}
