"""eCheckup documents: the same check-up as XML and table, absent values, richer things as documents, whose they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fhir.resources.R4B.observation import Observation

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import checkup_fhir, checkup_xml
from ingest.files.sniff import format_of
from tests.ingest.checkup_files import (
    ANSWERS,
    CODES,
    OID,
    File,
    Person,
    answered,
    bundle,
    bundle_text,
    observation,
    quantity,
    xml,
)

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "fhir" / "jp-checkup-bundles"
DAY = "2026-06-10"
TG, LDL = CODES["tg_fasting"][0], CODES["ldl"][0]
MARKS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
INSURED = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_InsuredPerson"


def marked(code):
    return {"interpretation": [{"coding": [{"system": MARKS, "code": code}]}]}


def absent(code, why="not-performed", **more):
    reason = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": why}]}
    return observation(code, DAY, **{"status": "cancelled", "dataAbsentReason": reason, **more})


@pytest.fixture
def read(tmp_path, tokyo):
    """The one batch of one Bundle."""

    def make(given):
        path = tmp_path / "b.json"
        path.write_text(given if isinstance(given, str) else json.dumps(given), "utf-8")
        (batch,) = checkup_fhir.read(path, zone=tokyo)
        return batch

    return make


@pytest.fixture
def seen(read):
    """Values, rejects and kept Observations of a document with only these Observations."""

    def make(*observations):
        batch = read(bundle(values={}, observations=observations))
        values = {n: c.tolist()[0] for n, c in batch.series[0].channels.items()} if batch.series else {}
        kept = [json.loads(each) for each in batch.documents[2:]]
        return values, [(each.reason, each.field) for each in batch.rejects], kept

    return make


def test_the_document_and_the_xml_of_one_check_up_are_one_check_up(read, tmp_path, tokyo):
    """The same person, day, institution and columns."""
    batch = read(bundle())
    (tmp_path / "h.xml").write_text(xml())
    (other,) = checkup_xml.read(tmp_path / "h.xml", zone=tokyo)
    assert (batch.person_key, batch.rejects) == (other.person_key, other.rejects)
    assert batch.documents[0] == other.documents[0]
    (ours,), (theirs,) = batch.series, other.series
    assert (ours.source, ours.start.tolist()) == (theirs.source, theirs.start.tolist())
    assert {n: c.tolist() for n, c in ours.channels.items()} == {
        n: c.tolist() for n, c in theirs.channels.items()
    }


def test_what_was_cancelled_is_counted_by_its_reason(seen):
    """not-performed is 未実施, error is 測定不能; anything else contradicts itself."""
    values, rejects, _ = seen(
        absent(TG), absent(LDL, "error"), absent(LDL, "masked"), absent(LDL, **quantity("120", "mg/dL")),
        absent(LDL, status="final"), observation(LDL, DAY, status="entered-in-error", **quantity("120", "mg/dL")),
    )  # fmt: skip
    assert values == {}
    assert rejects == [
        ("contradiction", f"file 1: {LDL}"), ("bad-status", f"file 1: {LDL}"), ("not-performed", "file 1"), ("not-measurable", "file 1"),
    ]  # fmt: skip


def test_beyond_the_input_range_a_number_counts_where_it_can(seen):
    """HX with a number, HX with a number that no column takes, HX alone."""
    assert seen(observation(LDL, DAY, **quantity("1000", "mg/dL"), **marked("HX")))[:2] == (
        {"ldl": 1000.0},
        [],
    )
    for more in (quantity("2500", "mg/dL"), {}):
        values, rejects, kept = seen(observation(TG, DAY, **more, **marked("HX")))
        assert (values, len(rejects)) == ({}, 1)
        assert kept[0]["interpretation"][0]["coding"][0]["code"] == "HX"
        Observation.model_validate(kept[0])


def test_richer_things_stay_as_they_came_but_for_what_is_not_kept_with_them(seen):
    """A history with words, a number with a comparator; links to a doctor who is not kept are taken off."""
    words = {
        "code": {"coding": [{"code": "9N056160400000049", "system": f"urn:oid:{OID}1005"}]},
        "valueString": "ヘルニア",
    }
    history = observation("9N056000000000011", DAY, **answered("1", OID + "2001"), component=[words])
    below = observation(
        "3C025000002399801",
        DAY,
        valueQuantity={**quantity("6.30", "mg/dL")["valueQuantity"], "comparator": "<"},
    )
    values, rejects, kept = seen(history | {"performer": [{"reference": "urn:uuid:o"}]}, below)
    assert (values, rejects, len(kept)) == ({}, [], 2)
    assert kept[0]["component"] == [words]
    assert kept[1]["valueQuantity"]["comparator"] == "<"
    for each in kept:
        Observation.model_validate(each)
        assert "urn:uuid" not in json.dumps(each)


def test_a_kept_number_keeps_its_last_zero(read):
    """6.30 is not 6.3."""
    extra = observation("3C025000002399801", DAY, **quantity("6.5", "mg/dL"))
    batch = read(bundle_text(values={}, observations=[extra]).replace("6.5", "6.50"))
    assert b'"value":6.50' in batch.documents[-1]


def test_a_code_of_another_list_is_no_item_and_a_bracket_is_nothing(seen):
    strange = observation(LDL, DAY, **quantity("120", "mg/dL"))
    strange["code"]["coding"][0]["system"] = "http://example.org"
    bracket = observation(LDL, DAY, hasMember=[{"reference": "urn:uuid:1"}]) | {"code": {"text": "心電図"}}
    assert seen(strange, bracket, observation(LDL, DAY, **quantity("120", "mg/dL")))[:2] == (
        {"ldl": 120.0},
        [("unknown-code", "file 1: Observation.code")],
    )


def test_units_and_answer_lists_are_those_of_the_columns(seen):
    """Another system than UCUM, another list, an older list."""
    plain = observation(LDL, DAY, valueQuantity={"value": 120, "unit": "mg/dL"})
    values, rejects, kept = seen(
        plain,
        observation(TG, DAY, **quantity("1.5", "mmol/L")),
        observation(ANSWERS["smoking"][0], DAY, **answered("2", OID + "2003")),
    )
    assert values == {}
    assert [reason for reason, _ in rejects] == ["bad-value", "bad-unit", "older-answer"]
    assert [each["code"]["coding"][0]["code"] for each in kept] == [ANSWERS["smoking"][0]]


def test_items_of_other_days_are_check_ups_of_those_days(read):
    """A repeated blood test is not moved to the day of the first; an item without a day is of the check-up's."""
    later = observation(LDL, "2026-06-20T09:30:00+09:00", **quantity("120", "mg/dL"))
    bare = observation(CODES["hdl"][0], DAY, **quantity("60", "mg/dL"))
    del bare["effectiveDateTime"]
    batch = read(bundle(values={}, observations=[later, bare]))
    (series,) = batch.series
    assert (series.start[1] - series.start[0]) == 10 * 86_400_000_000
    assert series.channels["hdl"].tolist()[0] == 60
    assert series.channels["ldl"].tolist()[1] == 120


def test_an_item_without_any_day_is_refused(read):
    bare = observation(LDL, DAY, **quantity("120", "mg/dL"))
    del bare["effectiveDateTime"]

    def without_event(resource):
        resource.pop("event", None)

    batch = read(bundle(values={}, observations=[bare], patch=without_event))
    assert [(each.reason, each.field) for each in batch.rejects] == [
        ("bad-date", "file 1: Observation.effectiveDateTime")
    ]


def test_an_observation_of_somebody_else_is_refused(seen):
    other = observation(LDL, DAY, **quantity("120", "mg/dL")) | {"subject": {"reference": "urn:uuid:q"}}
    assert seen(other)[:2] == ({}, [("other-subject", "file 1: Observation.subject")])


def test_the_insured_number_of_older_documents_stands_in_the_coverage(read):
    """Extensions of the Coverage, and the payor's number; of two such Coverages neither is believed."""
    given = bundle()
    given["entry"][1]["resource"]["identifier"] = []
    p = Person()
    parts = [
        {"url": INSURED + name, "valueString": text}
        for name, text in (("Symbol", p.symbol), ("Number", p.number), ("SubNumber", p.branch))
    ]
    coverage = {"resourceType": "Coverage", "extension": parts, "payor": [{"reference": "urn:uuid:i"}]}
    insurer = {
        "resourceType": "Organization",
        "identifier": [{"system": "urn:oid:1.2.392.100495.20.3.61", "value": p.insurer}],
    }
    given["entry"] += [
        {"fullUrl": "urn:uuid:k", "resource": coverage},
        {"fullUrl": "urn:uuid:i", "resource": insurer},
    ]
    assert read(given).person_key == read(bundle()).person_key
    given["entry"].append({"fullUrl": "urn:uuid:k2", "resource": coverage})
    assert [each.reason for each in read(given).rejects] == ["no-person"]


@pytest.mark.parametrize(
    "system",
    ["urn:oid:1.2.392.200119.6.1001", "http://jpfhir.jp/fhir/eCheckup/CodeSystem/checkup-report-category"],
)
def test_the_report_category_is_read_from_each_system_it_has_had(read, system):
    assert read(bundle_text().replace("urn:oid:2.16.840.1.113883.2.2.1.6.1001", system)).series


@pytest.mark.parametrize("person", [Person(insurer="1"), Person(number=""), Person(born="20991231")])
def test_a_document_that_does_not_say_whose_it_is_is_refused(read, person):
    batch = read(bundle(replace(File(), person=person)))
    assert (batch.series, batch.documents, [each.reason for each in batch.rejects]) == ((), (), ["no-person"])


def test_a_document_without_items_is_counted(read):
    assert [each.reason for each in read(bundle(values={})).rejects] == ["no-value"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (bundle(report="21"), NotOfThisFormat), (bundle(report="99"), NotOfThisFormat), (bundle(drop=("Composition",)), NotOfThisFormat),
        ({**bundle(), "type": "collection"}, NotOfThisFormat), ([], NotOfThisFormat), ("{", BadPayload),
        (json.dumps(bundle()).replace("53576-5", "18842-5"), NotOfThisFormat), ({**bundle(), "entry": [{}] * 5001}, BadPayload),
    ],
)  # fmt: skip
def test_what_is_no_check_up_report_is_refused_as_a_whole(read, given, kind):
    with pytest.raises(kind):
        read(given)


def test_a_folder_with_other_bundles_counts_them_and_reads_the_reports(tmp_path, tokyo):
    (tmp_path / "a.json").write_text(bundle_text(), "utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"resourceType": "Bundle", "type": "searchset"}))
    first, second = checkup_fhir.read(tmp_path, zone=tokyo)
    assert first.series
    assert [each.reason for each in second.rejects] == ["not-of-this-format"]
    assert [each.rejects for each in checkup_fhir.read(tmp_path, zone=tokyo, mark=first.mark)] == [
        second.rejects
    ]


def test_a_report_is_told_from_other_bundles(tmp_path):
    (tmp_path / "a.json").write_text(bundle_text(), "utf-8")
    (tmp_path / "b.json").write_text('{"resourceType":"Bundle","type":"document"}')
    assert (format_of(tmp_path / "a.json"), format_of(tmp_path / "b.json")) == ("checkup-fhir", "fhir-bundle")


@pytest.mark.shared
def test_cancer_screenings_of_cities_are_not_taken_for_check_ups(tokyo):
    """Published examples of the municipal guide, some of them broken on purpose: each is refused, none is half read."""
    if not SHARED.exists():
        pytest.skip("the published examples are not here")
    files = sorted(SHARED.glob("*.json"))
    for path in files:
        with pytest.raises(BadPayload):
            list(checkup_fhir.read(path, zone=tokyo))
    assert files
