"""What the FHIR interface says of itself: the CapabilityStatement, made from capability.json, which the tests prove.

capability.json is written by ``python -m tests.proves`` from the marks of the tests (decision 0035): what no test
proves is not said here.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, Final

import orjson

from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch import PARAMETERS

_DEFINITION: Final = "http://hl7.org/fhir/OperationDefinition/"
_BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/"
_BULK: Final = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
_OPERATIONS: Final = {
    "everything": _DEFINITION + "Patient-everything",
    "lastn": _DEFINITION + "Observation-lastn",
    "stats": _DEFINITION + "Observation-stats",
    "validate": _DEFINITION + "Resource-validate",
    "status": _BACKPORT + "OperationDefinition/backport-subscription-status",
    "events": _BACKPORT + "OperationDefinition/backport-subscription-events",
    "import": "urn:phr:operation:import",
    "reconciled": "urn:phr:operation:observation-reconciled",
}
_EXPORTS: Final = {"*": "export", "Patient": "patient-export", "Group": "group-export"}
_TOPICS: Final = _BACKPORT + "StructureDefinition/capabilitystatement-subscriptiontopic-canonical"
_SECURITY: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_SYSTEM_WIDE: Final = {
    "batch": "Entries are independent; each answers for itself.",
    "transaction": "All or nothing; reads are done after the writes, and do not undo them.",
}
_OF_TYPE: Final = {
    "Consent": "A deletion withdraws: the consent is inactive at once, in its next version, and stays on record.",
    "Observation": "What was measured is kept in columns and has an id of the service: an update corrects its value where it"
    " came over this interface (409 for what a device or a file sent itself), and there is no deletion of it (422).",
}
_OF_TRAIL: Final = {
    **dict.fromkeys(("agent", "entity", "patient", "source"), "reference"),
    "address": "string",
    "date": "date",
}
"""Search parameters of AuditEvent that are no token: the trail is searched by rows, not by the search engine."""
_EVERY_TYPE: Final = "Resource"
PARTLY: Final = frozenset({"Questionnaire"})
"""Documents with routes of their own, of which only what is proven of themselves is said."""

Proven = dict[str, dict[str, list[str]]]


@cache
def proven() -> Proven:
    """Type (* for the server) -> aspect -> what the tests prove of it."""
    found: Proven = orjson.loads(resources.files("phr.api").joinpath("capability.json").read_bytes())
    return found


def statement(base_url: str) -> dict[str, Any]:
    """The CapabilityStatement."""
    known = proven()
    server = known.get("*", {})
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-21",
        "kind": "instance",
        **_several("instantiates", server.get("instantiates")),
        "software": {"name": "phr", "version": "0.1.0"},
        "implementation": {"description": "Personal health record", "url": f"{base_url}/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        **_several("patchFormat", server.get("patch")),
        "rest": [
            {
                "mode": "server",
                "documentation": "Search is strict: unknown parameters are refused. Rows without consent are absent."
                " Everything listed here is proven by a test.",
                "security": _security(server),
                "resource": [_resource(kind, known.get(kind, {})) for kind in _types()],
                **_several("interaction", [_wide(code) for code in server.get("interaction", [])]),
                **_several(
                    "searchParam", [_parameter(_EVERY_TYPE, name) for name in server.get("search", [])]
                ),
                **_several("operation", [_operation("*", name) for name in server.get("operation", [])]),
            }
        ],
    }


def _types() -> list[str]:
    """The types that anything is proven of."""
    return sorted(
        kind for kind in {*proven(), *kinds()} - {"*", _EVERY_TYPE} if proven().get(kind) or _shared(kind)
    )


def _several(name: str, values: list[Any] | None) -> dict[str, list[Any]]:
    """An element that repeats; FHIR knows no empty array."""
    return {name: values} if values else {}


def _security(server: dict[str, list[str]]) -> dict[str, Any]:
    services = [
        {"coding": [{"system": _SECURITY, "code": code}]} for code in server.get("security", ["OAuth"])
    ]
    return {
        "cors": "SMART-on-FHIR" in server.get("security", []),
        "service": services,
        "description": "Discovery: /fhir/.well-known/smart-configuration",
    }


def _wide(code: str) -> dict[str, str]:
    return {"code": code, **({"documentation": _SYSTEM_WIDE[code]} if code in _SYSTEM_WIDE else {})}


def _resource(kind: str, has: dict[str, list[str]]) -> dict[str, Any]:
    """One type. What a type does not prove of itself, it has of the part that all documents share."""
    shared = _shared(kind)
    of = {name: sorted({*has.get(name, []), *shared.get(name, [])}) for name in {*has, *shared}}
    return {
        **_topics(kind),
        "type": kind,
        **({"documentation": _OF_TYPE[kind]} if kind in _OF_TYPE else {}),
        **_several("supportedProfile", of.get("profile")),
        **_several("interaction", [{"code": code} for code in of.get("interaction", [])]),
        "versioning": "versioned" if "vread" in of.get("interaction", []) else "no-version",
        **_conditional(of),
        **_several("searchInclude", of.get("include")),
        **_several("searchRevInclude", of.get("revinclude")),
        **_several("searchParam", [_parameter(kind, name) for name in of.get("search", [])]),
        **_several("operation", [_operation(kind, name) for name in of.get("operation", [])]),
    }


def _shared(kind: str) -> dict[str, list[str]]:
    """What the tests prove of Resource holds for every type that is kept as a document."""
    known = kinds().get(kind)
    if known is None or known.served != "documents" or kind in PARTLY:
        return {}
    every = proven().get(_EVERY_TYPE, {})
    if "create" in known.interactions:
        return every
    served = {"search", *known.interactions}  # what the service alone writes is read here
    return {
        "interaction": [one for one in every.get("interaction", []) if one.partition("-")[0] in served],
        "conditional": [one for one in every.get("conditional", []) if one == "read"],
        "search": every.get("search", []),
    }


def _topics(kind: str) -> dict[str, Any]:
    topics = proven().get("*", {}).get("topic", []) if kind == "Subscription" else []
    return _several("extension", [{"url": _TOPICS, "valueCanonical": one} for one in topics])


def _conditional(has: dict[str, list[str]]) -> dict[str, Any]:
    proved = set(has.get("conditional", []))
    found: dict[str, Any] = {}
    if {"create", "update", "patch", "delete-single", "delete-multiple"} & proved:
        found |= {"conditionalCreate": "create" in proved, "conditionalUpdate": "update" in proved}
    if "read" in proved:
        found["conditionalRead"] = "full-support"
    for way in ("single", "multiple"):
        if f"delete-{way}" in proved:
            found["conditionalDelete"] = way
    if "create" in has.get("update", []):
        found["updateCreate"] = True
    return found


def _parameter(kind: str, name: str) -> dict[str, str]:
    known = PARAMETERS.get(kind, {}).get(name)
    special = {"_has": "special", "_list": "special"}
    ours = _OF_TRAIL.get(name, "token") if kind == "AuditEvent" else "token"
    return {"name": name, "type": special.get(name) or (known.type if known else ours)}


def _operation(kind: str, name: str) -> dict[str, str]:
    definition = _BULK + _EXPORTS[kind] if name == "export" else _OPERATIONS[name]
    return {"name": name, "definition": definition}
