"""The minimal elements of the IHE Basic Audit profiles (ITI BALP), as a check of one AuditEvent."""

from __future__ import annotations

from typing import Any, Final

DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
REST: Final = ("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest")
INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
SPECIFIC: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
# profile -> type, subtypes that are right, action, the agents (codes), the entities (role codes or "XrequestId")
PROFILES: Final[dict[str, tuple[tuple[str, str], set[str], str, set[str], set[str]]]] = {
    "PatientRead": (REST, {"read", "vread"}, "R", {"110153", "110152", "IRCP"}, {"4", "1", "XrequestId"}),
    "PatientQuery": (
        REST,
        {"search", "search-type", "search-system"},
        "E",
        {"110153", "110152", "IRCP"},
        {"24", "1", "XrequestId"},
    ),
    "PatientCreate": (REST, {"create"}, "C", {"110153", "110152", "IRCP"}, {"4", "1", "XrequestId"}),
    "PatientUpdate": (REST, {"update"}, "U", {"110153", "110152", "IRCP"}, {"4", "1", "XrequestId"}),
    "PatientDelete": (REST, {"delete"}, "D", {"110153", "110152", "IRCP"}, {"4", "1", "XrequestId"}),
    "AuthZconsent": (
        (DCM, "110113"),
        {"AuthZ-Consent", "110127"},
        "E",
        {"110150", "IRCP", "AUT"},
        {"1", "XrequestId"},
    ),
    "PrivacyDisclosure.Source": (
        (DCM, "110106"),
        {"disclose"},
        "R",
        {"110153", "110152", "CST", "AUT"},
        {"4", "1"},
    ),
}


def codes(concepts: Any) -> set[str]:
    """The codes of a list of CodeableConcepts or Codings."""
    return {
        coding["code"]
        for one in concepts
        for coding in (one.get("coding", [one]) if isinstance(one, dict) else [])
        if "code" in coding
    }


def lacking(event: dict[str, Any]) -> list[str]:
    """What an event lacks of the profile it names; events of no profile need the base elements only."""
    found = [
        name for name in ("type", "action", "recorded", "outcome", "agent", "source") if name not in event
    ]
    if sum(agent.get("requestor", False) for agent in event["agent"]) != 1:
        found.append("exactly one requestor")
    if "reference" not in event["source"]["observer"]:
        found.append("source.observer")
    if any("name" in entity for entity in event["entity"]):
        found.append("entity without a name")
    for profile in event.get("meta", {}).get("profile", []):
        found += _of_profile(event, profile.rpartition("IHE.BasicAudit.")[2])
    return found


def _of_profile(event: dict[str, Any], profile: str) -> list[str]:
    kind, subtypes, action, agents, entities = PROFILES[profile]
    found = []
    if (event["type"]["system"], event["type"]["code"]) != kind:
        found.append("type")
    if not codes(event["subtype"]) & subtypes:
        found.append("subtype")
    if event["action"] != action:
        found.append("action")
    missing = agents - codes(one["type"] for one in event["agent"])
    found += [f"agent {code}" for code in sorted(missing)]
    there = {one.get("role", {}).get("code", "") for one in event["entity"]} | codes(
        one["type"] for one in event["entity"]
    )
    found += [f"entity {code}" for code in sorted(entities - there)]
    user = next((one for one in event["agent"] if one.get("requestor")), {})
    if "who" not in user or not user.get("purposeOfUse"):
        found.append("the user's purposeOfUse")
    if profile == "PatientQuery" and not any("query" in one for one in event["entity"]):
        found.append("entity.query")
    if profile == "AuthZconsent" and event["outcome"] != "0" and not event.get("outcomeDesc"):
        found.append("outcomeDesc")
    return found
