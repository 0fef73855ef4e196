"""Reasons and changes: true to the tables, readable, and without a word that names an illness or promises."""

import numpy as np
import pytest

from risk.model.artifact import shipped
from risk.model.explain import LESS, changes, reasons, result, stepped, words
from risk.model.inputs import standard
from risk.model.score import score
from tests.risk.model.build import a_person

NOT_USED = (
    "糖尿病",
    "診断",
    "病気",
    "治",
    "必ず",
    "diabetes",
    "diagnos",
    "disease",
    "ill ",
    "will ",
    "cure",
    "should",
)


def test_the_reasons_are_the_inputs_that_count_most():
    """Those that raise, the strongest first; the value and its unit are cited."""
    person = a_person()
    found = reasons(person, score(person), 0)
    up = [reason for reason in found if reason.factor > 1]
    assert [reason.factor for reason in up] == sorted((reason.factor for reason in up), reverse=True)
    assert up[0].input == "hba1c_ngsp"
    assert up[0].ja.startswith("HbA1c 5.8 %(ほかが同じ平均的な人の")
    assert up[0].en.startswith("HbA1c 5.8 % (")


def test_what_lowers_is_told_as_well():
    """A young person with a low HbA1c."""
    person = a_person(age=30, hba1c_ngsp=4.8)
    lowering = {reason.input for reason in reasons(person, score(person), 0) if reason.factor < 1}
    assert {"age", "hba1c_ngsp"} <= lowering


def test_an_input_that_is_not_there_is_no_reason():
    """Its level counts, but nobody can read a value that was not given."""
    person = a_person(hba1c_ngsp=None, fpg=None, smoking=None)
    found = result(person, score(person), 0)
    assert "smoking" in found.missing
    assert "smoking" not in {reason.input for reason in found.reasons}
    assert "smoking" not in found.used
    assert "smoking" not in words(score(person))[0]


def test_a_result_lists_exactly_the_inputs_it_stands_on():
    """For the basis of what is stored."""
    person = a_person(waist_cm=None)
    found = result(person, score(person), 0)
    assert found.variant == "glucose-and-hba1c"
    assert found.version == shipped().version
    assert set(found.used) == set(standard().input) - {"waist_cm"}
    assert found.missing == ("waist_cm",)
    assert found.lower < found.risk < found.upper
    assert found.refused == ()


def test_changes_are_steps_a_person_can_take_and_leave_less_risk():
    """Never age, sex or a blood value; the one that leaves least first; the shown risk is the model's own."""
    person = a_person(hba1c_ngsp=None, fpg=None)
    risk = float(score(person).risk[0])
    found = changes(person, risk, shipped())
    assert found
    assert [change.risk for change in found] == sorted(change.risk for change in found)
    for change in found:
        assert change.input in {"bmi", "waist_cm", "sbp", "smoking", "exercise"}
        assert change.risk < LESS * risk
        moved = person.replaced({change.input: np.array([change.after])})
        assert score(moved).risk[0] == change.risk


@pytest.mark.parametrize(
    ("name", "value", "after"),
    [
        ("bmi", 30.0, 28.5),
        ("bmi", 22.5, 22.0),
        ("bmi", 21.0, 21.0),
        ("waist_cm", 94.0, 90.0),
        ("smoking", 2.0, 1.0),
        ("smoking", 1.0, 1.0),
        ("exercise", 0.0, 1.0),
        ("exercise", 1.0, 1.0),
        ("fpg", 105.0, 105.0),
        ("age", 50.0, 50.0),
    ],
)
def test_a_step_ends_at_its_floor_and_blood_values_have_none(name, value, after):
    """Nobody is told to weigh less than the standard."""
    assert stepped(standard().input[name], value) == after


def test_a_step_of_a_value_that_is_not_there_is_none():
    """NaN stays out."""
    person = a_person(bmi=None, waist_cm=None, smoking=None, exercise=None, sbp=None)
    assert changes(person, float(score(person).risk[0]), shipped()) == ()


@pytest.mark.parametrize(
    ("given", "words_ja", "short"),
    [
        ({"age": 85}, "年齢がモデルの開発データの範囲外", "age: out of the range 18 to 79"),
        ({"sex": None}, "性別が無いため", "sex: missing"),
        ({"hba1c_ngsp": 6.8}, "HbA1cが受診勧奨判定値以上", "hba1c_ngsp: at or above 6.5"),
        ({"med_glucose": 1}, "血糖の薬(服薬中)", "med_glucose: treated"),
    ],
)
def test_no_risk_comes_with_the_reason_why(given, words_ja, short):
    """For the nurse in words, for a table in short."""
    person = a_person(**given)
    found = result(person, score(person), 0)
    assert (found.risk, found.lower, found.upper, found.variant) == (None, None, None, "")
    assert found.changes == ()
    assert found.why_ja[0].startswith(words_ja)
    assert len(found.why_en) == len(found.refused) == 1
    assert words(score(person))[0] == short


def test_a_table_shows_the_strongest_inputs_with_their_factors():
    """Also when all of them lower the risk."""
    assert words(score(a_person()))[0].startswith("hba1c_ngsp x")
    low = words(score(a_person(age=30, hba1c_ngsp=4.8, fpg=80)))[0]
    assert low.count(" x") == 3
    assert "x0." in low


@pytest.mark.parametrize("given", [{}, {"fpg": 130}, {"age": 90}, {"sex": None}, {"hba1c_ngsp": None}])
def test_no_line_names_an_illness_or_promises(given):
    """Show and cite; never diagnose."""
    person = a_person(**given)
    found = result(person, score(person), 0)
    lines = [line for each in (*found.reasons, *found.changes) for line in (each.ja, each.en)]
    for line in (*lines, *found.why_ja, *found.why_en):
        assert not any(word in line for word in NOT_USED), line
