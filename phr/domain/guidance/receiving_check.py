"""What an insurer's receiving check looks at before it takes an archive of guidance; one clear line for the first fault.

Written from what is known of 受付チェック (zip, folders, names, namespaces, header, required items, input ranges). The
official schemas and item tables were not at hand, so an archive that passes here may still be refused by them.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, NoReturn
from xml.etree.ElementTree import Element

from ingest.errors import BadPayload
from ingest.files.checkup_tree import Original, tree
from phr.domain.guidance.archive import EXCHANGE, INDEX, KIND
from phr.domain.guidance.codes import Item, codes
from phr.domain.guidance.export_xml import (
    HL7,
    INSTITUTION,
    INSURER,
    ITEMS,
    NUMBER,
    REPORTS,
    SECTIONS,
    SEXES,
)
from phr.errors import Invalid

_NAME: Final = re.compile(r"(\d{10})_(\d{8})_(\d{8})(\d)_(\d)", re.ASCII)
_FILE: Final = re.compile(r"g(\d{10})(\d{8})(\d)(\d)(\d{6})\.xml", re.ASCII)
_DAY: Final = re.compile(r"\d{8}", re.ASCII)
_DECIMAL: Final = re.compile(r"\d{1,6}(\.\d{1,3})?", re.ASCII)
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_MOST: Final = 20_000
_LARGEST: Final = 2_000_000
_WHOLE: Final = 1_000_000_000
H: Final = f"{{{HL7}}}"
X: Final = f"{{{EXCHANGE}}}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an archive holds: how many reports of which kind, and whether the official schemas lie beside them."""

    name: str
    reports: dict[str, int]
    schemas: bool


def check(body: bytes, name: str) -> Accepted:
    """Looks through an archive. Raises Invalid with the place and the first fault, never with a value."""
    parts = _NAME.fullmatch(name.removesuffix(".zip"))
    if parts is None or not name.endswith(".zip"):
        _wrong("archive", "name is not sender_receiver_dayn_kind.zip")
    sender, receiver, day, _sequence, kind = parts.groups()
    _a_day(day, "archive name")
    if kind != KIND:
        _wrong("archive", f"name says another kind than {KIND} (特定保健指導)")
    files = _opened(body, name.removesuffix(".zip"))
    documents = {file: text for file, text in files.items() if file.startswith("DATA/")}
    if INDEX not in files:
        _wrong("archive", f"has no {INDEX}")
    if not documents:
        _wrong("archive", "has no file in DATA")
    if any(file.startswith("CLAIMS/") for file in files) and "su08_V08.xml" not in files:
        _wrong("archive", "has settlements and no su08_V08.xml")
    _index(files[INDEX], sender, receiver, len(documents))
    reports: dict[str, int] = {}
    seen: set[str] = set()
    for file, text in sorted(documents.items()):
        person, code = _document(text, file, sender, receiver)
        if person in seen:
            _wrong(file, "is the second file of one person")
        seen.add(person)
        reports[code] = reports.get(code, 0) + 1
    return Accepted(name, reports, any(file.startswith("XSD/") for file in files))


def _wrong(place: str, problem: str) -> NoReturn:
    raise Invalid(problem, field=place)


def _opened(body: bytes, root: str) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as held:
            infos = [info for info in held.infolist() if not info.is_dir()]
            if len(infos) > _MOST or sum(info.file_size for info in infos) > _WHOLE:
                _wrong("archive", "is larger than a delivery can be")
            files = {}
            for info in infos:
                folder, _, inner = info.filename.partition("/")
                if folder != root or ".." in inner.split("/") or not _known_place(inner):
                    _wrong("archive", "has a file outside its own folders")
                plain = info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
                if inner in files or info.flag_bits & 1 or info.file_size > _LARGEST or not plain:
                    _wrong("archive", "has a file twice, encrypted, too large, or packed in another way")
                files[inner] = held.read(info)
            return files
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, zlib.error):
        _wrong("archive", "is no sound zip")


def _known_place(inner: str) -> bool:
    return inner in {INDEX, "su08_V08.xml"} or inner.split("/", 1)[0] in {"DATA", "CLAIMS", "XSD"}


def _parsed(body: bytes, file: str) -> Element:
    try:
        return tree(Original(body, file))
    except BadPayload as error:
        raise Invalid(error.problem, field=f"{file} {error.field}") from None


def _index(body: bytes, sender: str, receiver: str, count: int) -> None:
    root = _parsed(body, INDEX)
    if root.tag != f"{X}index":
        _wrong(INDEX, "has another root or namespace")
    if _attribute(root, f"{X}sender/{X}id", "extension") != sender:
        _wrong(INDEX, "names another sender than the archive")
    if _attribute(root, f"{X}receiver/{X}id", "extension") != receiver:
        _wrong(INDEX, "names another receiver than the archive")
    if _attribute(root, f"{X}serviceEventType", "code") != KIND:
        _wrong(INDEX, "is of another kind")
    if _attribute(root, f"{X}totalRecordCount", "value") != str(count):
        _wrong(INDEX, "counts other than the files in DATA")


def _attribute(root: Element, path: str, name: str) -> str:
    found = root.find(path)
    return "" if found is None else found.get(name, "")


def _document(body: bytes, file: str, sender: str, receiver: str) -> tuple[str, str]:
    """The person (as insurer, symbol, number and birth day) and the kind of report of one file."""
    named = _FILE.fullmatch(file.removeprefix("DATA/"))
    if named is None or named.group(1) != sender or named.group(4) != KIND:
        _wrong(file, "has no name of a guidance file of this sender")
    root = _parsed(body, file)
    if root.tag != f"{H}ClinicalDocument":
        _wrong(file, "has another root or namespace")
    if _attribute(root, f"{H}code", "codeSystem") != REPORTS:
        _wrong(file, "is of another list of reports")
    code = _attribute(root, f"{H}code", "code")
    if code not in codes().report.values():
        _wrong(file, "is another kind of report than 21, 22, 23 or 25")
    _a_day(_attribute(root, f"{H}effectiveTime", "value"), f"{file} effectiveTime")
    person = _person(root, file, receiver)
    _header(root, file, sender)
    _items(root, file, code)
    return person, code


def _person(root: Element, file: str, receiver: str) -> str:
    role = root.find(f"{H}recordTarget/{H}patientRole")
    if role is None:
        _wrong(file, "has no person")
    ids = {found.get("root", ""): found.get("extension", "") for found in role.findall(f"{H}id")}
    if ids.get(INSURER) != receiver:
        _wrong(file, "is of another insurer than the receiver")
    if not ids.get(NUMBER):
        _wrong(file, "has no insured number")
    if not "".join(role.findtext(f"{H}patient/{H}name") or "").strip():
        _wrong(file, "has no name")
    sex = role.find(f"{H}patient/{H}administrativeGenderCode")
    if sex is None or sex.get("code") not in {"1", "2"} or sex.get("codeSystem") != SEXES:
        _wrong(file, "has no sex of the list")
    born = _attribute(role, f"{H}patient/{H}birthTime", "value")
    _a_day(born, f"{file} birthTime")
    return "\n".join((*(f"{oid} {text}" for oid, text in sorted(ids.items())), born))


def _header(root: Element, file: str, sender: str) -> None:
    for place in ("author/assignedAuthor", "documentationOf/serviceEvent/performer/assignedEntity"):
        path = "/".join(f"{H}{step}" for step in (*place.split("/"), "representedOrganization", "id"))
        found = root.find(path)
        if found is None or found.get("root") != INSTITUTION or found.get("extension") != sender:
            _wrong(file, f"{place} is not the sender")
    if root.find(f"{H}custodian") is None:
        _wrong(file, "has no custodian")
    service = f"{H}documentationOf/{H}serviceEvent"
    if _attribute(root, f"{service}/{H}code", "codeSystem") != ITEMS:
        _wrong(file, "has no kind of guidance in serviceEvent")
    _a_day(_attribute(root, f"{service}/{H}effectiveTime", "value"), f"{file} serviceEvent")


def _items(root: Element, file: str, code: str) -> None:
    found = set()
    for section, seen in _observations(root, file):
        number, system = _attribute(seen, f"{H}code", "code"), _attribute(seen, f"{H}code", "codeSystem")
        name = codes().named(number, system)
        if not name:
            _wrong(file, "has an item that is on no list")
        if codes().item[name].section != section:
            _wrong(file, f"{name} stands in another section")
        _value(seen, codes().item[name], f"{file} {name}")
        found.add(name)
    for name, item in codes().item.items():
        if code in item.required and name not in found:
            _wrong(file, f"{name} is missing")


def _observations(root: Element, file: str) -> Iterator[tuple[str, Element]]:
    body = root.find(f"{H}component/{H}structuredBody")
    if body is None:
        _wrong(file, "has no body")
    for section in body.findall(f"{H}component/{H}section"):
        number = _attribute(section, f"{H}code", "code")
        if number not in codes().section or _attribute(section, f"{H}code", "codeSystem") != SECTIONS:
            _wrong(file, "has an unknown section")
        for act in section.iter(f"{H}act"):
            _act(act, file)
        for seen in section.iter(f"{H}observation"):
            yield number, seen


def _act(act: Element, file: str) -> None:
    if _attribute(act, f"{H}code", "codeSystem") != codes().lists["form"]:
        _wrong(file, "has an act of another list")
    if _attribute(act, f"{H}code", "code") not in codes().form.values():
        _wrong(file, "has an unknown form of support")
    who = f"{H}performer/{H}assignedEntity/{H}code"
    if _attribute(act, who, "code") not in codes().licence.values():
        _wrong(file, "has an act by nobody of the list")
    _a_day(_attribute(act, f"{H}effectiveTime", "value"), f"{file} act")


def _value(seen: Element, item: Item, place: str) -> None:
    values = seen.findall(f"{H}value")
    if len(values) != 1:
        _wrong(place, "must have one value")
    value = values[0]
    if item.list:
        if value.get(_TYPE) != "CD" or value.get("codeSystem") != item.list:
            _wrong(place, "is no answer of its list")
        if value.get("code") not in item.answers:
            _wrong(place, "is an unknown answer")
        return
    text = value.get("value", "")
    if value.get(_TYPE) != "PQ" or value.get("unit") != item.unit or not _DECIMAL.fullmatch(text):
        _wrong(place, f"is no number in {item.unit}")
    if item.range is not None and not item.range[0] <= float(text) <= item.range[1]:
        _wrong(place, "is beyond its input range")


def _a_day(text: str, place: str) -> None:
    try:
        if _DAY.fullmatch(text):
            date(int(text[:4]), int(text[4:6]), int(text[6:]))
            return
    except ValueError:
        pass
    _wrong(place, "is no day")
