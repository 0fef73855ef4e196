"""Categories, purposes and recipients: the tables and their readers."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import pytest

from consent import categories, purposes, vocabulary
from consent.categories import CATEGORIES, TYPES, category_of, category_of_concept, reference_page
from consent.purposes import PURPOSES, is_recipient, recipient_name
from consent.vocabulary import BadTable

ROOT = Path(__file__).resolve().parents[2]
JLAC10 = "urn:oid:1.2.392.200119.6.1005"


def test_the_categories_and_purposes_are_those_of_the_profile():
    """Outer interface: change them only with a decision record."""
    assert list(CATEGORIES) == [
        "activity", "heart", "blood-pressure", "body", "sleep", "glucose", "temperature", "oxygen", "respiration",
        "nutrition", "checkup", "questionnaire", "guidance", "child",
    ]  # fmt: skip
    assert list(PURPOSES) == [
        "self", "guidance", "risk", "points", "insurer", "family", "research-deidentified", "research-identifiable",
        "collect",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("system", "code", "category"),
    [
        ("http://loinc.org", "8867-4", "heart"),
        ("http://loinc.org", "85354-9", "blood-pressure"),
        ("http://loinc.org", "2708-6", "oxygen"),
        ("http://loinc.org", "41982-0", "body"),
        ("urn:phr:code", "sleep-stage", "sleep"),
        ("urn:phr:code", "checkup", "checkup"),
        (JLAC10, "3F077000002327101", "checkup"),
        (JLAC10, "9N811000000000011", "questionnaire"),
        (JLAC10, "9N932000000000011", "questionnaire"),
        (TYPES, "QuestionnaireResponse", "questionnaire"),
        (TYPES, "Patient", None),
        (JLAC10, "5Z999000000000000", None),
        ("http://loinc.org", "checkup", None),
        ("http://loinc.org", "9N811", None),
        ("", "", None),
        ("urn:oid:1", "8867-4", None),
    ],
)
def test_a_code_falls_under_one_category_or_none(system, code, category):
    """None is never shared; a code counts only in its own system."""
    assert category_of(system, code) == category


def test_a_check_up_item_stays_one_although_its_translation_is_a_home_measurement():
    """Weight of a check-up is shared with the check-up, not with the scales at home."""
    weight = [(JLAC10, "9N006000000000001"), ("http://loinc.org", "29463-7")]
    assert category_of_concept(weight) == "checkup"
    assert category_of_concept(weight[1:]) == "body"


def test_codings_that_contradict_each_other_are_in_no_group():
    """A forged translation may not move heart data under a wider consent."""
    assert category_of_concept([("http://loinc.org", "8867-4"), ("http://loinc.org", "55423-8")]) is None
    assert category_of_concept([]) is None
    assert category_of_concept([("urn:x", "y"), ("http://loinc.org", "8867-4")]) == "heart"


def test_the_reference_page_is_the_table():
    """Docs that can fail: run `python -m consent categories > docs/reference/categories.md`."""
    assert (ROOT / "docs/reference/categories.md").read_text(encoding="utf-8") == reference_page()


def test_the_page_opens_with_audience_and_type():
    """Front matter of every page."""
    assert reference_page().startswith("---\naudience: ")
    assert "\ntype: reference\n" in reference_page()


def test_no_word_of_a_resident_is_a_diagnosis():
    """Health wording: show and cite, never diagnose."""
    words = [each.name | each.sentence for each in (*CATEGORIES.values(), *PURPOSES.values())]
    joined = " ".join(text for each in words for text in each.values())
    assert re.findall("診断|治療|必ず|予防できます|diagnos|treat", joined) == []


@pytest.mark.parametrize(
    "reference", ["Organization/city-health", "Practitioner/n7", "Group/g1", "Patient/p1"]
)
def test_a_relative_reference_is_a_recipient(reference):
    """FHIR R4 actor targets."""
    assert is_recipient(reference)


@pytest.mark.parametrize(
    "reference", ["*", "", None, 7, "city", "Observation/1", "Group/a b", "Group/" + "a" * 65, "Group/a\n"]
)
def test_anything_else_is_no_recipient(reference):
    """A wildcard or a resource that cannot receive is nobody."""
    assert not is_recipient(reference)


def test_a_recipient_has_a_name_in_each_language():
    """A known one by name, another by its kind and id."""
    assert recipient_name("Organization/city-health") == "市の健康推進課"
    assert recipient_name("Group/g1", "en") == "Group g1"
    with pytest.raises(ValueError, match=r"^recipient: "):
        recipient_name("*")


def broken(name, change):
    raw = copy.deepcopy(vocabulary.table(name))
    change(raw)
    return raw


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.update(category=None),
        lambda raw: raw["category"].append({}),
        lambda raw: raw["category"].append(raw["category"][0]),
        lambda raw: raw["category"].append(5),
        lambda raw: raw["category"][0]["name"].pop("easy"),
        lambda raw: raw["category"][0].update(name="x"),
        lambda raw: raw["category"][0]["sentence"].update(ja=" "),
        lambda raw: raw["category"][0].update(codes="loinc|1"),
        lambda raw: raw["category"][0]["codes"].append("loinc"),
        lambda raw: raw["category"][0]["codes"].append("nowhere|1"),
        lambda raw: raw["category"][0]["codes"].append("loinc|8867-4"),
        lambda raw: raw["category"][0].update(prefixes=["jlac10|9N811"]),
    ],
)
def test_a_wrong_table_of_categories_is_refused_on_load(change):
    """A doubled or missing word would show or hide data silently."""
    with pytest.raises(BadTable):
        categories.load(broken("categories.toml", change))


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["purpose"][0].update(scope="treatment"),
        lambda raw: raw["purpose"][1].update(to=["Organization/nobody"]),
        lambda raw: raw["purpose"][1].update(kinds=["tarot"]),
        lambda raw: raw["recipient"][0].pop("name"),
    ],
)
def test_a_wrong_table_of_purposes_is_refused_on_load(change):
    """What the page proposes must exist."""
    with pytest.raises(BadTable):
        purposes.load(broken("purposes.toml", change))


def test_the_package_needs_no_other_part_of_the_service():
    """A leaf runs alone: nothing but the standard library comes with it."""
    code = "import sys, consent.__main__, consent.build, consent.receipt, consent.grants, consent.profile; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert not {"phr", "ingest", "risk", "synthetic_data", "fhir", "pydantic", "sqlalchemy"} & {
        each.split(".")[0] for each in loaded
    }
