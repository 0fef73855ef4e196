"""The questionnaires in FHIR R4: valid forms, answers read by linkId, and one clear error for everything else."""

import json
from decimal import Decimal

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.questionnaires.definition import NAMES, form
from risk.questionnaires.fhir import ANSWERS, questionnaire, read, result

KIHON = form("kihon")


def answer(link, code):
    return {"linkId": link, "answer": [{"valueCoding": {"system": ANSWERS, "code": code}}]}


def response(*items, **changes):
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{KIHON.url}|{KIHON.version}",
        "status": "completed",
        "item": list(items),
        **changes,
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_form_is_a_valid_questionnaire_in_the_official_words(name):
    """Every item with its check-up code and its answers."""
    built = questionnaire(form(name))
    Questionnaire.model_validate(built)
    assert [item["text"] for item in built["item"]] == [item.ja for item in form(name).items]
    assert all(item["code"][0]["code"].startswith("9N") for item in built["item"])


def test_answers_are_read_by_link_and_scored():
    """Item 16 answered by no is a point; height and weight give the BMI of item 12."""
    given_items = [
        answer("16", "no"),
        answer("19", "yes"),
        {
            "linkId": "12",
            "item": [
                {"linkId": "12.height", "answer": [{"valueDecimal": 160}]},
                {"linkId": "12.weight", "answer": [{"valueDecimal": Decimal("45.0")}]},
            ],
        },
        {"linkId": "3"},
    ]
    built = response(*given_items)
    QuestionnaireResponse.model_validate(json.loads(json.dumps(built, default=float)))
    assert read(KIHON, built) == {16: "no", 19: "yes", 12: pytest.approx(17.58, abs=0.01)}
    found = result(KIHON, built)
    assert found.look == (12, 16)
    assert found.target is True


def test_a_bmi_that_is_given_comes_before_the_computed_one():
    """As on the paper form."""
    items = [
        {"linkId": f"12.{name}", "answer": [{"valueInteger": value}]}
        for name, value in (("bmi", 22), ("height", 160), ("weight", 45))
    ]
    assert read(KIHON, response(*items)) == {12: 22}


def test_yes_and_no_may_come_as_booleans():
    """Other programs send them so."""
    items = [
        {"linkId": "1", "answer": [{"valueBoolean": False}]},
        {"linkId": "2", "answer": [{"valueBoolean": True}]},
    ]
    assert read(KIHON, response(*items)) == {1: "no", 2: "yes"}


@pytest.mark.parametrize(
    ("given_response", "field"),
    [
        (response(resourceType="Patient"), "resourceType"),
        ([], "resourceType"),
        (response(questionnaire="urn:other"), "questionnaire"),
        (response(questionnaire=None), "questionnaire"),
        (response(status="in-progress"), "status"),
        (response(status=["completed"]), "status"),
        (response(item={}), "item"),
        (response("x"), "item"),
        (response({"linkId": 1}), "item"),
        (response({"linkId": "1", "answer": {}}), "item.answer"),
        (response({"linkId": "1", "answer": ["yes"]}), "item.answer"),
        (response({"linkId": "1", "answer": [{}, {}]}), "item.answer"),
        (response(answer("1", "perhaps")), "item 1"),
        (
            response({"linkId": "1", "answer": [{"valueCoding": {"system": "urn:other", "code": "yes"}}]}),
            "item 1",
        ),
        (response(answer("1", "yes"), answer("1", "no")), "item 1"),
        (response(answer("99", "yes")), "item.linkId"),
        (response({"linkId": "12.bmi", "answer": [{"valueDecimal": "22"}]}), "item 12.bmi"),
        (response({"linkId": "12.bmi", "answer": [{"valueInteger": 10**400}]}), "item 12.bmi"),
        (response({"linkId": "12.bmi", "answer": [{"valueBoolean": True}]}), "item 12.bmi"),
    ],
)
def test_what_is_no_answer_to_this_form_is_refused(given_response, field):
    """One typed error names the element and repeats nothing of it."""
    with pytest.raises(BadInput) as caught:
        read(KIHON, given_response)
    assert caught.value.field == field
    assert "perhaps" not in str(caught.value)


def test_items_nested_without_end_are_refused():
    """Depth is bounded."""
    nested = {"linkId": "1"}
    for _ in range(50):
        nested = {"linkId": "1", "item": [nested]}
    with pytest.raises(BadInput, match="is not a list of items"):
        read(KIHON, response(nested))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["linkId", "answer", "item", "valueCoding", "code", "valueDecimal"]), inner
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=80)
@given(st.lists(json_values, max_size=4))
def test_any_items_are_scored_or_refused(items):
    """Hostile JSON gives a result or one typed error, never another exception."""
    try:
        found = result(KIHON, response(*items))
    except BadInput:
        return
    assert found.total >= 0
