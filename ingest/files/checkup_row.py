"""One row of a check-up table: what its cells must be, whose it is, and the series of a person's rows."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ingest.codes import VITALS, Channel
from ingest.series import Reject, Series, Source

ATENA_SYSTEM: Final = "urn:phr:atena"
INSURED_SYSTEM: Final = "urn:phr:insured"
PERSON_COLUMNS: Final = frozenset(
    {
        "atena_no", "insurer_no", "insured_symbol", "insured_no", "branch_no", "name_kana", "birth_date", "sex",
        "checkup_date", "institution_code",
    }
)  # fmt: skip
NOT_KEPT: Final = frozenset(
    {
        "ticket_no", "report_category", "waist_method", "ldl_method", "ecg_code", "ecg_text", "fundus_code",
        "doctor_judgement", "doctor_name",
    }
)  # fmt: skip
"""Known columns that are neither a number nor an answer; their cells are counted as not stored."""
_LOOKALIKES: Final = {"hba1c_ngsp": (20.0, 130.0), "fpg": (2.0, 33.0), "casual_glucose": (2.0, 33.0)}
"""Values that are of another unit: HbA1c in mmol/mol (IFCC), glucose in mmol/L."""
_PAIRS: Final = (("sbp1", "dbp1"), ("sbp2", "dbp2"), ("sbp_avg", "dbp_avg"))
_ITEMS: Final = {channel.name: channel for channel in VITALS["checkup"].channels}
_SEX: Final = {"1": "male", "m": "male", "男": "male", "2": "female", "f": "female", "女": "female"}
_NUMBER: Final = re.compile(r"[+-]?\d{1,6}(\.\d{1,6})?", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|(\d{2}))(\d{1,2})", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)
_TWELVE: Final = re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)", re.ASCII)
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Checkup:
    """One check-up: the person as written there, midnight of its day, and the values by channel."""

    person: Mapping[str, str]
    source: Source
    start: int
    offset: int
    values: Mapping[str, float]


def looks_like_my_number(text: str) -> bool:
    """Whether the text is, or has in it, 12 digits whose last is the check digit of a My Number.

    The rule is article 5 of the ministerial order: weights 6 5 4 3 2 7 6 5 4 3 2, remainder by 11.
    """
    for found in _TWELVE.findall(unicodedata.normalize("NFKC", text)):
        digits = [int(mark) for mark in found if mark.isdigit()]
        weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
        rest = sum(a * b for a, b in zip(digits, weights, strict=False)) % 11
        if digits[11] == (0 if rest <= 1 else 11 - rest):
            return True
    return False


def read_row(cells: Mapping[str, str], place: str, zone: ZoneInfo, rejects: list[Reject]) -> Checkup | None:
    """The check-up of a row's cells; what is wrong with it goes to ``rejects`` and is left out."""
    if not _KEY.fullmatch(cells["atena_no"]):
        rejects.append(Reject("no-person", f"{place}: atena_no"))
        return None
    day = civil_day(cells["checkup_date"])
    if day is None:
        rejects.append(Reject("bad-date", f"{place}: checkup_date"))
        return None
    person = _person(cells, day, place, rejects)
    values = _values(cells, place, rejects)
    refuse_odd_pairs(values, place, rejects)
    for name in sorted(NOT_KEPT & cells.keys()):
        if cells[name]:
            reason = "my-number" if looks_like_my_number(cells[name]) else "not-stored"
            rejects.append(Reject(reason, f"{place}: {name}"))
    return checkup(person, day, zone, person.pop("institution_code", ""), values)


def checkup(
    person: Mapping[str, str], day: date, zone: ZoneInfo, institution: str, values: Mapping[str, float]
) -> Checkup:
    """A check-up of a civil day. The source is the institution, so that each form of one check-up is the same one."""
    midnight = datetime.combine(day, time(), zone)
    shift = midnight.utcoffset()
    source = Source(f"checkup:{institution}", "特定健診", "checkup", institution, "active")
    start = int(midnight.timestamp()) * 1_000_000
    return Checkup(person, source, start, int(shift.total_seconds()) if shift else 0, values)


def civil_day(text: str) -> date | None:
    """The day that a text names, in years that a check-up or a birth can have; None for any other text."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    try:
        day = date(int(found[1]), int(found[2] or found[3] or found[4]), int(found[5]))
    except ValueError:
        return None
    return day if 1900 <= day.year < 2200 else None


def _person(cells: Mapping[str, str], day: date, place: str, rejects: list[Reject]) -> dict[str, str]:
    """The person's attributes that may be kept."""
    kept: dict[str, str] = {}
    for name in sorted(PERSON_COLUMNS & cells.keys() - {"checkup_date"}):
        text = cells[name]
        if not text:
            continue
        if name == "birth_date":
            born = civil_day(text)
            value = None if born is None or born > day else born.isoformat()
            reason = "bad-date"
        elif name == "sex":
            value, reason = _SEX.get(unicodedata.normalize("NFKC", text).lower()), "bad-code"
        elif name != "atena_no" and looks_like_my_number(text):
            value, reason = None, "my-number"
        else:
            value, reason = (text if len(text) <= _LONGEST and text.isprintable() else None), "bad-value"
        if value is None:
            rejects.append(Reject(reason, f"{place}: {name}"))
        else:
            kept[name] = value
    return kept


def _values(cells: Mapping[str, str], place: str, rejects: list[Reject]) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, channel in _ITEMS.items():
        text = cells.get(name, "")
        if not text:
            continue
        value, reason = panel_value(text, channel)
        if value is None:
            rejects.append(Reject(reason, f"{place}: {name}"))
        else:
            values[name] = value
    return values


def refuse_odd_pairs(values: dict[str, float], place: str, rejects: list[Reject]) -> None:
    """Takes out both pressures of a pair whose diastolic one is not below the systolic one."""
    for upper, lower in _PAIRS:
        if values.get(lower, 0.0) >= values.get(upper, float("inf")):
            rejects.append(Reject("bad-value", f"{place}: {lower}"))
            del values[upper], values[lower]


def panel_value(text: str, channel: Channel) -> tuple[float | None, str]:
    """The number of a cell of the panel, or None and why not."""
    plain = unicodedata.normalize("NFKC", text)
    if not _NUMBER.fullmatch(plain):
        return None, "bad-value"
    value = float(plain)
    if channel.coded is not None:
        return (value, "") if value in channel.coded else (None, "bad-code")
    like = _LOOKALIKES.get(channel.name)
    if like and like[0] <= value <= like[1] and value != channel.high:
        return None, "unit-lookalike"
    if (channel.low is not None and value < channel.low) or (
        channel.high is not None and value > channel.high
    ):
        return None, "out-of-range"
    return value, ""


def checkup_series(checkups: list[Checkup]) -> tuple[Series, ...]:
    """The check-ups of one person as series, one for each institution; only items that occur are columns."""
    by_source: dict[Source, list[Checkup]] = defaultdict(list)
    for checkup in checkups:
        if checkup.values:
            by_source[checkup.source].append(checkup)
    return tuple(_series(source, rows) for source, rows in by_source.items())


def _series(source: Source, rows: list[Checkup]) -> Series:
    names = [name for name in _ITEMS if any(name in row.values for row in rows)]
    return Series(
        code="checkup",
        source=source,
        start=np.array([row.start for row in rows], np.int64),
        channels={
            name: np.array([row.values.get(name, np.nan) for row in rows], np.float64) for name in names
        },
        offset=np.array([row.offset for row in rows], np.int32),
        quality=np.zeros(len(rows), np.uint8),
    )


def patient(person: Mapping[str, str]) -> bytes:
    """The FHIR Patient of the attributes; the insured number is its parts with colons between them."""
    identifiers = [{"system": ATENA_SYSTEM, "value": person["atena_no"]}] if "atena_no" in person else []
    parts = [person.get(name, "") for name in ("insurer_no", "insured_symbol", "insured_no", "branch_no")]
    if any(parts):
        identifiers.append({"system": INSURED_SYSTEM, "value": ":".join(parts)})
    resource: dict[str, object] = {"resourceType": "Patient", "identifier": identifiers}
    if "name_kana" in person:
        kana = {
            "url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation",
            "valueCode": "SYL",
        }
        resource["name"] = [{"extension": [kana], "use": "official", "text": person["name_kana"]}]
    resource.update({name: person[key] for name, key in _PATIENT if key in person})
    return msgspec.json.encode(resource)


_PATIENT: Final = (("gender", "sex"), ("birthDate", "birth_date"))
