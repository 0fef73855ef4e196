"""National check-up files: structure, absent and limited values, answers, whose they are, archives, repeats."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files import checkup_csv, checkup_xml
from ingest.files.sniff import format_of
from tests.ingest.checkup_files import (
    CODES,
    INTENSIVE,
    OID,
    Person,
    cd,
    csv_row,
    entry,
    observed,
    pq,
    st,
    xml,
)

TG, WAIST, LDL, NGSP = CODES["tg_fasting"][0], CODES["waist_cm"][0], CODES["ldl"][0], CODES["hba1c_ngsp"][0]
HIGH = '<value xsi:type="CD" code="H" codeSystem="2.16.840.1.113883.5.83" displayName="以上"/>'


@pytest.fixture
def files(tmp_path, tokyo):
    """The batches of some files in a folder, or of one file alone."""

    def make(*texts, mark=""):
        for number, text in enumerate(texts, 1):
            body = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"h{number:03}.xml").write_bytes(body)
        path = tmp_path if len(texts) > 1 else tmp_path / "h001.xml"
        return list(checkup_xml.read(path, zone=tokyo, mark=mark))

    return make


@pytest.fixture
def one(files):
    """Values, rejects and documents of one file with only these observations."""

    def make(*raw):
        (batch,) = files(xml(values={}, raw=raw))
        values = {n: c.tolist()[0] for n, c in batch.series[0].channels.items()} if batch.series else {}
        return values, [(each.reason, each.field, each.count) for each in batch.rejects], batch.documents

    return make


def test_every_item_becomes_its_column(files):
    """Numbers with their unit, answers with their list."""
    (batch,) = files(xml())
    (series,) = batch.series
    assert {name: column.tolist() for name, column in series.channels.items()} == {
        name: [float(value)] for name, value in INTENSIVE.items()
    }
    assert (series.start[0], series.offset[0], series.source.key) == (
        1_781_017_200_000_000,
        32_400,
        "checkup:1311234567",
    )
    assert (batch.rejects, batch.done) == ((), batch.total)


def test_the_same_check_up_as_a_table_is_the_same_columns(files, tmp_path, tokyo):
    """One check-up that comes in two forms is a repeat and no second one."""
    (tmp_path / "c.csv").write_text(csv_row())
    (table,) = checkup_csv.read(tmp_path / "c.csv", zone=tokyo)
    (batch,) = files(xml())
    ours, theirs = batch.series[0], table.series[0]
    assert (ours.source, ours.start.tolist(), ours.offset.tolist()) == (
        theirs.source,
        theirs.start.tolist(),
        theirs.offset.tolist(),
    )
    assert {n: c.tolist() for n, c in ours.channels.items()} == {
        n: c.tolist() for n, c in theirs.channels.items()
    }


def test_what_was_not_done_and_what_could_not_be_measured_are_no_values(one):
    """未実施 is a negated item without a value, 測定不能 a value of the null flavour NI; both are counted."""
    values, rejects, _ = one(
        entry(f'<code code="{TG}"/>', ' negationInd="true"'),
        entry(f'<code code="{LDL}"/><value xsi:type="PQ" nullFlavor="NI"/>'),
        observed("hdl", "60"),
    )
    assert values == {"hdl": 60.0}
    assert rejects == [("not-performed", "file 1", 1), ("not-measurable", "file 1", 1)]


def test_a_value_of_an_examination_that_was_not_done_is_refused(one):
    """One of the two is wrong and nobody can tell which."""
    values, rejects, _ = one(
        entry(f'<code code="{TG}"/><value xsi:type="PQ" value="150" unit="mg/dL"/>', ' negationInd="true"')
    )
    assert (values, rejects) == ({}, [("contradiction", f"file 1: {TG}", 1)])


def test_beyond_the_input_range_the_real_number_counts_where_it_can(one):
    """Since April 2013 it stands beside H or L; alone, or beyond what a column takes, it is kept as a document."""
    values, rejects, _ = one(
        entry(f'<code code="{LDL}"/><value xsi:type="PQ" value="1000" unit="mg/dL"/>{HIGH}')
    )
    assert (values, rejects) == ({"ldl": 1000.0}, [])
    values, rejects, documents = one(
        entry(f'<code code="{TG}"/><value xsi:type="PQ" value="2500" unit="mg/dL"/>{HIGH}')
    )
    assert (values, rejects) == ({}, [("out-of-range", "file 1: tg_fasting", 1)])
    shown = json.loads(documents[-1])
    assert (shown["valueQuantity"]["value"], shown["interpretation"][0]["coding"][0]["code"]) == (2500, "HX")
    values, rejects, documents = one(entry(f'<code code="{TG}"/>{HIGH}'))
    assert (values, rejects) == ({}, [("beyond-range", "file 1: tg_fasting", 1)])
    Observation.model_validate(json.loads(documents[-1]))
    assert "valueQuantity" not in json.loads(documents[-1])


@pytest.mark.parametrize(
    ("code", "text", "unit", "value", "reason"),
    [
        (WAIST, "850", "mm", 85.0, None), (WAIST, "0.85", "m", 85.0, None), (WAIST, "33", "[in_i]", None, "bad-unit"),
        ("9A751000000000001", "130", "mmHg", 130.0, None), ("9A751000000000001", "17", "kPa", None, "bad-unit"),
        (LDL, "3.1", "mmol/L", None, "bad-unit"), (LDL, "120", "", None, "bad-unit"), (LDL, "1.2", "g/L", 120.0, None),
        (NGSP, "40", "mmol/mol", None, "bad-unit"), (NGSP, "40", "%", None, "unit-lookalike"), (NGSP, "5.6", "%", 5.6, None),
        ("3B035000002327201", "30", "[iU]/L", 30.0, None), ("2A020000001930101", "4.5", "10*6/uL", 450.0, None),
        ("8A065000002391901", "71.5", "mL/min/1.73m2", 71.5, None), ("3D010000001926101", "5.8", "mg/dL", None, "unit-lookalike"),
    ],
)  # fmt: skip
def test_a_unit_is_read_and_never_guessed(one, code, text, unit, value, reason):
    """The same item in another unit is converted where only a power of ten lies between, else refused."""
    values, rejects, _ = one(pq(code, text, unit))
    assert list(values.values()) == ([] if value is None else [pytest.approx(value)])
    assert [each[0] for each in rejects] == ([] if reason is None else [reason])


@pytest.mark.parametrize("code", ["3D045000001906202", "3D045000001999902"])
def test_an_hba1c_of_jds_is_never_taken_for_ngsp(one, code):
    """E3: it is about 0.4 lower."""
    assert one(pq(code, "5.8", "%"))[:2] == ({}, [("jds-value", "file 1: hba1c_ngsp", 1)])


@pytest.mark.parametrize(
    ("answer", "list_", "value", "reason"),
    [("1", "24060", 1.0, None), ("2", "24060", 2.0, None), ("4", "24060", None, "bad-code"), ("1", "2003", 1.0, None),
     ("2", "2003", None, "older-answer"), ("1", "9999", None, "other-answer-list")],
)  # fmt: skip
def test_the_list_of_an_answer_decides_what_its_number_means(one, answer, list_, value, reason):
    """Until March 2024 "2" said that somebody does not smoke now; today it says that they gave it up."""
    values, rejects, documents = one(cd("9N736000000000011", answer, OID + list_))
    assert values.get("smoking") == value
    assert [each[0] for each in rejects] == ([] if reason is None else [reason])
    kept = [json.loads(each) for each in documents[2:]]
    assert len(kept) == (reason in ("older-answer", "other-answer-list"))
    for each in kept:
        assert each["valueCodeableConcept"]["coding"] == [{"system": f"urn:oid:{OID}{list_}", "code": answer}]


def test_of_several_methods_the_measured_one_counts(one):
    """E6: measured before self-measured before reported, whatever the order in the file."""
    values, rejects, _ = one(
        pq("9N016160300000001", "99", "cm"), pq("9N016160200000001", "90", "cm"), pq(WAIST, "84.5", "cm")
    )
    assert (values, rejects) == ({"waist_cm": 84.5}, [("other-method", "file 1: waist_cm", 2)])


def test_two_values_of_one_item_refuse_both_and_the_same_value_twice_is_one(one):
    values, rejects, _ = one(
        pq(LDL, "120", "mg/dL"), pq(LDL, "130", "mg/dL"), observed("hdl", "60"), observed("hdl", "60.0")
    )
    assert (values, rejects) == ({"hdl": 60.0}, [("contradiction", "file 1: ldl", 2)])


def test_pressures_that_cannot_be_a_pair_are_refused(one):
    assert one(observed("sbp1", "80"), observed("dbp1", "80"))[:2] == ({}, [("bad-value", "file 1: dbp1", 1)])


def test_items_of_one_examination_are_found_in_their_bracket(one):
    """EntryRelationship COMP, on an Observation without a code."""
    inner = f'<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN"><code code="{LDL}"/><value xsi:type="PQ" value="120" unit="mg/dL"/></observation></entryRelationship>'
    assert one(entry(f'<code nullFlavor="NA"/>{inner}'))[0] == {"ldl": 120.0}


def test_what_columns_cannot_hold_stays_as_valid_documents(one):
    """心電図, 医師の診断: as Observations with the delivered words; the reference ranges are counted."""
    ranges = '<interpretationCode code="H"/><referenceRange><observationRange><value xsi:type="IVL_PQ"><low value="60" unit="mg/dL"/></value></observationRange></referenceRange>'
    values, rejects, documents = one(
        cd("9A110160700000011", "1", OID + "2001"), st("9N511000000000049", "要経過観察 です"),
        pq("3C025000002399801", "14.2", "mg/dL", name="尿素窒素"), pq(LDL, "150", "mg/dL", more=ranges),
    )  # fmt: skip
    shown = [Observation.model_validate(json.loads(each)) for each in documents[2:]]
    assert values == {"ldl": 150.0}
    assert [each.valueString for each in shown] == [None, "要経過観察 です", None]
    assert float(shown[2].valueQuantity.value) == 14.2
    assert [each.code.coding[0].display for each in shown] == [None, None, "尿素窒素"]
    assert rejects == [("not-stored", "file 1: referenceRange and interpretationCode", 2)]
    assert len({json.loads(each)["id"] for each in documents[2:]}) == 3


def test_my_numbers_in_words_are_refused(one):
    """番号法."""
    assert one(st("9N511000000000049", "番号 1234 5678 9018"))[1] == [
        ("my-number", "file 1: 9N511000000000049", 1)
    ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (entry('<code code="X"/>'), "unknown-code"), (entry(f'<code code="{LDL}" codeSystem="1.2.3"/>'), "unknown-code"),
        (entry(f'<code code="{LDL}"/>'), "no-value"), (pq(LDL, "1e3", "mg/dL"), "bad-value"), (pq(LDL, "NaN", "mg/dL"), "bad-value"),
        (st(LDL, "120"), "bad-value"), (entry(f'<code code="{LDL}"/><value value="120" unit="mg/dL"/>'), "unknown-type"),
        (entry(f'<code code="{LDL}"/>{HIGH}{HIGH}'), "several-values"), (entry(f'<code code="{LDL}"/>{HIGH.replace("H", "X", 1)}'), "bad-code"),
        (cd("9N736000000000011", "", OID + "24060"), "bad-code"), (pq("9N736000000000011", "1", "1"), "bad-value"),
        (entry(f'<code code="{LDL}"/>{HIGH}<value xsi:type="ST">x</value>'), "several-values"), (st(LDL, ""), "no-value"),
        (pq(LDL, "120", "mg/dL").replace("EVN", "INT"), "not-observed"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_by_its_place(one, raw, reason):
    """Never a value by guessing, never a text of the file in the refusal."""
    values, rejects, _ = one(raw)
    assert (values, [each[0] for each in rejects]) == ({}, [reason])


def test_the_person_is_named_by_a_hash_and_kept_as_a_valid_patient(files):
    """R2-1: insurer, symbol and number, birth date; full and half width are the same number."""
    (batch,) = files(xml())
    shown = json.loads(batch.documents[0])
    Patient.model_validate(shown)
    assert shown["identifier"] == [{"system": "urn:phr:insured", "value": "06132013:131:4567:01"}]
    assert (shown["birthDate"], shown["gender"], shown["name"][0]["text"]) == (
        "1970-05-05",
        "male",
        "ケンシン タロウ",
    )
    assert "4567" not in batch.person_key
    (half,) = files(xml(person=Person(symbol="131", number="4567", name="ｹﾝｼﾝ ﾀﾛｳ")))
    assert half.person_key == batch.person_key
    assert json.loads(half.documents[0])["name"] == shown["name"]
    (other,) = files(xml(person=Person(born="19700506")))
    assert other.person_key != batch.person_key


@pytest.mark.parametrize(
    ("person", "field"),
    [(Person(insurer=""), "insurer_no"), (Person(number=""), "insured_no"), (Person(born="19700230"), "birth_date"),
     (Person(born="20270101"), "birth_date"), (Person(number="9" * 41), "insured_no"), (Person(number="123456789018"), "insured_no")],
)  # fmt: skip
def test_a_file_that_does_not_say_whose_it_is_is_refused(files, person, field):
    """R2-1; a My Number is no insured number."""
    (batch,) = files(xml(person=person))
    assert (batch.series, batch.documents, batch.person_key) == ((), (), None)
    assert [(each.reason, each.field) for each in batch.rejects] == [("no-person", f"file 1: {field}")]


def test_the_original_is_known_by_its_hash(files):
    """R2-1: the hash is kept, not the file."""
    body = xml().encode()
    (batch,) = files(body)
    shown = json.loads(batch.documents[1])
    Observation.model_validate(shown)
    assert shown["identifier"][0]["value"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("second", "field"),
    [
        (Person(sex="2"), "sex"),
        (Person(branch="02"), "branch_no"),
        (Person(branch="", name="ケンシン ジロウ"), "name_kana"),
    ],
)
def test_twins_of_one_household_are_never_taken_for_each_other(files, second, field):
    """They share symbol, number and birth date; also when reading goes on after a pause."""
    texts = xml(), xml(person=second), xml(day="20250610")
    first, other, third = files(*texts)
    assert (other.series, other.person_key) == ((), None)
    assert [(each.reason, each.field) for each in other.rejects] == [("another-person", f"file 2: {field}")]
    assert first.person_key == third.person_key
    assert [each.person_key for each in files(*texts, mark=first.mark)] == [None, third.person_key]


def test_the_zip_of_an_exchange_is_read_and_its_other_files_are_not(tmp_path, tokyo):
    """Index, summary, settlements and schemas stand beside the check-ups; many people in one archive."""
    path = tmp_path / "1311234567_06132013_202606200_1.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (
            "ix08_V08.xml",
            "su08_V08.xml",
            "CLAIMS/c1.xml",
            "XSD/hc08_V08.xsd",
            "XSD/coreschemas/x.xml",
        ):
            archive.writestr(f"a/{name}", "<not really")
        archive.writestr("a/DATA/h001.xml", xml())
        archive.writestr("a/DATA/h002.xml", xml(person=Person(number="９９", born="19600101", sex="2")))
        archive.writestr("a/DATA/h003.xml", xml(report="22"))
    assert format_of(path) == "checkup-xml"
    batches = list(checkup_xml.read(path, zone=tokyo))
    assert len({each.person_key for each in batches} - {None}) == 2
    assert [each.reason for batch in batches for each in batch.rejects] == ["not-of-this-format"]
    assert [each.person_key for each in checkup_xml.read(path, zone=tokyo, mark=batches[0].mark)] == [
        each.person_key for each in batches[1:]
    ]


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        (xml(report="22"), NotOfThisFormat, "code"), (xml(report="30"), NotOfThisFormat, "code"),
        (xml().replace("urn:hl7-org:v3", "urn:hl7-org:v2"), NotOfThisFormat, "document"),
        (xml().replace(OID + "1001", "1.2.3"), NotOfThisFormat, "code"), ("<a/>", NotOfThisFormat, "document"),
        (xml().replace("structuredBody", "nonXMLBody"), BadPayload, "structuredBody"),
    ],
)  # fmt: skip
def test_what_is_no_check_up_is_refused_as_a_whole(files, text, kind, field):
    """Names are exact: neither another namespace nor a report of guidance passes."""
    with pytest.raises(kind) as caught:
        files(text)
    assert caught.value.field == field


@pytest.mark.parametrize("day", ["20260230", "", "2026"])
def test_a_check_up_without_a_day_is_refused(files, day):
    (batch,) = files(xml(day=day))
    assert batch.series == ()
    assert [each.reason for each in batch.rejects] == ["bad-date"]


def test_two_people_in_one_file_are_nobody(files):
    """A number that is given twice with two values names nobody."""
    text = xml().replace("<patientRole>", f'<patientRole><id extension="9999" root="{OID}205"/>', 1)
    (batch,) = files(text)
    assert [each.field for each in batch.rejects] == ["file 1: insured_no"]
