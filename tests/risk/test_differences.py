"""R2-3: delivered judgements are compared with ours, the delivered code is kept, each difference says its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import differences as of
from risk.differences import compare, delivered, differences
from risk.errors import BadInput
from risk.stratify import stratify
from tests.risk.build import a_checkup

AT_RISK = {
    "waist_cm": 95, "bmi": 27.7, "sbp_avg": 142, "dbp_avg": 92, "fpg": 112, "tg_fasting": 180, "hdl": 38, "hba1c_ngsp": 6.0,
    "smoking": 1, "med_bp": 2, "med_glucose": 2, "med_lipid": 2, "sex": "M", "birth_date": "1970-05-05",
    "checkup_date": "2026-06-10",
}  # fmt: skip


def found(**changes):
    return [(each.item, each.reason) for each in compare({**AT_RISK, **changes})]


def test_the_same_judgement_is_no_difference():
    assert stratify(AT_RISK).level == 1
    assert stratify(AT_RISK).metabo == 1
    assert found(guidance_level="1", metabo=1.0) == []


def test_a_judgement_that_was_not_delivered_differs_from_nothing():
    assert found() == found(guidance_level="", metabo=None) == found(metabo=float("nan")) == []


def test_each_difference_keeps_the_delivered_code_and_ours():
    """The delivered one stays the official one."""
    (one,) = compare({**AT_RISK, "guidance_level": 3})
    assert (one.item, one.delivered, one.ours, one.reason) == ("guidance_level", 3, 1, of.UNEXPLAINED)
    assert "なし" not in one.ja
    assert ("積極的支援" in one.ja, "Intensive support" in one.en) == (True, True)


@pytest.mark.parametrize("code", ["9", "0", "x", "1.5", "-1"])
def test_a_delivered_code_of_no_list_is_named_as_such(code):
    assert found(guidance_level=code) == [("guidance_level", of.UNKNOWN_CODE)]


def test_a_person_outside_the_age_is_judged_by_nobody_here():
    """Municipal check-ups also reach people of 35 and 80, and some institutions judge them."""
    assert found(birth_date="1940-05-05", guidance_level=2, metabo=1) == [
        ("guidance_level", of.NOT_OF_AGE), ("metabo", of.NOT_OF_AGE)]  # fmt: skip


def test_what_we_cannot_decide_says_what_is_missing():
    (one,) = compare({**AT_RISK, "med_bp": "", "guidance_level": 1})
    assert (one.ours, one.reason, "med_bp" in one.missing) == (4, of.UNDECIDED_HERE, True)


def test_a_delivered_undecided_that_the_items_decide_is_told():
    assert found(guidance_level=4) == [("guidance_level", of.UNDECIDED_THERE)]


def test_the_rules_of_the_other_period_are_tried():
    """Casual triglycerides count from April 2024 only: an institution with old rules delivers a milder level."""
    casual = {
        "tg_fasting": "",
        "tg_casual": 180,
        "blood_draw_code": 3,
        "hdl": 60,
        "sbp_avg": 118,
        "dbp_avg": 70,
        "fpg": 90,
        "hba1c_ngsp": 5.2,
        "smoking": 3,
    }
    old = stratify({**AT_RISK, **casual}, rule="JP-TK-3-2018").level
    assert old != stratify({**AT_RISK, **casual}).level
    assert found(**casual, guidance_level=old) == [("guidance_level", of.OTHER_EDITION)]


def test_another_order_of_the_glucose_tests_is_tried():
    """FPG below and HbA1c above the limit: which of them counts is a matter of the insurer."""
    only = {
        "fpg": 90,
        "hba1c_ngsp": 5.9,
        "sbp_avg": 118,
        "dbp_avg": 70,
        "tg_fasting": 80,
        "hdl": 60,
        "smoking": 3,
    }
    either = stratify({**AT_RISK, **only}, glucose_rule="any").level
    assert either != stratify({**AT_RISK, **only}, glucose_rule="fpg_priority").level
    assert found(**only, guidance_level=either) == [("guidance_level", of.OTHER_GLUCOSE)]


def test_casual_values_are_tried_for_the_metabolic_judgement():
    casual = {
        "tg_fasting": "",
        "tg_casual": 180,
        "blood_draw_code": 3,
        "hdl": 60,
        "fpg": 90,
        "hba1c_ngsp": 5.2,
        "sbp_avg": 142,
    }
    ours, theirs = (
        stratify({**AT_RISK, **casual}).metabo,
        stratify({**AT_RISK, **casual}, metabo_casual=True).metabo,
    )
    assert ours != theirs
    assert found(**casual, metabo=theirs) == [("metabo", of.CASUAL)]


def test_a_doubtful_value_is_the_reason_when_there_is_no_better_one():
    """H with the real number beside it is used, and said."""
    assert found(tg_fasting="H 1800", guidance_level=3) == [("guidance_level", of.DOUBTFUL)]


def test_an_item_that_cannot_be_read_is_the_error_of_the_rules():
    with pytest.raises(BadInput):
        compare({**AT_RISK, "waist_cm": "wide", "metabo": 1})


def test_delivered_judgements_never_enter_our_own():
    """Taking them in would make every comparison agree."""
    assert compare({**AT_RISK, "guidance_level": 2})[0].ours == stratify(AT_RISK).level


def test_every_reason_has_both_sentences_and_no_word_of_a_diagnosis():
    """Shown to nurses and residents."""
    for ja, en in of.WORDS.values():
        assert ja
        assert en
        assert not any(word in ja + en for word in ("病", "診断", "disease", "diagnos"))


@given(st.sampled_from([1, 2, 3, 4]), st.sampled_from([1, 2, 3, 4]))
def test_a_difference_is_listed_exactly_when_the_codes_differ(level, metabo):
    """For any pair of delivered codes."""
    result = stratify(a_checkup())
    listed = {
        each.item for each in differences(delivered({"guidance_level": level, "metabo": metabo}), result)
    }
    assert listed == {
        item for item, code, ours in (("guidance_level", level, result.level), ("metabo", metabo, result.metabo)) if code != ours
    }  # fmt: skip
