"""RiskAssessments as this service writes them: one form for judgements, changes, questionnaires and published scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid5

from phr.domain.documents import instant
from phr.domain.evidence import Evidence

RULE: Final = "urn:phr:rule"
PURPOSE: Final = "urn:phr:purpose"
MISSING: Final = "urn:phr:assessment:missing"
"""The extension that names an input which was not there."""
_IDENTITIES: Final = UUID("3a1d6a6e-6a54-54c1-8f2f-2a9b64a9d001")
_LEVEL: Final = "urn:oid:1.2.392.200119.6.3001"
_METABO: Final = "urn:oid:1.2.392.200119.6.1008"
_PERCENT: Final = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}


def identity_of(person: UUID, what: str) -> str:
    """The id of a person's assessment of one thing: always the same, so that a new one is a version of it."""
    return str(uuid5(_IDENTITIES, f"{person}:{what}"))


def assessment(
    identity: str,
    *,
    patient: str,
    purpose: str,
    recipient: str,
    rule: str,
    days: tuple[date, date],
    evidence: Evidence,
    notes: Sequence[str],
) -> dict[str, Any]:
    """The parts that all have. days: the first and last day of the data that it rests on."""
    first, last = days
    when: dict[str, Any] = {"occurrencePeriod": {"start": first.isoformat(), "end": last.isoformat()}}
    if first == last:
        when = {"occurrenceDateTime": first.isoformat()}
    return {
        "resourceType": "RiskAssessment",
        "id": identity,
        "meta": {"tag": [{"system": PURPOSE, "code": purpose}]},
        "status": "final",
        "method": {"coding": [{"system": RULE, "code": rule}]},
        "subject": {"reference": f"Patient/{patient}"},
        **when,
        "performer": {"reference": recipient},
        "basis": evidence.references(),
        "note": [{"text": note} for note in notes],
    }


def judged(resource: Mapping[str, Any], level: int | None, metabo: int | None) -> dict[str, Any]:
    """With the codes of the official judgement."""
    codes = ((_LEVEL, "NA" if level is None else str(level)), (_METABO, str(metabo or "NA")))
    code = {"coding": [{"system": "urn:oid:1.2.392.200119.6.1005", "code": "9N506000000000011"}]}
    prediction = [{"outcome": {"coding": [{"system": system, "code": each}]}} for system, each in codes]
    return {**resource, "code": code, "prediction": prediction}


def scored(
    resource: Mapping[str, Any],
    *,
    percent: tuple[float, float | None, float | None] | None,
    printed: str,
    group: str,
    outcome: str,
    years: int,
    citation: str,
    missing: Sequence[str],
) -> dict[str, Any]:
    """With the number of a published score: percent and its bounds, or none and only the reasons why.

    printed: the number as it was published, e.g. ``<1.0 %``.
    """
    found = {**resource, "method": {**resource["method"], "text": citation}}
    if missing:
        found["extension"] = [{"url": MISSING, "valueCode": name} for name in missing]
    if percent is None:
        return found
    risk, lower, upper = percent
    prediction: dict[str, Any] = {
        "outcome": {"text": outcome},
        "whenRange": {"low": _years(0), "high": _years(years)},
        "rationale": printed,
    }
    if lower is None or upper is None:
        prediction["probabilityDecimal"] = round(risk, 4)
    else:
        prediction["probabilityRange"] = {
            "low": {"value": round(lower, 4), **_PERCENT},
            "high": {"value": round(upper, 4), **_PERCENT},
        }
    if group:
        prediction["qualitativeRisk"] = {"text": group}
    return {**found, "prediction": [prediction]}


def _years(number: int) -> dict[str, Any]:
    return {"value": number, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}


def purpose_of(resource: Mapping[str, Any]) -> str | None:
    """The purpose for which an assessment of this service was made; None for one that came from elsewhere."""
    coded = resource.get("method", {}).get("coding", [])
    if not any(coding.get("system") == RULE for coding in coded):
        return None
    tags = resource.get("meta", {}).get("tag", [])
    return next((str(tag.get("code", "")) for tag in tags if tag.get("system") == PURPOSE), "guidance")


def cancelled(resource: Mapping[str, Any], version: int, now: Any) -> dict[str, Any]:
    """What is left of an assessment that was retracted: that there was one, of whom, and when; no value and no input."""
    kept = ("subject", "occurrenceDateTime", "occurrencePeriod", "performer")
    meta = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": instant(now)}
    return {
        "resourceType": "RiskAssessment",
        "id": resource["id"],
        "meta": meta,
        "status": "cancelled",
        "method": {"coding": resource["method"]["coding"]},
        **{name: resource[name] for name in kept if name in resource},
    }
