"""Whose a check-up is: the insured person that a national file names, a key that hides the number, and contradictions.

R2-1: insurer number, symbol and number, and birth date together name the person. The key of the person is a hash of
them, so that no log and no error repeats an insured number. The hash keeps numbers out of texts; it is not secret.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from ingest.files.checkup_row import INSURED_SYSTEM, civil_day, looks_like_my_number, patient
from ingest.series import Reject

_INSURER: Final = re.compile(r"\d{6,8}", re.ASCII)
_LONGEST: Final = 40
SEXES: Final = {"1": "1", "2": "2", "male": "1", "female": "2"}
"""The sex codes of the two national forms, as a check-up row has them."""


class Insured(NamedTuple):
    """The insured person of a file. sex: 1, 2 or empty; birth_date: a civil day as text."""

    insurer_no: str
    insured_symbol: str
    insured_no: str
    branch_no: str
    birth_date: str
    sex: str
    name_kana: str

    @property
    def key(self) -> str:
        """A FHIR id made of what R2-1 matches by; twins are told apart by ``Seen``."""
        named = f"{self.insurer_no}\n{self.insured_symbol}\n{self.insured_no}\n{self.birth_date}"
        return "insured-" + hashlib.sha256(named.encode()).hexdigest()[:32]

    def document(self) -> bytes:
        """The FHIR Patient."""
        sex = {"1": "male", "2": "female"}.get(self.sex, "")
        given = {**self._asdict(), "sex": sex}
        return patient({name: text for name, text in given.items() if text})


def insured(given: Mapping[str, str], checked: date, place: str, rejects: list[Reject]) -> Insured | None:
    """The person that a file names, or None when insurer, number or birth date is missing or impossible.

    given: the names of ``Insured`` with the texts of the file. checked: the day of the check-up.
    """
    plain = {name: _plain(given.get(name, "")) for name in Insured._fields if name != "name_kana"}
    wrong = [name for name, text in plain.items() if len(text) > _LONGEST or looks_like_my_number(text)]
    if not _INSURER.fullmatch(plain["insurer_no"]):
        wrong.append("insurer_no")
    if not plain["insured_no"]:
        wrong.append("insured_no")
    born = civil_day(plain["birth_date"])
    if born is None or born > checked:
        wrong.append("birth_date")
    if wrong or born is None:
        rejects.append(Reject("no-person", f"{place}: {wrong[0]}"))
        return None
    sex = SEXES.get(plain["sex"], "")
    if not sex and plain["sex"]:
        rejects.append(Reject("bad-code", f"{place}: sex"))
    name = _name(given.get("name_kana", ""), place, rejects)
    return Insured(
        plain["insurer_no"].zfill(8),  # six digits of 国保 stand right-aligned in eight
        plain["insured_symbol"],
        plain["insured_no"],
        plain["branch_no"],
        born.isoformat(),
        sex,
        name,
    )


def _plain(text: str) -> str:
    """Full and half width, and spaces, do not make another number."""
    return "".join(unicodedata.normalize("NFKC", text[:400]).split())


def _name(text: str, place: str, rejects: list[Reject]) -> str:
    name = unicodedata.normalize("NFKC", " ".join(text[:400].split()))
    if not name:
        return ""
    if looks_like_my_number(name):
        rejects.append(Reject("my-number", f"{place}: name_kana"))
        return ""
    if len(name) > 200 or not name.isprintable():
        rejects.append(Reject("bad-value", f"{place}: name_kana"))
        return ""
    return name


class Seen:
    """The people of the files read so far, so that two people who share a key are noticed."""

    def __init__(self) -> None:
        self._people: dict[str, Insured] = {}

    def contradicts(self, person: Insured) -> str:
        """What differs from the first person of the same key, who is somebody else; '' when nothing does.

        Members of a household share symbol and number; twins also share the birth date.
        """
        first = self._people.setdefault(person.key, person)
        if first.sex and person.sex and first.sex != person.sex:
            return "sex"
        if first.branch_no and person.branch_no:
            return "branch_no" if first.branch_no.zfill(2) != person.branch_no.zfill(2) else ""
        if first.name_kana and person.name_kana and _plain(first.name_kana) != _plain(person.name_kana):
            return "name_kana"
        return ""


def mismatches(
    document: bytes, *, birth_date: date | None, sex: str, insured_no: str = ""
) -> tuple[str, ...]:
    """In what a Patient of a file differs from the person it is to be stored for (R2-1); empty when in nothing known.

    sex: the FHIR word. insured_no: the parts with colons between them. An unknown side differs from nothing.
    """
    given: Any = msgspec.json.decode(document)
    found = []
    if birth_date is not None and given.get("birthDate", birth_date.isoformat()) != birth_date.isoformat():
        found.append("birth_date")
    if {sex, given.get("gender", sex)} == {"male", "female"}:
        found.append("sex")
    theirs = next(
        (one["value"] for one in given.get("identifier", ()) if one["system"] == INSURED_SYSTEM), ""
    )
    parts = zip(_number_parts(insured_no), _number_parts(theirs), strict=True)
    if any(ours and other and ours != other for ours, other in parts):
        found.append("insured_no")
    return tuple(found)


def _number_parts(text: str) -> tuple[str, str, str]:
    """Insurer, symbol and number in one spelling: the forms write widths, spaces and leading zeros differently."""
    insurer, symbol, number, *_ = [*map(_plain, text.split(":")), "", "", ""]
    return (insurer.zfill(8) if insurer else ""), symbol, number
