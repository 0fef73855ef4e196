"""J-CHS 2020: five criteria, three are frail, and with one missing nobody is robust."""

import pytest

from risk.errors import BadInput
from risk.frailty import frailty

HEALTHY = {
    "sex": "M",
    "lost_weight": False,
    "grip_kg": 28,
    "tired": False,
    "gait_m_s": 1.0,
    "light_exercise": True,
    "regular_sport": False,
}


@pytest.mark.parametrize(
    ("change", "met", "level"),
    [
        ({}, (), "robust"),
        ({"grip_kg": 27.9}, ("grip",), "pre-frail"),
        ({"sex": "F", "grip_kg": 18}, (), "robust"),
        ({"sex": "F", "grip_kg": 17.9}, ("grip",), "pre-frail"),
        ({"gait_m_s": 0.99, "tired": True}, ("fatigue", "gait"), "pre-frail"),
        ({"light_exercise": False}, ("activity",), "pre-frail"),
        (
            {"lost_weight": True, "tired": True, "light_exercise": False},
            ("weight", "fatigue", "activity"),
            "frail",
        ),
    ],
)
def test_the_criteria_and_their_limits(change, met, level):
    """Below 28 and 18 kg, below 1.0 m/s, no to both kinds of exercise."""
    found = frailty(**{**HEALTHY, **change})
    assert (found.met, found.level) == (met, level)


def test_with_a_criterion_missing_nobody_is_robust():
    """Grip and gait cannot come from a watch: at least n of k."""
    found = frailty(sex="M", lost_weight=False, tired=True, light_exercise=True)
    assert (found.level, found.known) == ("", ("weight", "fatigue", "activity"))
    assert found.reason.en == "Frailty criteria (J-CHS 2020): at least 1 of 3 checked"
    assert found.reason.ja.endswith("3項目のうち少なくとも1項目")


def test_three_that_hold_are_frail_whatever_is_missing():
    """A missing criterion cannot make it better."""
    found = frailty(sex="F", lost_weight=True, tired=True, gait_m_s=0.8)
    assert found.level == "frail"


def test_one_answer_about_exercise_leaves_it_open():
    """A no to one kind says nothing about the other."""
    assert "activity" not in frailty(sex="F", light_exercise=False).known
    assert "activity" in frailty(sex="F", regular_sport=True).known


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sex": "X"}, "sex"),
        ({"sex": "M", "grip_kg": 280}, "grip_kg"),
        ({"sex": "M", "gait_m_s": -1}, "gait_m_s"),
    ],
)
def test_what_cannot_be_measured_is_refused(fields, field):
    """One typed error names the field; a grip of nothing measured is not known."""
    with pytest.raises(BadInput) as caught:
        frailty(**fields)
    assert caught.value.field == field
    assert "grip" not in frailty(sex="M", grip_kg=float("nan")).known
