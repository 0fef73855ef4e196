"""Reads one national check-up file (特定健診情報ファイル, HL7 CDA R2): its header, its person and its items.

The structure follows 特定健診情報ファイル仕様説明書 of the Ministry of Health (version 2, 2012, and 3, 2017) and the schema
hc08_V08.xsd, as public writers of such files show it (the JMA's ORCA software of 2008 to 2015; third- and fourth-period
writers on GitHub):

- an item without ``codeSystem`` is of the JLAC10 list 1.2.392.200119.6.1005;
- 未実施 is ``negationInd="true"`` without a value, 測定不能 a value with ``nullFlavor="NI"``;
- beyond the input range the value is the code H or L of 2.16.840.1.113883.5.83, and since April 2013 the real number
  stands beside it as a second value;
- items of one examination hang on an Observation without code, by ``entryRelationship`` COMP or RSON.

No schema is applied: what the reader does not know is refused or counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.checkup_batches import Delivered
from ingest.files.checkup_items import NOT_MEASURABLE, NOT_PERFORMED, TABLE, Item
from ingest.files.checkup_row import civil_day
from ingest.files.checkup_tree import Original, tree
from ingest.series import Reject

HL7: Final = "{urn:hl7-org:v3}"
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
ARC: Final = "1.2.392.200119.6."
_REPORTS, _ITEMS, _SEXES = ARC + "1001", ARC + "1005", ARC + "1104"
_INSURER, _INSTITUTION = ARC + "101", ARC + "102"
_SYMBOL, _NUMBER, _BRANCH = ARC + "204", ARC + "205", ARC + "211"
_BEYOND: Final = "2.16.840.1.113883.5.83"
_CODE: Final = re.compile(r"[0-9A-Z]{17}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?\d{1,9}(\.\d{1,6})?", re.ASCII)
_ANSWER: Final = re.compile(r"[0-9A-Za-z.]{1,10}", re.ASCII)
_OID: Final = re.compile(r"[0-9.]{3,64}", re.ASCII)
_INSTITUTION_NO: Final = re.compile(r"[0-9A-Za-z-]{1,20}", re.ASCII)


def delivered(given: Original, place: str, zone: ZoneInfo, rejects: list[Reject]) -> Delivered:  # noqa: ARG001 - the day is a civil day
    """What a file says; without items, and with a refusal, when it does not say the day.

    Raises: NotOfThisFormat, when it is no check-up; BadPayload, when it is no sound XML or has no body.
    """
    root = tree(given)
    _check(root, given.name)
    body = root.find(_path("component/structuredBody"))
    if body is None:
        raise BadPayload("is missing", field="structuredBody", file=given.name)
    day = _day(root)
    if day is None:
        rejects.append(Reject("bad-date", f"{place}: serviceEvent.effectiveTime"))
        return Delivered({}, "", {})
    items = list(_items(body, place, rejects))
    return Delivered(_person(root), _institution(root), {day: items} if items else {})


def _path(path: str) -> str:
    return "/".join(HL7 + step for step in path.split("/"))


def _check(root: Element, file: str) -> None:
    if root.tag != HL7 + "ClinicalDocument":
        raise NotOfThisFormat("no ClinicalDocument of HL7 version 3", field="document", file=file)
    code = root.find(HL7 + "code")
    if code is None or code.get("codeSystem") != _REPORTS:
        raise NotOfThisFormat("no report of this system", field="code", file=file)
    if code.get("code") in TABLE.guidance:
        raise NotOfThisFormat("a report of guidance, not of a check-up", field="code", file=file)
    if code.get("code") not in TABLE.reports:
        raise NotOfThisFormat("an unknown kind of report", field="code", file=file)


def _day(root: Element) -> date | None:
    days = {
        civil_day(found.get("value", "")[:8])
        for found in root.findall(_path("documentationOf/serviceEvent/effectiveTime"))
    }
    return days.pop() if len(days) == 1 else None


def _person(root: Element) -> dict[str, str]:
    """The person's texts; an identifier that is there twice with two values is none."""
    roles = root.findall(_path("recordTarget/patientRole"))
    if len(roles) != 1:
        return {}
    role = roles[0]
    names = {_INSURER: "insurer_no", _SYMBOL: "insured_symbol", _NUMBER: "insured_no", _BRANCH: "branch_no"}
    given: dict[str, set[str]] = {}
    for found in role.findall(HL7 + "id"):
        name = names.get(found.get("root", ""))
        if name and found.get("extension"):
            given.setdefault(name, set()).add(found.get("extension", ""))
    person = {name: texts.pop() for name, texts in given.items() if len(texts) == 1}
    born = role.find(_path("patient/birthTime"))
    sex = role.find(_path("patient/administrativeGenderCode"))
    called = role.find(_path("patient/name"))
    if born is not None:
        person["birth_date"] = born.get("value", "")[:8]
    if sex is not None and sex.get("codeSystem", _SEXES) == _SEXES:
        person["sex"] = sex.get("code", "")
    if called is not None:
        person["name_kana"] = " ".join("".join(called.itertext()).split())
    return person


def _institution(root: Element) -> str:
    """The number of who examined, else of who wrote the file."""
    performer = "documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/id"
    for path in (performer, "author/assignedAuthor/representedOrganization/id"):
        for found in root.findall(_path(path)):
            number = found.get("extension", "")
            if found.get("root") == _INSTITUTION and _INSTITUTION_NO.fullmatch(number):
                return number
    return ""


def _items(body: Element, place: str, rejects: list[Reject]) -> Iterator[Item]:
    """The items of all sections, in the order of the file."""
    unkept = 0
    for seen in body.iter(HL7 + "observation"):
        code = seen.find(HL7 + "code")
        unkept += sum(seen.find(HL7 + name) is not None for name in ("referenceRange", "interpretationCode"))
        if code is None or (code.get("nullFlavor") and not code.get("code")):
            continue  # the bracket around the items of one examination
        number = code.get("code", "")
        if code.get("codeSystem", _ITEMS) != _ITEMS or not _CODE.fullmatch(number):
            rejects.append(Reject("unknown-code", f"{place}: observation.code"))
        elif seen.get("moodCode", "EVN") != "EVN" or seen.get("classCode", "OBS") != "OBS":
            rejects.append(Reject("not-observed", f"{place}: observation.moodCode"))
        else:
            item = _item(seen, number, _name(code))
            if isinstance(item, Item):
                yield item
            else:
                rejects.append(Reject(item, f"{place}: {number}"))
    if unkept:
        rejects.append(Reject("not-stored", f"{place}: referenceRange and interpretationCode", unkept))


def _name(code: Element) -> str:
    name = code.get("displayName", "")
    return name if len(name) <= 100 and name.isprintable() else ""


def _item(seen: Element, code: str, name: str) -> Item | str:
    """An item, or the reason why it is none."""
    values = seen.findall(HL7 + "value")
    if seen.get("negationInd") in ("true", "1"):
        plain = not any(value.get("value") or value.get("code") or value.text for value in values)
        return Item(code, "absent", NOT_PERFORMED, name=name) if plain else "contradiction"
    if not values:
        return "no-value"
    if all(value.get("nullFlavor") for value in values):
        return Item(code, "absent", NOT_MEASURABLE, name=name)
    marks = [value for value in values if value.get("codeSystem") == _BEYOND]
    others = [value for value in values if value.get("codeSystem") != _BEYOND]
    if len(marks) > 1 or len(others) > 1:
        return "several-values"
    beyond = marks[0].get("code", "") if marks else ""
    if beyond not in ("", "H", "L"):
        return "bad-code"
    if not others:
        return Item(code, "number", beyond=beyond, name=name)
    return _of_value(others[0], Item(code, "number", beyond=beyond, name=name))


def _of_value(value: Element, bare: Item) -> Item | str:
    kind = value.get(_TYPE, "").rpartition(":")[2]
    if kind == "PQ":
        text = value.get("value", "")
        if not _DECIMAL.fullmatch(text):
            return "bad-value"
        return Item(bare.code, "number", text, value.get("unit", "")[:40], beyond=bare.beyond, name=bare.name)
    if bare.beyond:
        return "several-values"
    if kind in ("CD", "CO"):
        answer, system = value.get("code", ""), value.get("codeSystem", "")
        if not _ANSWER.fullmatch(answer) or not _OID.fullmatch(system):
            return "bad-code"
        return Item(bare.code, "answer", answer, system=system, name=bare.name)
    if kind == "ST":
        words = " ".join("".join(value.itertext()).split())
        return Item(bare.code, "text", words, name=bare.name) if words else "no-value"
    return "unknown-type"
