"""Reads one eCheckup document (健康診断結果報告書, a FHIR Bundle): its Composition, its person, its Observations.

The structure is that of the JAMI guide eCheckup 1.5.0 and its published examples (github.com/jami-fhir-jp-wg/eCheckupReport):
the Composition has the type 53576-5 and the report category; the person is its subject; the insured number stands in
``JP_Insurance_memberID`` (insurer:symbol:number:branch) of the Patient or Coverage, or, in older documents, in extensions
of the Coverage whose payor has the insurer number. An item that was not done is ``cancelled`` with ``dataAbsentReason``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.codes import JLAC10, UCUM
from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.checkup_batches import Delivered
from ingest.files.checkup_documents import DOC_TYPES, INTERPRETATION, REPORT
from ingest.files.checkup_items import NOT_MEASURABLE, NOT_PERFORMED, TABLE, Item
from ingest.files.checkup_row import civil_day
from ingest.files.checkup_tree import Original
from ingest.series import Reject

MEMBER: Final = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"
_CATEGORIES: Final = (
    "urn:oid:2.16.840.1.113883.2.2.1.6.1001",
    "urn:oid:1.2.392.200119.6.1001",
    "http://jpfhir.jp/fhir/eCheckup/CodeSystem/checkup-report-category",
)
"""Systems of the report category: of 1.5.0, of the national list itself, and of earlier drafts of the guide."""
_INSURERS: Final = "urn:oid:1.2.392.100495.20.3.61"
_INSTITUTIONS: Final = "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"
_EXTENSIONS: Final = "/StructureDefinition/JP_Coverage_InsuredPerson"
_PARTS: Final = {"Symbol": "insured_symbol", "Number": "insured_no", "SubNumber": "branch_no"}
_ENTRIES: Final = 5_000
_CODE: Final = re.compile(r"[0-9A-Z]{17}", re.ASCII)
_DECODE: Final = msgspec.json.Decoder(float_hook=Decimal).decode
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, ArithmeticError)
_ABSENT: Final = frozenset({NOT_PERFORMED, NOT_MEASURABLE})
Json = Mapping[str, Any]


def delivered(given: Original, place: str, zone: ZoneInfo, rejects: list[Reject]) -> Delivered:
    """What an eCheckup document says.

    Raises: NotOfThisFormat, when it is no such document; BadPayload, when it is no JSON of the right shape.
    """
    file = given.name
    entries = _entries(given.body.removeprefix(b"\xef\xbb\xbf"), file)
    resources = dict(entries)
    papers = [each for _, each in entries if each.get("resourceType") == "Composition"]
    if len(papers) != 1:
        raise NotOfThisFormat("not one Composition", field="entry", file=file)
    paper = papers[0]
    _check(paper, file)
    others = [each for _, each in entries]
    institution = _institution(paper, resources)
    examined = _event(paper, zone)
    days = _days(others, paper, examined, place, zone, rejects)
    return Delivered(_person(paper, resources, others), institution, days)


def _entries(payload: bytes, file: str) -> list[tuple[str, Json]]:
    """The resources by the name that references give them."""
    try:
        bundle: Any = _DECODE(payload)
    except _WRONG as error:
        raise BadPayload("not JSON", field="document", file=file) from error
    if (
        not isinstance(bundle, dict)
        or bundle.get("resourceType") != "Bundle"
        or bundle.get("type") != "document"
    ):
        raise NotOfThisFormat("no document Bundle", field="type", file=file)
    given = _list(bundle.get("entry"))
    if len(given) > _ENTRIES:
        raise BadPayload(f"more than {_ENTRIES} entries", field="entry", file=file)
    found = []
    for place, entry in enumerate(given):
        resource = _map(_map(entry).get("resource"))
        name = _text(_map(entry).get("fullUrl")) or f"entry[{place}]"
        found.append((name, resource))
    return found


def _check(paper: Json, file: str) -> None:
    if (DOC_TYPES, REPORT) not in _codes(paper.get("type")):
        raise NotOfThisFormat("no report of a check-up", field="Composition.type", file=file)
    kinds = {
        code
        for each in _list(paper.get("category"))
        for system, code in _codes(each)
        if system in _CATEGORIES
    }
    if kinds & TABLE.guidance or not kinds & TABLE.reports:
        raise NotOfThisFormat("another kind of report", field="Composition.category", file=file)


def _event(paper: Json, zone: ZoneInfo) -> date | None:
    """The day of the check-up, where the Composition says one."""
    days = {_day(_map(_map(event).get("period")).get("start"), zone) for event in _list(paper.get("event"))}
    return days.pop() if len(days) == 1 else None


def _day(value: object, zone: ZoneInfo) -> date | None:
    text = _text(value)
    if "T" not in text:
        return civil_day(text)
    try:
        moment = datetime.fromisoformat(text)
        local = moment.astimezone(zone) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    return civil_day(local.date().isoformat())


def _institution(paper: Json, resources: Mapping[str, Json]) -> str:
    named = [_map(paper.get("custodian")), *map(_map, _list(paper.get("author")))]
    for reference in named:
        organisation = resources.get(_text(reference.get("reference")), {})
        for system, value in _identifiers(organisation):
            if system == _INSTITUTIONS and len(value) <= 20 and value.isalnum():
                return value
    return ""


def _person(paper: Json, resources: Mapping[str, Json], others: list[Json]) -> dict[str, str]:
    """The person's texts; an insured number that is there twice with two values is none."""
    patient = resources.get(_text(_map(paper.get("subject")).get("reference")), {})
    if patient.get("resourceType") != "Patient":
        return {}
    coverages = [each for each in others if each.get("resourceType") == "Coverage"]
    members = {
        value for each in (patient, *coverages) for system, value in _identifiers(each) if system == MEMBER
    }
    person = {"birth_date": _text(patient.get("birthDate")), "sex": _text(patient.get("gender"))}
    if person["sex"] not in ("male", "female"):
        del person["sex"]
    if len(members) == 1:
        parts = members.pop().split(":")
        if len(parts) == 4:
            names = ("insurer_no", "insured_symbol", "insured_no", "branch_no")
            person.update(zip(names, parts, strict=True))
    elif not members:
        person.update(_insured(coverages, resources))
    for name in map(_map, _list(patient.get("name"))):
        marks = [_map(mark).get("valueCode") for mark in _list(name.get("extension"))]
        if "SYL" in marks:
            person["name_kana"] = _text(name.get("text"))
    return person


def _insured(coverages: list[Json], resources: Mapping[str, Json]) -> dict[str, str]:
    """The insured number of the one Coverage that has it in extensions."""
    found = []
    for coverage in coverages:
        person = {}
        for extension in map(_map, _list(coverage.get("extension"))):
            name = _PARTS.get(_text(extension.get("url")).rpartition(_EXTENSIONS)[2])
            if name:
                person[name] = _text(extension.get("valueString"))
        for payor in map(_map, _list(coverage.get("payor"))):
            for system, value in _identifiers(resources.get(_text(payor.get("reference")), {})):
                if system == _INSURERS:
                    person["insurer_no"] = value
        if "insured_no" in person:
            found.append(person)
    return found[0] if len(found) == 1 else {}


def _days(
    others: list[Json], paper: Json, examined: date | None, place: str, zone: ZoneInfo, rejects: list[Reject]
) -> dict[date, list[Item]]:
    """The items by day: their own where they say one, else that of the check-up."""
    days: dict[date, list[Item]] = {}
    whose = _text(_map(paper.get("subject")).get("reference"))
    for seen in others:
        if seen.get("resourceType") != "Observation":
            continue
        if _text(_map(seen.get("subject")).get("reference")) != whose:
            rejects.append(Reject("other-subject", f"{place}: Observation.subject"))
            continue
        given = seen.get("effectiveDateTime")
        day = _day(given, zone) if given else examined
        if day is None:
            rejects.append(Reject("bad-date", f"{place}: Observation.effectiveDateTime"))
            continue
        for item in _items(seen, place, rejects):
            days.setdefault(day, []).append(item)
    return days


def _items(seen: Json, place: str, rejects: list[Reject]) -> Iterator[Item]:
    codes = [code for system, code in _codes(seen.get("code")) if system == JLAC10]
    if len(codes) != 1 or not _CODE.fullmatch(codes[0]):
        if not seen.get("hasMember"):  # the bracket around the items of one examination
            rejects.append(Reject("unknown-code", f"{place}: Observation.code"))
        return
    absent = {code for _, code in _codes(seen.get("dataAbsentReason"))}
    if absent:
        word = absent.pop() if len(absent) == 1 else ""
        if seen.get("status") == "cancelled" and word in _ABSENT and not _has_value(seen):
            yield Item(codes[0], "absent", word)
        else:
            rejects.append(Reject("contradiction", f"{place}: {codes[0]}"))
    elif seen.get("status") != "final":
        rejects.append(Reject("bad-status", f"{place}: {codes[0]}"))
    else:
        if seen.get("referenceRange"):
            rejects.append(Reject("not-stored", f"{place}: referenceRange"))
        yield _item(seen, codes[0])


def _has_value(seen: Json) -> bool:
    return any(name.startswith("value") for name in seen)


def _item(seen: Json, code: str) -> Item:
    """An item; what is richer than a number or an answer is kept as it came, by its body."""
    beyond = ""
    for each in _list(seen.get("interpretation")):
        for system, mark in _codes(each):
            if system == INTERPRETATION and mark in ("HX", "LX"):
                beyond = mark[0]
    quantity, answer = seen.get("valueQuantity"), _codes(seen.get("valueCodeableConcept"))
    if seen.get("component") is None and isinstance(quantity, dict) and not answer:
        number, unit = quantity.get("value"), _text(quantity.get("code"))
        if (
            isinstance(number, int | Decimal)
            and quantity.get("system") == UCUM
            and "comparator" not in quantity
        ):
            return Item(code, "number", _plain(number), unit[:40], beyond=beyond, body=seen)
    if seen.get("component") is None and quantity is None and len(answer) == 1:
        return Item(code, "answer", answer[0][1], system=answer[0][0], body=seen)
    if beyond and not _has_value(seen):
        return Item(code, "number", beyond=beyond, body=seen)
    return Item(code, "text", body=seen)


def _plain(number: int | Decimal) -> str:
    return f"{number:f}" if isinstance(number, Decimal) and number.adjusted() < 40 else str(number)[:40]


def _codes(concept: object) -> list[tuple[str, str]]:
    return [
        (_text(coding.get("system")), _text(coding.get("code")))
        for coding in map(_map, _list(_map(concept).get("coding")))
    ]


def _identifiers(resource: Json) -> list[tuple[str, str]]:
    return [
        (_text(one.get("system")), _text(one.get("value")))
        for one in map(_map, _list(resource.get("identifier")))
    ]


def _map(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
