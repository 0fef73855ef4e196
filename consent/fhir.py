"""FHIR R4 Consent JSON to our value and back; what cannot be read becomes a value that counts as a deny."""

from __future__ import annotations

import json
import re
from datetime import datetime, tzinfo
from typing import Any, Final

from consent import categories, purposes
from consent.model import OPEN_END, OPEN_START, Consent, Days, Period, Provision, Source
from consent.moments import CITY, end_text, moment_text, span, start_text
from consent.notes import Notes
from consent.provisions import MAX_ENTRIES, MAX_ROWS, Reader, hl7_code, width

TEXT_URL: Final = "urn:phr:consent-text:"
WAY_URL: Final = "urn:phr:consent-way"
SCAN_URL: Final = "urn:phr:consent-scan-sha256"

STATUSES: Final = frozenset({"draft", "proposed", "active", "rejected", "inactive", "entered-in-error"})
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_PERSON: Final = re.compile(r"Patient/([A-Za-z0-9\-.]{1,64})", re.ASCII)
_CHANGES_MEANING: Final = ("modifierExtension", "implicitRules")
_SCOPE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
_ACT_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_ROLE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


class NotWritable(ValueError):
    """The value cannot be said faithfully in FHIR: it is unreadable or has unknown elements."""


class BadJson(ValueError):
    """The text is no JSON that may be trusted; names the reason, never the content."""


def parse(text: bytes | str) -> Any:
    """JSON without doubled names, NaN or endless depth, each of which two readers read differently."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except BadJson:
        raise
    except (ValueError, RecursionError):
        raise BadJson("is not readable JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("has an object that names one element twice")
    return found


def _constant(_: str) -> Any:
    raise BadJson("has a number that JSON does not have")


def read(value: object, zone: tzinfo = CITY) -> Consent:
    """The consent of FHIR JSON (parsed, text or bytes). Total: whatever comes in, a value comes out."""
    return examine(value, Notes(), zone)


def examine(value: object, notes: Notes, zone: tzinfo = CITY) -> Consent:
    """As ``read``, leaving every remark in the notes."""
    if isinstance(value, (bytes, str)):
        try:
            value = parse(value)
        except BadJson as problem:
            notes.error("Consent", str(problem))
    if not isinstance(value, dict) or value.get("resourceType") != "Consent":
        notes.error("Consent", "must be a FHIR Consent object")
        return _consent(notes, {}, zone)
    for name in _CHANGES_MEANING:
        if name in value:
            notes.error(f"Consent.{name}", "may change the meaning, and this service does not know it")
    base = Reader(notes, zone).provision(value.get("provision"), "provision")
    if base is not None and width(base) > MAX_ROWS:
        notes.error("provision", f"names more than {MAX_ROWS} combinations of recipient, purpose and kind")
    return _consent(notes, value, zone, base)


def _consent(notes: Notes, value: dict[str, Any], zone: tzinfo, base: Provision | None = None) -> Consent:
    """The consent with every part that can be read; any error takes its rules away."""
    patient = _patient(value.get("patient"), notes)
    status = _status(value.get("status"), notes)
    date_time = _date_time(value.get("dateTime"), notes, zone)
    identity = _identity(value, notes)
    scope = _one_word(value, "scope", purposes.SCOPES, notes) or "patient-privacy"
    _one_word(value, "policyRule", ("OPTIN",), notes)
    performers, organizations = (
        _references(value, "performer", notes),
        _references(value, "organization", notes),
    )
    error = notes.first_error
    return Consent(
        identity,
        _version(value),
        status,
        patient,
        date_time,
        None if error else base,
        "" if error is None else str(error),
        scope,
        performers,
        organizations,
        _source(value.get("sourceAttachment")),
    )


def _identity(value: dict[str, Any], notes: Notes) -> str | None:
    found = value.get("id")
    if found is None:
        return None
    if isinstance(found, str) and _ID.fullmatch(found):
        return found
    notes.error("Consent.id", "must be a FHIR id")
    return None


def _version(value: dict[str, Any]) -> int:
    meta = value.get("meta")
    found = meta.get("versionId") if isinstance(meta, dict) else None
    return int(found) if isinstance(found, str) and re.fullmatch(r"[0-9]{1,9}", found, re.ASCII) else 0


def _status(value: object, notes: Notes) -> str | None:
    if isinstance(value, str) and value in STATUSES:
        return value
    notes.error("Consent.status", "must be a FHIR consent status")
    return None


def _patient(value: object, notes: Notes) -> str | None:
    reference = value.get("reference") if isinstance(value, dict) else None
    found = _PERSON.fullmatch(reference) if isinstance(reference, str) else None
    if found is None:
        notes.error("Consent.patient", "must be a reference Patient/id")
        return None
    return found[1]


def _date_time(value: object, notes: Notes, zone: tzinfo) -> datetime | None:
    try:
        return span(value, zone)[0]
    except ValueError as problem:
        notes.error("Consent.dateTime", str(problem))
        return None


def _one_word(value: dict[str, Any], name: str, words: tuple[str, ...], notes: Notes) -> str | None:
    """The word of a concept; absent is left to the profile, another word is an error."""
    if name not in value:
        return None
    knows = hl7_code(*words)
    concept = value[name]
    codings = concept.get("coding") if isinstance(concept, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        if (
            isinstance(coding, dict)
            and isinstance(coding.get("code"), str)
            and knows(coding.get("system"), coding["code"])
        ):
            return str(coding["code"])
    notes.error(f"Consent.{name}", f"must be {' or '.join(words)}")
    return None


def _references(value: dict[str, Any], name: str, notes: Notes) -> tuple[str, ...]:
    """Who agreed or keeps the data; these decide nothing, so an entry without a reference is passed over."""
    if name not in value:
        return ()
    entries = notes.array(value[name], f"Consent.{name}", MAX_ENTRIES) or []
    found = [each.get("reference") for each in entries if isinstance(each, dict)]
    return tuple(each for each in found if isinstance(each, str))


def _source(value: object) -> Source | None:
    """What was shown and how it was agreed; it decides nothing, so what is unreadable is passed over."""
    if not isinstance(value, dict):
        return None
    extensions = value.get("extension")
    marks = {
        each["url"]: each.get("valueString") or each.get("valueCode")
        for each in (extensions if isinstance(extensions, list) else ())
        if isinstance(each, dict) and isinstance(each.get("url"), str)
    }
    url, language = value.get("url"), value.get("language", "ja")
    way, scan = marks.get(WAY_URL), marks.get(SCAN_URL)
    if not (
        isinstance(url, str)
        and url.startswith(TEXT_URL)
        and isinstance(way, str)
        and isinstance(language, str)
    ):
        return None
    return Source(url.removeprefix(TEXT_URL), way, language, scan if isinstance(scan, str) else "")


def write(consent: Consent, zone: tzinfo = CITY) -> dict[str, Any]:
    """FHIR R4 JSON that reads back as the same value; NotWritable when that is impossible."""
    if consent.base is None or consent.patient is None or consent.status is None or consent.date_time is None:
        raise NotWritable("an unreadable consent cannot be written")
    found: dict[str, Any] = {
        "resourceType": "Consent",
        "id": consent.id,
        "meta": {"versionId": str(consent.version)} if consent.version else None,
        "status": consent.status,
        "scope": concept(_SCOPE_SYSTEM, consent.scope),
        "category": [concept("http://loinc.org", "59284-0")],
        "patient": {"reference": f"Patient/{consent.patient}"},
        "dateTime": moment_text(consent.date_time, zone),
        "performer": [{"reference": each} for each in consent.performers],
        "organization": [{"reference": each} for each in consent.organizations],
        "sourceAttachment": _source_json(consent.source),
        "policyRule": concept(_ACT_SYSTEM, "OPTIN"),
        "provision": _provision_json(consent.base, zone),
    }
    return {name: part for name, part in found.items() if part not in (None, [], {})}


def concept(system: str, code: str) -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}


def _source_json(source: Source | None) -> dict[str, Any] | None:
    if source is None:
        return None
    marks = [{"url": WAY_URL, "valueCode": source.way}]
    if source.scan:
        marks.append({"url": SCAN_URL, "valueString": source.scan})
    return {"extension": marks, "language": source.language, "url": f"{TEXT_URL}{source.text_version}"}


def _provision_json(rule: Provision, zone: tzinfo) -> dict[str, Any]:
    if rule.unknown:
        raise NotWritable("a rule with an unknown element cannot be written")
    role = concept(_ROLE_SYSTEM, "IRCP")
    found: dict[str, Any] = {
        "type": rule.type,
        "period": _period_json(rule.period, zone),
        "actor": [{"role": role, "reference": {"reference": each}} for each in sorted(rule.recipients or ())],
        "purpose": [{"system": purposes.SYSTEM, "code": each} for each in sorted(rule.purposes or ())],
        "code": [concept(categories.SYSTEM, each) for each in sorted(rule.categories or ())],
        "dataPeriod": _days_json(rule.data_period),
        "provision": [_provision_json(child, zone) for child in rule.children],
    }
    return {name: part for name, part in found.items() if part not in ({}, [])}


def _period_json(period: Period, zone: tzinfo) -> dict[str, str]:
    start = {} if period.start == OPEN_START else {"start": start_text(period.start, zone)}
    return start | ({} if period.end == OPEN_END else {"end": end_text(period.end, zone)})


def _days_json(days: Days) -> dict[str, str]:
    open_days = Days()
    start = {} if days.first == open_days.first else {"start": days.first.isoformat()}
    return start | ({} if days.last == open_days.last else {"end": days.last.isoformat()})
