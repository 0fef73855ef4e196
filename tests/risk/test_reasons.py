"""Reasons: one line per value, citing value, limit, unit and day; no word of illness or promise."""

import doctest

import pytest

from risk import errors, reasons
from risk.errors import BadInput
from risk.limits import standard
from risk.stratify import stratify
from tests.risk.build import CASES, a_checkup

FORBIDDEN = (
    *("診断", "治療", "必ず", "予防できます", "病気", "疾患", "糖尿病", "高血圧", "異常"),
    *("diagnos", "disease", "hypertension", "diabet", "cure", "prevents", "guarantee", "abnormal"),
)


def test_the_documented_examples_hold():
    """The examples in the docstrings."""
    for module in (reasons, errors):
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("change", "ja", "en"),
    [
        (
            {"hba1c_ngsp": 6.7, "fpg": ""},
            "HbA1c 6.7 %(受診勧奨判定値 6.5 以上)2026-05-14",
            "HbA1c 6.7 % (referral limit 6.5 or more) 2026-05-14",
        ),
        (
            {"sbp": 132},
            "収縮期血圧 132 mmHg(保健指導判定値 130 以上)2026-05-14",
            "Systolic blood pressure 132 mmHg (guidance limit 130 or more) 2026-05-14",
        ),
        (
            {"hdl": 39},
            "HDLコレステロール 39 mg/dL(保健指導判定値 40 未満)2026-05-14",
            "HDL cholesterol 39 mg/dL (guidance limit below 40) 2026-05-14",
        ),
        (
            {"egfr": 44.9},
            "eGFR 44.9 mL/分/1.73m²(受診勧奨判定値 45.0 未満)2026-05-14",
            "eGFR 44.9 mL/min/1.73 m² (referral limit below 45.0) 2026-05-14",
        ),
        (
            {"urine_protein": 5},
            "尿蛋白 3+(受診勧奨判定値 2+ 以上)2026-05-14",
            "Urine protein 3+ (referral limit 2+ or more) 2026-05-14",
        ),
        (
            {"smoking_code": 1, "sbp": 132},
            "現在喫煙(質問票の回答)2026-05-14",
            "Smokes at present (questionnaire) 2026-05-14",
        ),
        (
            {"waist_cm": 80, "bmi": 25.3},
            "BMI 25.3 kg/m²(選定基準 25.0 以上)2026-05-14",
            "BMI 25.3 kg/m² (selection limit 25.0 or more) 2026-05-14",
        ),
        (
            {"vfa_cm2": 100},
            "内臓脂肪面積 100.0 cm²(選定基準 100.0 以上)2026-05-14",
            "Visceral fat area 100.0 cm² (selection limit 100.0 or more) 2026-05-14",
        ),
        (
            {"sex": "F", "waist_cm": 90},
            "腹囲 90.0 cm(選定基準 90.0 以上)2026-05-14",
            "Waist 90.0 cm (selection limit 90.0 or more) 2026-05-14",
        ),
        (
            {"draw_code": 3, "tg_fasting": "", "tg_casual": 180},
            "随時中性脂肪 180 mg/dL(保健指導判定値 175 以上)2026-05-14",
            "Casual triglycerides 180 mg/dL (guidance limit 175 or more) 2026-05-14",
        ),
    ],
)
def test_a_reason_cites_value_limit_unit_and_day(change, ja, en):
    """Both languages, from the same numbers."""
    found = stratify(a_checkup(checkup_date="2026-05-14", **change)).reasons
    assert (ja, en) in [(reason.ja, reason.en) for reason in found]


def test_a_day_that_is_not_known_is_left_out():
    """No invented date."""
    found = stratify(a_checkup(sbp=132, smoking_code=1)).reasons
    assert [reason.ja[-1] for reason in found] == [")", ")", ")"]
    assert [reason.en[-1] for reason in found] == [")", ")", ")"]


def test_only_the_value_that_decided_is_cited():
    """Fasting glucose has priority; under the other rule both are cited."""
    high = a_checkup(fpg=105, hba1c_ngsp=5.7)
    assert [r.items for r in stratify(high).reasons if r.label == "GLUCOSE"] == [("fpg",)]
    both = stratify(high, glucose_rule="any").reasons
    assert [r.items for r in both if r.label == "GLUCOSE"] == [("fpg", "hba1c_ngsp")]
    only = stratify(a_checkup(fpg=99, hba1c_ngsp=5.7), glucose_rule="any").reasons
    assert [r.items for r in only if r.label == "GLUCOSE"] == [("hba1c_ngsp",)]


def test_a_person_on_drugs_is_sent_to_their_own_doctor():
    """R1-5: only beside a referral value."""
    assert stratify(a_checkup(med_bp=1, sbp=150)).reasons[-1].kind == "note"
    assert all(reason.kind != "note" for reason in stratify(a_checkup(med_bp=1)).reasons)
    assert all(reason.kind != "note" for reason in stratify(a_checkup(sbp=150)).reasons)


def test_a_value_is_never_rounded_across_its_limit():
    """129.5 is not shown as 130."""
    assert reasons.shown(standard().items["sbp"], 129.5) == "129.5"
    assert reasons.shown(standard().items["urine_protein"], 9) == "9"


def test_every_risk_and_referral_has_exactly_one_reason():
    """Over the published cases."""
    for case in CASES:
        found = stratify(case)
        assert [r.label for r in found.reasons if r.kind == "risk"] == [risk.name for risk in found.risks]
        assert [r.label for r in found.reasons if r.kind == "referral"] == list(found.referral)


def test_no_text_names_an_illness_or_promises():
    """Show and cite: the words that must not appear in anything a person reads."""
    texts = [text for pair in (*reasons.LEVELS.values(), *reasons.METABO.values()) for text in pair]
    texts += [text for entry in reasons.alarm_texts().values() for text in entry.values()]
    texts += [text for item in standard().items.values() for text in (item.ja, item.en)]
    every = dict.fromkeys(("sbp", "tg_fasting", "ldl", "non_hdl", "fpg", "ast", "alt", "ggt"), 180)
    worst = a_checkup(
        **every, dbp=111, hdl=30, hba1c_ngsp=8, egfr=20, hb=9, urine_protein=5, uric_acid=9, med_bp=1
    )
    for case in (*CASES, worst, {**worst, "smoking_code": 1}):
        texts += [text for reason in stratify(case).reasons for text in (reason.ja, reason.en)]
    for text in texts:
        assert not [word for word in FORBIDDEN if word in text.lower()]


def test_every_alarm_has_its_text_in_both_languages():
    """R5-3: each text ends by saying that nobody watches around the clock."""
    for rule in standard().alarm_rules.values():
        for language, closing in (("ja", "24時間見守っていません"), ("en", "around the clock")):
            text = reasons.alarm_text(rule.text, language)
            assert closing in text
            assert "119" in text
    for key, language in (("unknown", "ja"), ("bp-call-119", "fr")):
        with pytest.raises(BadInput):
            reasons.alarm_text(key, language)
