"""Check-up files as institutions write them, made from the public structure and nothing of the readers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import quoteattr

OID = "1.2.392.200119.6."
CODES = {
    "height_cm": ("9N001000000000001", "cm"), "weight_kg": ("9N006000000000001", "kg"), "bmi": ("9N011000000000001", "kg/m2"),
    "waist_cm": ("9N016160100000001", "cm"), "sbp1": ("9A751000000000001", "mm[Hg]"), "dbp1": ("9A761000000000001", "mm[Hg]"),
    "sbp_avg": ("9A755000000000001", "mm[Hg]"), "dbp_avg": ("9A765000000000001", "mm[Hg]"),
    "tg_fasting": ("3F015000002327101", "mg/dL"), "hdl": ("3F070000002327101", "mg/dL"), "ldl": ("3F077000002327101", "mg/dL"),
    "ast": ("3B035000002327201", "U/L"), "alt": ("3B045000002327201", "U/L"), "ggt": ("3B090000002327101", "U/L"),
    "fpg": ("3D010000001926101", "mg/dL"), "hba1c_ngsp": ("3D046000001906202", "%"), "rbc": ("2A020000001930101", "10*4/mm3"),
    "creatinine": ("3C015000002327101", "mg/dL"),
}  # fmt: skip
ANSWERS = {
    "blood_draw_code": ("9N141000000000011", "2202"), "med_bp": ("9N701000000000011", "2003"),
    "med_glucose": ("9N706000000000011", "2003"), "med_lipid": ("9N711000000000011", "2003"),
    "smoking": ("9N736000000000011", "24060"), "chew": ("9N872000000000011", "18030"), "snack": ("9N782000000000011", "18040"),
    "urine_protein": ("1A010000000191111", "2102"), "drink_freq": ("9N786000000000011", "24040"),
    "metabo": ("9N501000000000011", "1008"), "guidance_level": ("9N506000000000011", "3001"),
}  # fmt: skip
INTENSIVE = {
    "height_cm": "170.0", "weight_kg": "80.0", "bmi": "27.7", "waist_cm": "95.0", "sbp1": "142", "dbp1": "92",
    "tg_fasting": "180", "hdl": "38", "ldl": "150", "ast": "25", "alt": "30", "ggt": "40", "fpg": "112", "hba1c_ngsp": "6.0",
    "blood_draw_code": "2", "med_bp": "2", "med_glucose": "2", "med_lipid": "2", "smoking": "1",
    "metabo": "1", "guidance_level": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    insurer: str = "06132013"
    symbol: str = "１３１"
    number: str = "４５６７"
    branch: str = "01"
    born: str = "19700505"
    sex: str = "1"
    name: str = "ケンシン　タロウ"


@dataclass(frozen=True)
class File:
    """One check-up. raw: observations as XML text that are put in as they are."""

    values: dict = field(default_factory=lambda: dict(INTENSIVE))
    person: Person = Person()
    day: str = "20260610"
    institution: str = "1311234567"
    report: str = "10"
    raw: tuple[str, ...] = ()


def pq(code, value, unit, *, name="", more=""):
    """A number."""
    value = f'<value xsi:type="PQ" value={quoteattr(value)} unit={quoteattr(unit)}/>'
    return entry(f'<code code="{code}" displayName={quoteattr(name)}/>{value}{more}')


def cd(code, answer, oid, kind="CD"):
    """An answer."""
    return entry(
        f'<code code="{code}"/><value xsi:type="{kind}" code={quoteattr(answer)} codeSystem="{oid}"/>'
    )


def st(code, words):
    return entry(f'<code code="{code}"/><value xsi:type="ST">{words}</value>')


def entry(inside, attributes=""):
    return f'<entry><observation classCode="OBS" moodCode="EVN"{attributes}>{inside}</observation></entry>'


def observed(name, value):
    if name in CODES:
        return pq(CODES[name][0], value, CODES[name][1])
    return cd(ANSWERS[name][0], value, OID + ANSWERS[name][1])


def xml(file: File | None = None, **changes) -> str:
    """A check-up file of the fourth period."""
    file = replace(file or File(), **changes)
    p = file.person
    ids = (("101", p.insurer), ("204", p.symbol), ("205", p.number), ("211", p.branch))
    shown = "".join(f'<id extension={quoteattr(text)} root="{OID}{oid}"/>' for oid, text in ids if text)
    body = "".join(observed(name, value) for name, value in file.values.items()) + "".join(file.raw)
    organisation = f'<representedOrganization><id extension="{file.institution}" root="{OID}102"/><name>病院</name></representedOrganization>'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:hl7-org:v3 ../XSD/hc08_V08.xsd">
<typeId extension="POCD_HD000040" root="2.16.840.1.113883.1.3"/><id nullFlavor="NI"/>
<code code="{file.report}" codeSystem="{OID}1001"/><effectiveTime value="20260620"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
<recordTarget><patientRole>{shown}<addr><postalCode>100-0001</postalCode></addr>
<patient><name>{p.name}</name><administrativeGenderCode code="{p.sex}" codeSystem="{OID}1104"/><birthTime value="{p.born}"/></patient></patientRole></recordTarget>
<author><time value="20260620"/><assignedAuthor><id nullFlavor="NI"/>{organisation}</assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization><id nullFlavor="NI"/></representedCustodianOrganization></assignedCustodian></custodian>
<documentationOf><serviceEvent><code code="010" codeSystem="{OID}1002"/><effectiveTime value="{file.day}"/>
<performer typeCode="PRF"><assignedEntity><id nullFlavor="NI"/>{organisation}</assignedEntity></performer></serviceEvent></documentationOf>
<component><structuredBody><component><section><code code="01010" codeSystem="{OID}1010" displayName="検査・問診結果セクション"/><title/><text/>
{body}</section></component></structuredBody></component></ClinicalDocument>"""


def dashed(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def observation(code, day, **more):
    return {
        "resourceType": "Observation",
        "meta": {
            "profile": ["http://jpfhir.jp/fhir/eCheckup/StructureDefinition/JP_Observation_eCheckupGeneral"]
        },
        "status": "final",
        "code": {"coding": [{"system": f"urn:oid:{OID}1005", "code": code}]},
        "subject": {"reference": "urn:uuid:p"},
        "effectiveDateTime": day,
        **more,
    }


def quantity(value, unit):
    number = float(value) if "." in value else int(value)
    return {
        "valueQuantity": {"value": number, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    }


def answered(value, oid):
    return {"valueCodeableConcept": {"coding": [{"system": f"urn:oid:{oid}", "code": value}]}}


def bundle(file: File | None = None, *, observations=(), drop=(), patch=None, **changes) -> dict:
    """The same check-up as an eCheckup document. drop: resource types left out; patch: changes every resource."""
    file = replace(file or File(), **changes)
    p, day = file.person, dashed(file.day)
    member = {
        "system": "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID",
        "value": f"{p.insurer}:{p.symbol}:{p.number}:{p.branch}",
    }
    syllables = {
        "url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation",
        "valueCode": "SYL",
    }
    resources = {
        "urn:uuid:c": {
            "resourceType": "Composition", "status": "final", "title": "健康診断結果報告書", "date": f"{day}T12:00:00+09:00",
            "type": {"coding": [{"system": "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes", "code": "53576-5"}]},
            "category": [{"coding": [{"system": "urn:oid:2.16.840.1.113883.2.2.1.6.1001", "code": file.report}]}],
            "subject": {"reference": "urn:uuid:p"}, "author": [{"reference": "urn:uuid:o"}], "custodian": {"reference": "urn:uuid:o"},
            "event": [{"code": [{"coding": [{"system": f"urn:oid:{OID}1002", "code": "010"}]}], "period": {"start": day, "end": day}}],
        },
        "urn:uuid:p": {
            "resourceType": "Patient", "identifier": [{"system": f"urn:oid:{OID}102.11311234567", "value": "34567"}, member],
            "name": [{"use": "official", "text": "健診 太郎"}, {"extension": [syllables], "use": "official", "text": p.name.replace("\u3000", " ")}],
            "gender": {"1": "male", "2": "female"}.get(p.sex, "unknown"), "birthDate": dashed(p.born), "address": [{"text": "東京都"}],
        },
        "urn:uuid:o": {
            "resourceType": "Organization", "name": "病院",
            "identifier": [{"system": "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no", "value": file.institution}],
        },
    }  # fmt: skip
    seen = [
        observation(CODES[name][0], day, **quantity(value, CODES[name][1])) if name in CODES
        else observation(ANSWERS[name][0], day, **answered(value, OID + ANSWERS[name][1]))
        for name, value in file.values.items()
    ]  # fmt: skip
    resources.update({f"urn:uuid:{n}": each for n, each in enumerate((*seen, *observations))})
    entries = [
        {"fullUrl": url, "resource": each}
        for url, each in resources.items()
        if each["resourceType"] not in drop
    ]
    for each in entries if patch else ():
        patch(each["resource"])
    return {
        "resourceType": "Bundle",
        "type": "document",
        "timestamp": f"{day}T12:00:00+09:00",
        "entry": entries,
    }


def bundle_text(*args, **more) -> str:
    return json.dumps(bundle(*args, **more), ensure_ascii=False)


def csv_row(file: File | None = None, **changes) -> str:
    """The same check-up as a city's table of one row."""
    file = replace(file or File(), **changes)
    fixed = {"atena_no": "A1", "checkup_date": dashed(file.day), "birth_date": dashed(file.person.born), "sex": file.person.sex,
             "institution_code": file.institution}  # fmt: skip
    cells = fixed | file.values
    return ",".join(cells) + "\n" + ",".join(cells.values()) + "\n"
