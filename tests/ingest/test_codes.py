"""The vocabulary table: what search relies on, and that a broken table is refused."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from ingest.codes import (
    HL7_CATEGORY,
    JP_CATEGORY,
    LOINC,
    VITALS,
    codes_in_category,
    load,
    lookup,
    lookup_component,
)

TEXT = resources.files("ingest").joinpath("codes.toml").read_text("utf-8")
CONSENT = {
    "activity",
    "heart",
    "blood-pressure",
    "body",
    "sleep",
    "glucose",
    "temperature",
    "oxygen",
    "respiration",
    "nutrition",
    "checkup",
    "questionnaire",
    "guidance",
    "child",
}
HL7 = {"vital-signs", "laboratory", "activity", "social-history", "survey", "exam"}


def test_loinc_8867_4_finds_heart_rate_and_not_the_pulse_of_a_cuff():
    """A component's code is no Observation.code."""
    assert lookup(LOINC, "8867-4") == [("8867-4", None)]
    assert lookup_component(LOINC, "8867-4") == [("85354-9", "pulse")]


def test_loinc_29463_7_finds_home_weight_and_the_weight_of_the_check_up():
    """One LOINC code stands on Observations of both."""
    assert lookup(LOINC, "29463-7") == [("29463-7", None), ("checkup", "weight_kg")]


def test_systolic_pressure_is_a_main_code_only_in_check_ups():
    """The home panel carries it as a component."""
    assert lookup(LOINC, "8480-6") == [("checkup", "sbp1"), ("checkup", "sbp2"), ("checkup", "sbp_avg")]
    assert lookup_component(LOINC, "8480-6") == [("85354-9", "systolic")]


@pytest.mark.parametrize("code", ["59408-5", "2708-6", "31000001"])
def test_oxygen_saturation_is_found_by_each_of_its_codes_in_any_system(code):
    """A search without system looks in all of them."""
    assert lookup(None, code) == [("59408-5", None)]


def test_a_laboratory_item_is_found_by_every_method_code():
    """JLAC10 has one code for each method; files from elsewhere name them."""
    for code in ("3F077000002399901", "3F077000002327101", "3F077000002391901"):
        assert lookup("urn:oid:1.2.392.200119.6.1005", code) == [("checkup", "ldl")]


def test_an_unknown_code_or_system_finds_nothing():
    """Unknown means no."""
    assert lookup(LOINC, "0000-0") == []
    assert lookup("http://snomed.info/sct", "8867-4") == []


def test_categories_find_whole_vitals_and_items_of_the_check_up():
    """category=laboratory must bring home glucose and the check-up's laboratory, and no heart rate."""
    found = codes_in_category(HL7_CATEGORY, "laboratory")
    assert ("2339-0", None) in found
    assert ("checkup", "hba1c_ngsp") in found
    assert ("8867-4", None) not in found
    assert ("29463-7", None) in codes_in_category(JP_CATEGORY, "body-measurement")
    assert ("29463-7", None) in codes_in_category(None, "vital-signs")
    assert codes_in_category("urn:none", "vital-signs") == []


def test_every_vital_names_a_consent_category_and_an_hl7_category():
    """Without them neither consent nor search could reach it."""
    for vital in VITALS.values():
        assert vital.consent_category in CONSENT
        assert {vital.fhir_category, *(c.fhir_category for c in vital.channels)} <= HL7


def test_main_codings_belong_to_one_vital_each():
    """Two vitals with the same first coding could not be told apart on import."""
    mains = [v.codings[0] for v in VITALS.values()]
    mains += [c.codings[0] for c in VITALS["checkup"].channels]
    assert len({(c.system, c.code) for c in mains}) == len(mains)


def test_every_answer_has_a_system_and_every_number_a_unit():
    """A coded value needs its system, a quantity its UCUM code."""
    for vital in VITALS.values():
        for channel in vital.channels:
            assert bool(channel.ucum) is (channel.coded is None)
            assert bool(channel.answer_system) is (channel.coded is not None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('channels = [{ name = "value", unit = "/min", ucum = "/min", decimals = 1 }]', "channels = []"),
        ('codings = [["loinc", "8867-4", "Heart rate"], ["jp-vital", "31000595", "心拍数"]]', "codings = []"),
        ('kind = "sample"', 'kind = "moment"'),
        ('name = "diastolic"', 'name = "systolic"'),
        ('unit = "kg", ucum = "kg", decimals = 3', 'unit = "kg", ucum = "", decimals = 3'),
    ],
)
def test_a_table_that_could_not_be_rendered_is_refused(old, new):
    """The table is checked when it is loaded."""
    assert old in TEXT
    with pytest.raises(ValueError, match=r"codes\.toml"):
        load(TEXT.replace(old, new, 1))


def test_a_key_given_twice_is_refused():
    """TOML itself refuses a table twice."""
    with pytest.raises(tomllib.TOMLDecodeError):
        load(TEXT + "\n[vital.8867-4]\nname_en = 'x'\n")
