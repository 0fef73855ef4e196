"""A report as a file of the exchange format: HL7 CDA R2, 特定保健指導情報 (hg08), without document type or entities."""

from __future__ import annotations

from datetime import date
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from phr.domain.guidance.codes import codes
from phr.domain.guidance.report import Act, Report, Subject, Value

HL7: Final = "urn:hl7-org:v3"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
ARC: Final = "1.2.392.200119.6."
INSURER, INSTITUTION = ARC + "101", ARC + "102"
SYMBOL, NUMBER, BRANCH = ARC + "204", ARC + "205", ARC + "211"
REPORTS, ITEMS, SECTIONS, SEXES = ARC + "1001", ARC + "1006", ARC + "1010", ARC + "1104"
_CDA: Final = "2.16.840.1.113883.1.3"
_NORMAL: Final = "2.16.840.1.113883.5.25"


def document(report: Report) -> bytes:
    """The file of one report. The same report gives the same bytes."""
    root = Element(
        "ClinicalDocument",
        {"xmlns": HL7, "xmlns:xsi": XSI, "xsi:schemaLocation": f"{HL7} ../XSD/hg08_V08.xsd"},
    )
    _header(root, report)
    body = SubElement(SubElement(root, "component"), "structuredBody")
    _section(body, "90010", [], report)
    for code in ("90030", "90040", "90060", "90070"):
        acts = [act for act in report.acts if act.section == code]
        if acts:
            _section(body, code, acts, report)
    text: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text + b"\n"


def _header(root: Element, report: Report) -> None:
    SubElement(root, "typeId", {"extension": "POCD_HD000040", "root": _CDA})
    SubElement(root, "id", {"nullFlavor": "NI"})
    SubElement(root, "code", {"code": report.code, "codeSystem": REPORTS})
    SubElement(root, "effectiveTime", {"value": _day(report.made)})
    SubElement(root, "confidentialityCode", {"code": "N", "codeSystem": _NORMAL})
    # A later version of the same set replaces the earlier one (CDA R2).
    SubElement(root, "setId", {"root": f"2.25.{report.course.int}"})
    SubElement(root, "versionNumber", {"value": str(report.version)})
    _person(root, report.subject)
    author = SubElement(root, "author")
    SubElement(author, "time", {"value": _day(report.made)})
    _organisation(SubElement(author, "assignedAuthor"), "representedOrganization", report.institution)
    custodian = SubElement(SubElement(root, "custodian"), "assignedCustodian")
    SubElement(SubElement(custodian, "representedCustodianOrganization"), "id", {"nullFlavor": "NI"})
    service = SubElement(SubElement(root, "documentationOf"), "serviceEvent")
    SubElement(service, "code", {"code": report.level, "codeSystem": ITEMS})
    SubElement(service, "effectiveTime", {"value": _day(report.ended or report.begun)})
    performer = SubElement(service, "performer", {"typeCode": "PRF"})
    _organisation(SubElement(performer, "assignedEntity"), "representedOrganization", report.institution)


def _person(root: Element, subject: Subject) -> None:
    role = SubElement(SubElement(root, "recordTarget"), "patientRole")
    for oid, text in (
        (INSURER, subject.insurer_no),
        (SYMBOL, subject.symbol),
        (NUMBER, subject.number),
        (BRANCH, subject.branch),
    ):
        if text:
            SubElement(role, "id", {"extension": text, "root": oid})
    if subject.postal:
        SubElement(SubElement(role, "addr"), "postalCode").text = subject.postal
    patient = SubElement(role, "patient")
    SubElement(patient, "name").text = subject.kana
    SubElement(patient, "administrativeGenderCode", {"code": subject.sex, "codeSystem": SEXES})
    SubElement(patient, "birthTime", {"value": _day(subject.born)})


def _organisation(parent: Element, tag: str, number: str) -> None:
    SubElement(parent, "id", {"nullFlavor": "NI"})
    SubElement(SubElement(parent, tag), "id", {"extension": number, "root": INSTITUTION})


def _section(body: Element, code: str, acts: list[Act], report: Report) -> None:
    section = SubElement(SubElement(body, "component"), "section")
    SubElement(section, "code", {"code": code, "codeSystem": SECTIONS})
    SubElement(section, "title").text = codes().section[code]
    SubElement(section, "text")
    if code == "90010":
        entry = SubElement(section, "entry")
        _observation(entry, Value("level", report.level))
    for act in acts:
        _act(SubElement(section, "entry"), act)


def _act(entry: Element, act: Act) -> None:
    made = SubElement(entry, "act", {"classCode": "ACT", "moodCode": "EVN"})
    SubElement(made, "code", {"code": act.form, "codeSystem": codes().lists["form"]})
    SubElement(made, "effectiveTime", {"value": _day(act.day)})
    entity = SubElement(SubElement(made, "performer"), "assignedEntity")
    SubElement(entity, "id", {"nullFlavor": "NI"})
    SubElement(entity, "code", {"code": act.licence, "codeSystem": codes().lists["licence"]})
    for value in act.values:
        _observation(SubElement(made, "entryRelationship", {"typeCode": "COMP"}), value)


def _observation(parent: Element, value: Value) -> None:
    item = codes().item[value.item]
    code, system = codes().code_of(value.item)
    made = SubElement(parent, "observation", {"classCode": "OBS", "moodCode": "EVN"})
    SubElement(made, "code", {"code": code, "codeSystem": system, "displayName": item.name})
    if item.list:
        SubElement(made, "value", {"xsi:type": "CD", "code": value.text, "codeSystem": item.list})
    else:
        SubElement(made, "value", {"xsi:type": "PQ", "value": value.text, "unit": item.unit})


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")
