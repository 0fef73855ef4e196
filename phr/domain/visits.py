"""What a nurse wrote down on a home visit without network: read strictly, named once, and told as a FHIR Encounter."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from phr.domain.documents import instant
from phr.errors import Invalid

WAYS: Final[Mapping[str, str]] = {"reached": "visit", "not-reached": "visit-not-reached"}
"""What came of the visit -> the way of contact as the work list knows it."""
OLDEST: Final = timedelta(days=7)
AHEAD: Final = timedelta(minutes=5)
"""A device's clock may be a little fast; an entry that waited longer than a week is written by hand."""
LONGEST: Final = 1900
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "systolic": (30.0, 300.0),
    "diastolic": (15.0, 200.0),
    "pulse": (20.0, 260.0),
    "weight": (1.0, 350.0),
}
"""What the devices can show at all; what is merely unlikely is judged where every measurement is judged."""
ENTRY: Final = "urn:phr:visit-entry"
_ENTRIES: Final = UUID("c0a7d7f1-5a0a-5b9e-8f5a-6b1f4f2d7f11")
_VERSIONS: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit as it was written down. key: its name, which makes it count once; version: the case as she saw it."""

    key: UUID
    version: int
    at: datetime
    outcome: str
    note: str
    values: Mapping[str, float]

    @property
    def way(self) -> str:
        """The way of contact."""
        return WAYS[self.outcome]

    def digest(self) -> str:
        """What the entry says, without the version: sent again after a change of the case it is the same entry."""
        told = (self.at.isoformat(), self.outcome, self.note, sorted(self.values.items()))
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


class _Sent(msgspec.Struct, forbid_unknown_fields=True):
    key: UUID
    version: int
    at: datetime
    outcome: str
    note: str = ""
    values: dict[str, float] = {}


def entry_of(body: bytes, now: datetime) -> Entry:
    """The entry that a device sent. Raises Invalid, naming the field and never what stood there."""
    try:
        sent = msgspec.json.decode(body, type=_Sent)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Invalid("no entry of a visit", field=_place(error)) from error
    if not 1 <= sent.version <= _VERSIONS:
        raise Invalid("no version of a case", field="version")
    if sent.at.tzinfo is None or not now - OLDEST <= sent.at <= now + AHEAD:
        raise Invalid("not a time of the last seven days", field="at")
    if sent.outcome not in WAYS:
        raise Invalid("unknown outcome", field="outcome")
    note = unicodedata.normalize("NFC", sent.note).replace("\r\n", "\n").strip()
    if len(note) > LONGEST or any(unicodedata.category(sign) == "Cc" and sign != "\n" for sign in note):
        raise Invalid("too long, or no plain text", field="note")
    _check_values(sent.values)
    if sent.values and sent.outcome != "reached":
        raise Invalid("nobody was there to be measured", field="values")
    at = sent.at.replace(microsecond=0)
    return Entry(sent.key, sent.version, at, sent.outcome, note, sent.values)


def _place(error: Exception) -> str:
    """The field that a decoder's message names; what a sender invented is not repeated."""
    place = str(error).rpartition("`$.")[2].partition("`")[0].partition("[")[0]
    return place if place in _Sent.__struct_fields__ else "body"


def _check_values(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        if name not in RANGES:
            raise Invalid("unknown measurement", field="values")
        low, high = RANGES[name]
        if not math.isfinite(value) or not low <= value <= high:
            raise Invalid("cannot be true", field=name)
    both = {"systolic", "diastolic"} & values.keys()
    if len(both) == 1 or ("pulse" in values and not both):
        raise Invalid(
            "needs both values of a blood pressure", field="diastolic" if "systolic" in both else "systolic"
        )
    if both and values["systolic"] <= values["diastolic"]:
        raise Invalid("must be lower than the upper value", field="diastolic")


def encounter_id(case: UUID, key: UUID) -> str:
    """The id of the visit that this entry tells of: the same entry has the same one."""
    return str(uuid5(_ENTRIES, f"{case}:{key}"))


def encounter(case: UUID, entry: Entry, patient: str) -> dict[str, Any]:
    """The visit as a FHIR Encounter. What was said stays with the case, what was measured with the measurements."""
    return {
        "resourceType": "Encounter",
        "id": encounter_id(case, entry.key),
        "identifier": [{"system": ENTRY, "value": entry.digest()}],
        "status": "finished" if entry.outcome == "reached" else "cancelled",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH"},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": instant(entry.at), "end": instant(entry.at)},
    }


def digest_of(resource: Mapping[str, Any]) -> str:
    """What the entry of a kept visit said."""
    return next((str(one["value"]) for one in resource["identifier"] if one["system"] == ENTRY), "")
