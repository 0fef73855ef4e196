"""FHIR documents for what the columns of a check-up cannot hold: other items, and the hash of the delivered file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import msgspec

from ingest.codes import HL7_CATEGORY, JLAC10, LOCAL
from ingest.files.checkup_items import Item, unit_of
from ingest.files.checkup_row import looks_like_my_number
from ingest.series import Reject

FILE_HASH: Final = "urn:phr:file-sha256"
DOC_TYPES: Final = "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes"
REPORT: Final = "53576-5"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_BEYOND: Final = {"H": "HX", "L": "LX"}
_LONGEST: Final = 5_000
_ENCODE: Final = msgspec.json.Encoder(decimal_format="number").encode
_AWAY: Final = (
    "performer",
    "encounter",
    "hasMember",
    "derivedFrom",
    "specimen",
    "device",
    "focus",
    "basedOn",
    "partOf",
)
"""References of a delivered Observation to things that are not kept."""


def report(digest: str, day: date, subject: str) -> bytes:
    """The check-up as a whole, of which the original's hash is kept and not the original (R2-1).

    An Observation without a value, because a record holds Observations and no DiagnosticReports.
    """
    return _ENCODE(
        {
            "resourceType": "Observation",
            "id": f"checkup-file-{digest[:32]}",
            "identifier": [{"system": FILE_HASH, "value": digest}],
            "status": "final",
            "category": [{"coding": [{"system": HL7_CATEGORY, "code": "exam"}]}],
            "code": {
                "coding": [
                    {"system": LOCAL, "code": "checkup", "display": "特定健診"},
                    {"system": DOC_TYPES, "code": REPORT, "display": "検診・健診報告書"},
                ]
            },
            "subject": {"reference": subject},
            "effectiveDateTime": day.isoformat(),
        }
    )


def observations(
    items: Iterable[Item], day: date, institution: str, subject: str, place: str, rejects: list[Reject]
) -> list[bytes]:
    """The other items as Observations; the same item of the same check-up has the same id each time."""
    where = hashlib.sha256(institution.encode()).hexdigest()[:8]
    seen: Counter[str] = Counter()
    found = []
    for item in items:
        reason = _unfit(item)
        if reason:
            rejects.append(Reject(reason, f"{place}: {item.code}"))
            continue
        seen[item.code] += 1
        identity = f"checkup-{day}-{where}-{item.code}-{seen[item.code]}"
        fixed = {"id": identity, "subject": {"reference": subject}, "effectiveDateTime": day.isoformat()}
        found.append(_ENCODE(_delivered(item.body, fixed) if item.body is not None else _made(item, fixed)))
    return found


def _unfit(item: Item) -> str:
    if len(item.text) > _LONGEST:
        return "too-long"
    words = item.text if item.body is None else _ENCODE(_delivered(item.body, {})).decode()
    return "my-number" if looks_like_my_number(words) else ""


def _delivered(body: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in body.items() if name not in (*_AWAY, "meta", "effectiveDateTime")}
    return {**kept, **fixed}


def _made(item: Item, fixed: Mapping[str, Any]) -> dict[str, Any]:
    coding = {"system": JLAC10, "code": item.code}
    if item.name:
        coding["display"] = item.name
    made: dict[str, Any] = {
        "resourceType": "Observation",
        **fixed,
        "status": "final",
        "category": [{"coding": [{"system": HL7_CATEGORY, "code": "exam"}]}],
        "code": {"coding": [coding]},
    }
    if item.kind == "answer":
        made["valueCodeableConcept"] = {"coding": [{"system": f"urn:oid:{item.system}", "code": item.text}]}
    elif item.kind == "text":
        made["valueString"] = item.text
    elif item.text:
        made["valueQuantity"] = {"value": float(item.text), **unit_of(item)}
    if item.beyond:
        made["interpretation"] = [{"coding": [{"system": INTERPRETATION, "code": _BEYOND[item.beyond]}]}]
    return made
