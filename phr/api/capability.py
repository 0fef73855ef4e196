"""What the FHIR interface says of itself: CapabilityStatement and SMART configuration."""

from __future__ import annotations

from typing import Any, Final

_SEARCH: Final = {
    "Observation": {
        "_id": "token",
        "code": "token",
        "category": "token",
        "date": "date",
        "patient": "reference",
        "subject": "reference",
        "status": "token",
    },
    "Patient": {"_id": "token"},
    "Consent": {
        "_id": "token",
        "actor": "reference",
        "consentor": "reference",
        "patient": "reference",
        "purpose": "token",
        "status": "token",
    },
    "Questionnaire": {"_id": "token", "url": "uri"},
    "AuditEvent": {
        "_id": "token",
        "patient": "reference",
        "date": "date",
        "action": "token",
        "agent": "reference",
        "entity": "reference",
        "outcome": "token",
        "purpose": "token",
        "type": "token",
        "subtype": "token",
    },
}
_INTERACTIONS: Final = {
    "Observation": ("read", "search-type", "create"),
    "Patient": ("read", "search-type"),
    "Consent": ("read", "vread", "search-type", "create", "update", "history-instance"),
    "Questionnaire": ("read", "search-type"),
    "AuditEvent": ("read", "search-type"),
}


def statement(base_url: str) -> dict[str, Any]:
    """The CapabilityStatement: exactly what is served."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-21",
        "kind": "instance",
        "software": {"name": "phr", "version": "0.1.0"},
        "implementation": {"description": "Personal health record", "url": f"{base_url}/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Search is strict: unknown parameters are refused. Rows without consent are absent.",
                "security": {
                    "service": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                                    "code": "OAuth",
                                }
                            ]
                        }
                    ]
                },
                "resource": [_resource(kind) for kind in _SEARCH],
                "interaction": [
                    {"code": "batch", "documentation": "Entries that create Observations, up to 5,000."}
                ],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    found = _described(kind)
    if kind == "Observation":
        definition = "urn:phr:operation:observation-reconciled"
        found["operation"] = [{"name": "reconciled", "definition": definition}]
    if kind == "Patient":
        definition = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
        found["operation"] = [{"name": "everything", "definition": definition}]
    return found


def _described(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "interaction": [{"code": code} for code in _INTERACTIONS[kind]],
        "versioning": "no-version" if kind in {"Questionnaire", "AuditEvent"} else "versioned",
        "searchParam": [{"name": name, "type": of} for name, of in _SEARCH[kind].items()],
    }
