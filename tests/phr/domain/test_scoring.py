"""Check-ups in columns: every rule reads the value that counts, and a broken one stops nobody."""

from __future__ import annotations

import numpy as np

from phr.domain.scoring import judged, people, published, ranked
from risk.model.artifact import shipped
from risk.scores.words import tell

ONE = {
    "sex": ["M"], "age_fy_end": [55.0], "bmi": [24.0], "waist_cm": [86.0], "sbp1": [150.0], "sbp2": [138.0], "dbp1": [85.0],
    "fpg": [100.0], "hba1c_ngsp": [5.6], "tg_fasting": [120.0], "hdl": [50.0], "ldl": [130.0], "alt": [22.0], "ggt": [30.0],
    "smoking": [3.0], "blood_draw_code": [2.0], "med_glucose": [2.0], "med_bp": [2.0], "med_lipid": [2.0], "exercise_30": [1.0],
}  # fmt: skip


def table(**more):
    return {name: np.asarray(column) for name, column in {**ONE, **more}.items()}


def test_the_score_and_the_model_read_the_reading_that_the_judgement_reads():
    """The second blood pressure before the first; glucose only of a fasting draw."""
    found = judged(table(), np.array([54.0]))
    assert found.inputs["sbp"][0] == 138
    assert np.isnan(judged(table(blood_draw_code=[3.0]), np.array([54.0])).inputs["fpg"][0])
    alone = tell(
        "hisayama",
        {"age": 54, "sex": "M", "sbp": 138, "fpg": 100, "hba1c_ngsp": 5.6, "ldl": 130, "hdl": 50, "smoking": 3,
         "med_glucose": 2, "hist_heart": "", "hist_stroke": "", "hist_renal": "", "egfr": ""},
        taken_as_no=True,
    )  # fmt: skip
    assert published(found).risk[0] == alone.risk


def test_answers_are_turned_into_what_the_model_reads():
    """Exercise yes is 1; never smoked is the lowest step; medicine for glucose puts somebody outside of it."""
    who = people(judged(table(), np.array([54.0])))
    assert (who["exercise"][0], who["smoking"][0], who["sex"][0], who["age"][0]) == (1, 0, 1, 54)
    assert not who.treated[0]
    assert people(judged(table(med_glucose=[1.0]), np.array([54.0]))).treated[0]
    no_answer = people(judged(table(exercise_30=[7.0], sex=[""]), np.array([54.0])))
    assert np.isnan(no_answer["exercise"][0])
    assert np.isnan(no_answer["sex"][0])


def test_somebody_without_a_risk_comes_last_and_not_first():
    """Glucose of the referral limit: the rules have that person already, the model has nothing to add."""
    two = {name: [*column, *column] for name, column in ONE.items()} | {"fpg": [100.0, 130.0]}
    scored, ranks = ranked(people(judged(table(**two), np.array([54.0, 54.0]))), shipped())
    assert ranks[0] == scored.risk[0] > 0
    assert (ranks[1], np.isnan(scored.risk[1])) == (0, True)


def test_a_value_that_cannot_be_is_left_out_and_the_others_are_judged():
    """One broken record does not stop a city."""
    two = {name: [*column, *column] for name, column in ONE.items()} | {"waist_cm": [86.0, 9999.0]}
    found = judged(table(**two), np.array([54.0, 54.0]))
    assert np.isnan(found.inputs["waist_cm"][1])
    assert found.judged.level[0] in (1, 2, 3)
