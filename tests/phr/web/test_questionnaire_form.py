"""The form of a questionnaire: what is answered is read, what is open is asked once, and the draft is never lost."""

from __future__ import annotations

import pytest

from phr.web.questionnaire_form import only_open, read_form


@pytest.fixture(scope="module")
def questions(samples):
    return samples.VIEWS["questionnaire-draft"][2].questions


def test_answers_and_open_questions_are_told_apart(questions):
    """One is answered, all others are open; height and weight may be left out together."""
    answers, problems = read_form(questions, {"q1": "yes"})
    assert answers.chosen == {1: "yes"}
    assert problems["q2"] == "choose"
    assert problems["height_cm"] == "left-out"
    assert only_open(problems)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"height_cm": "160"}, {"weight_kg": "empty"}),
        ({"height_cm": "tall", "weight_kg": "52"}, {"height_cm": "not-a-number"}),
        ({"height_cm": "1605", "weight_kg": "52"}, {"height_cm": "out-of-range"}),
    ],
)
def test_half_a_body_is_no_body(questions, typed, problem):
    """What is wrong is no open question: it cannot be left out."""
    answers, problems = read_form(questions, typed)
    assert answers.body == {}
    assert problem.items() <= problems.items()
    assert not only_open(problems)


def test_numbers_are_read_as_people_type_them(questions):
    """Full-width digits and a comma."""
    answers, _ = read_form(questions, {"height_cm": "１６０，５", "weight_kg": " 52 "})
    assert answers.body == {"height_cm": 160.5, "weight_kg": 52.0}


@pytest.mark.parametrize("value", ["perhaps", "", "YES", "yes;no"])
def test_an_answer_that_was_not_offered_is_none(questions, value):
    """What comes from elsewhere is not stored."""
    answers, problems = read_form(questions, {"q1": value})
    assert 1 not in answers.chosen
    assert problems["q1"] == "choose"
