"""What a Consent must have before it is recorded: the strict profile, with the place of every problem."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final

from consent.fhir import BadJson, examine, parse
from consent.moments import CITY, instant
from consent.notes import Notes, Problem
from consent.purposes import PURPOSES

_ROOT: Final = frozenset({
    "resourceType", "id", "meta", "language", "text", "contained", "extension", "identifier", "status", "scope",
    "category", "patient", "dateTime", "performer", "organization", "sourceAttachment", "sourceReference",
    "policy", "policyRule", "verification", "provision",
})  # fmt: skip
_NEEDED: Final = ("scope", "category", "performer", "organization", "policyRule")


def check(value: object, zone: tzinfo = CITY) -> list[Problem]:
    """Every problem of a Consent that somebody wants to record.

    It may be recorded when none is an ``error``. A ``warning`` names an element or value that this service
    does not know: a permit with it will not match, a deny with it will.
    """
    if isinstance(value, (bytes, str)):
        try:
            value = parse(value)
        except BadJson as problem:
            return [Problem("Consent", str(problem))]
    notes = Notes()
    consent = examine(value, notes, zone)
    if not isinstance(value, dict):
        return notes.problems
    if not value.keys() <= _ROOT:
        notes.error("Consent", "has an element that a Consent of this service does not have")
    for name in _NEEDED:
        if name not in value:
            notes.error(f"Consent.{name}", "is missing")
    _check_source(value, consent.source is not None, notes)
    _check_date_time(value, notes)
    if consent.base is not None and consent.scope != "research" and _research(value["provision"]):
        notes.error("Consent.scope", "must be research when a purpose is research")
    return notes.problems


def _check_source(value: dict[str, Any], readable: bool, notes: Notes) -> None:
    """Without the text that was shown and the way it was agreed to, nobody can show that consent was given."""
    given = [name for name in ("sourceAttachment", "sourceReference") if name in value]
    if len(given) != 1:
        notes.error("Consent.source", "needs one of sourceAttachment and sourceReference")
    elif given == ["sourceAttachment"] and not readable:
        notes.error("Consent.sourceAttachment", "must name the text version and the way of agreeing")


def _check_date_time(value: dict[str, Any], notes: Notes) -> None:
    """A bare date does not say from which moment on the consent speaks."""
    try:
        instant(value.get("dateTime"))
    except ValueError as problem:
        if not any(each.field == "Consent.dateTime" for each in notes.problems):
            notes.error("Consent.dateTime", str(problem))


def _research(rule: dict[str, Any]) -> bool:
    """Whether a permit of the tree names a purpose of research."""
    own = rule["type"] == "permit" and any(
        (purpose := PURPOSES.get(str(each.get("code")))) is not None and purpose.scope == "research"
        for each in rule.get("purpose", ())
    )
    return own or any(_research(child) for child in rule.get("provision", ()))
