"""The reading in a FHIR document: what a client wrote around a value is no reason to overlook the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from ingest.from_fhir import parse_lines
from ingest.series import Series
from phr.domain.fhir.texts import dump
from risk.alarms import WATCHED

_KEPT: Final = ("resourceType", "status", "code", "subject", "effectiveDateTime", "effectiveInstant")
_STANDS: Final = frozenset({"final", "preliminary", "amended", "corrected"})
_LOINC: Final = "http://loinc.org"


def readings_of(resource: Mapping[str, Any], zone: ZoneInfo) -> Sequence[Series]:
    """The readings of one valid Observation of a kind that has alarms, without all that the columns have no place for; none where it holds none.

    For looking at only: what is stored is the document as it came.
    """
    if resource.get("resourceType") != "Observation" or resource.get("status") not in _STANDS:
        return []
    plain = {name: resource[name] for name in _KEPT if name in resource}
    plain["status"] = "final"
    period = resource.get("effectivePeriod")
    if isinstance(period, dict) and period.get("start"):
        plain["effectiveDateTime"] = period["start"]
    plain |= _measured(resource)
    if isinstance(resource.get("component"), list):
        plain["component"] = [_measured(part) | _coded(part) for part in resource["component"]]
    plain |= _coded(resource)
    codes = [coding["code"] for coding in plain.get("code", {}).get("coding", [])]
    if any(code in VITALS and VITALS[code].kind == "day" for code in codes):
        plain["effectiveDateTime"] = str(plain.get("effectiveDateTime", ""))[:10]
    subject = str(resource.get("subject", {}).get("reference", ""))
    plain["subject"] = {"reference": subject}
    found = parse_lines([dump(plain).encode()], zone, first_line=0, subjects=frozenset({subject})).series
    return [one for one in found if one.code in WATCHED]


def _measured(part: Mapping[str, Any]) -> dict[str, Any]:
    given = part.get("valueQuantity")
    if not isinstance(given, dict) or "comparator" in given:
        return {}
    return {
        "valueQuantity": {name: given[name] for name in ("value", "unit", "system", "code") if name in given}
    }


def _coded(part: Mapping[str, Any]) -> dict[str, Any]:
    codings = part.get("code", {}).get("coding", [])
    loinc = [coding for coding in codings if coding.get("system") == _LOINC and "code" in coding]
    return {"code": {"coding": [{"system": _LOINC, "code": coding["code"]} for coding in loinc]}}
