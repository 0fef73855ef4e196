"""The picture of a published score: the printed numbers, no number where anything is open, and what differs otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.risk_picture import QUESTIONS, for_residents, of_checkup, of_hundred, picture
from risk.errors import BadInput
from risk.scores.model import PUBLISHED, load

CHECKUP = {
    "sbp_avg": 142.0,
    "ldl": 150.0,
    "hdl": 45.0,
    "fpg": 95.0,
    "smoking": 1.0,
    "egfr": 80.0,
    "hist_heart": 2.0,
    "hist_stroke": 2.0,
}


def told(answers=None, *, age=55, sex="M", **values):
    person = of_checkup({k: v for k, v in (CHECKUP | values).items() if v is not None}, age=age, sex=sex)
    return picture(person, {"pad": False, "fh": False} | (answers or {}))


def test_the_example_of_the_guideline_gives_its_printed_number():
    """A man of 55 with 15 points: 6.0 percent, so 6 of 100."""
    found = told()
    assert (found.count, found.text, found.group[0]) == (6, "6.0 %", "中リスク")


def test_the_highest_sum_of_the_table_is_the_highest_number():
    """72 years, 19 points: 41.1 percent."""
    found = told(age=72, sbp_avg=165.0, ldl=165.0, hdl=38.0, fpg=115.0)
    assert (found.count, found.text) == (41, "41.1 %")


def test_fewer_than_one_of_a_hundred_is_said_as_that():
    """The table prints "<1.0"; no person is drawn and none is invented."""
    found = told(age=42, sex="F", smoking=3.0)
    assert (found.count, found.text) == (0, "<1.0 %")


@pytest.mark.parametrize("age", [39, 80])
def test_outside_of_the_ages_there_is_no_number(age):
    """The score was made from people of 40 to 79."""
    found = told(age=age)
    assert found.count is None
    assert "age" in found.excluded


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"fpg": 130.0}, "diabetes"),
        ({"med_glucose": 1.0}, "diabetes"),
        ({"hist_heart": 1.0}, "hist_heart"),
        ({"hist_stroke": 1.0}, "hist_stroke"),
        ({"egfr": 50.0}, "ckd"),
    ],
)
def test_an_illness_that_the_score_is_not_made_for_gives_no_number(values, why):
    """Neither a number nor what could change it."""
    found = told(**values)
    assert found.count is None
    assert why in found.excluded
    assert found.otherwise == ()


@pytest.mark.parametrize("key", ["pad", "fh"])
def test_what_no_check_up_asks_is_asked_and_never_taken_as_no(key):
    """Without an answer there is no number; yes takes it away too, and says why."""
    person = of_checkup(CHECKUP, age=55, sex="M")
    others = {"pad": False, "fh": False}
    del others[key]
    found = picture(person, others)
    assert (found.count, found.ask, found.missing) == (None, ("pad", "fh"), ())
    assert told({key: True}).excluded == (key,)
    assert told({key: True}).count is None


@pytest.mark.parametrize("key", ["hist_heart", "hist_stroke", "egfr"])
def test_what_a_check_up_usually_asks_is_asked_where_it_did_not(key):
    """Without the answer there is a question and no number."""
    found = told(**{key: None})
    asked = "ckd" if key == "egfr" else key
    assert found.count is None
    assert asked in found.ask
    assert told({asked: False}, **{key: None}).count == told().count
    assert told({asked: True}, **{key: None}).excluded == (asked,)


def test_the_check_ups_own_answer_stands_before_one_typed():
    """Somebody with a stroke on record gets no number by clicking no."""
    assert told({"hist_stroke": False}, hist_stroke=1.0).count is None


@pytest.mark.parametrize(
    ("key", "named"), [("ldl", "ldl"), ("hdl", "hdl"), ("smoking", "smoking"), ("fpg", "fpg")]
)
def test_a_missing_value_is_named_and_nothing_is_filled_in(key, named):
    """No mean of other people stands for it."""
    found = told(**{key: None})
    assert found.count is None
    assert named in found.missing


def test_an_unknown_age_or_sex_gives_no_number():
    """As for any other input."""
    assert told(age=None).missing == ("age",)
    assert told(sex="").missing == ("sex",)


def test_a_value_that_cannot_be_true_is_named_and_left_out():
    """One impossible number does not take the page away, and makes no score."""
    found = told(sbp_avg=9000.0, ldl=-3.0)
    assert set(found.unusable) == {"sbp", "ldl"}
    assert set(found.missing) == {"sbp", "ldl"}
    assert found.count is None


def test_a_single_pressure_stands_where_there_is_no_mean():
    """A check-up with one reading is a check-up."""
    assert told(sbp_avg=None, sbp1=142.0).count == 6


def test_only_what_a_person_can_change_is_computed_otherwise():
    """Smoking, pressure and LDL, each alone and all together; age and sex never."""
    found = told()
    assert [(one.key, one.text) for one in found.otherwise] == [
        ("smoking", "4.5 %"),
        ("sbp", "4.5 %"),
        ("ldl", "4.5 %"),
        ("all", "2.6 %"),
    ]


def test_nothing_is_offered_to_who_has_nothing_to_change():
    """120 to 129 and an LDL below 120 are where the computation would go."""
    assert told(smoking=3.0, sbp_avg=125.0, ldl=110.0).otherwise == ()
    assert [one.key for one in told(smoking=2.0, sbp_avg=125.0).otherwise] == ["ldl"]


def test_each_value_used_is_listed():
    """So that the page can date it."""
    assert dict(told().used) == {
        "age": 55.0,
        "sex": "M",
        "sbp": 142.0,
        "fpg": 95.0,
        "ldl": 150.0,
        "hdl": 45.0,
        "smoking": 1.0,
    }


def test_a_score_for_comparison_is_never_shown_to_residents():
    """Some scores were made elsewhere and are kept for those who compare."""
    closed = [name for name in PUBLISHED if not load(name).residents]
    assert closed
    for name in closed:
        with pytest.raises(BadInput):
            for_residents(name)


def test_our_own_model_is_no_published_score():
    """Residents never see a number of ours."""
    with pytest.raises(Exception, match="none of"):
        for_residents("diabetes-onset")


VALUE = st.none() | st.floats(-10, 1000, allow_nan=False)


@given(
    st.fixed_dictionaries(dict.fromkeys((*CHECKUP, "hba1c_ngsp", "tg_fasting", "med_glucose"), VALUE)),
    st.dictionaries(st.sampled_from(QUESTIONS), st.booleans()),
    st.none() | st.integers(0, 130),
    st.sampled_from(["M", "F", ""]),
)
def test_whatever_a_check_up_holds_there_is_a_number_or_a_reason(values, answers, age, sex):
    """Never another exception, never a number with something open, and no change makes the number greater."""
    person = of_checkup({k: v for k, v in values.items() if v is not None}, age=age, sex=sex)
    found = picture(person, answers)
    if found.count is None:
        assert found.excluded or found.missing or set(found.ask) - answers.keys()
        assert found.otherwise == ()
    else:
        assert 0 <= found.count <= 100
        assert found.excluded == found.missing == ()
        assert all(one.count <= found.count for one in found.otherwise)


@given(st.floats(0.0001, 1))
def test_a_count_is_at_least_one_person_where_a_number_was_printed(risk):
    """1.4 percent is about one person, not nobody."""
    assert of_hundred(risk, f"{100 * risk:.1f} %") >= 1
