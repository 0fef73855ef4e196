"""FHIR batch: many Observations in one request, an answer for each; what a gateway and a syncing app send."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson
from fastapi import APIRouter, Request, Response

from phr.api.callers import Calling, request_id, system_of
from phr.api.fhir import Raw, resource_id
from phr.api.problems import FHIR_JSON
from phr.domain.warned import issue
from phr.errors import Invalid, NotFound
from phr.services.accounts import Caller
from phr.services.cards import SYSTEM
from phr.services.intake import Taken

router = APIRouter(prefix="/fhir")
_MOST: Final = 5000
_CODES: Final = {400: "invalid", 403: "forbidden", 404: "not-found", 409: "conflict", 422: "business-rule"}


class _Sent(msgspec.Struct):
    method: str
    url: str


class _Entry(msgspec.Struct):
    request: _Sent
    resource: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct):
    resourceType: str  # noqa: N815 - the FHIR name
    type: str
    entry: list[_Entry] = []


class _Identifier(msgspec.Struct):
    system: str = ""
    value: str = ""


class _Subject(msgspec.Struct):
    reference: str = ""
    identifier: _Identifier = msgspec.field(default_factory=_Identifier)


class _Whose(msgspec.Struct):
    resourceType: str  # noqa: N815 - the FHIR name
    subject: _Subject = msgspec.field(default_factory=_Subject)


_BUNDLE: Final = msgspec.json.Decoder(_Bundle)
_WHOSE: Final = msgspec.json.Decoder(_Whose)


@dataclass(frozen=True, slots=True)
class _Line:
    """One entry that may be stored: its place, whose it says it is, and its bytes."""

    place: int
    subject: _Subject
    body: bytes


@router.post("")
@router.post("/")
def batch(request: Request, who: Calling, body: Raw) -> Response:
    """Takes a batch of Observations to be created; each entry has its own answer, and none costs another."""
    try:
        bundle = _BUNDLE.decode(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("not a Bundle of entries with requests", field="Bundle") from error
    if bundle.resourceType != "Bundle" or bundle.type != "batch":
        raise Invalid("only a Bundle of type batch is taken", field="Bundle.type")
    if len(bundle.entry) > _MOST:
        raise Invalid(f"more than {_MOST} entries", field="Bundle.entry")
    answers: dict[int, Taken] = {}
    lines = [line for place, entry in enumerate(bundle.entry) if (line := _line(place, entry, answers))]
    for patient, group in _by_patient(request, who, lines, answers).items():
        taken = system_of(request).intake.many(
            [line.body for line in group],
            patient,
            actor=who.subject,
            role=who.role,
            request=request_id(request),
        )
        answers |= {line.place: one for line, one in zip(group, taken, strict=True)}
    return _answer([answers[place] for place in range(len(bundle.entry))])


def _line(place: int, entry: _Entry, answers: dict[int, Taken]) -> _Line | None:
    """An entry that creates an Observation; what else it asks is answered at once."""
    if entry.request.method != "POST" or entry.request.url.strip("/") != "Observation":
        answers[place] = Taken(400, "only POST Observation is taken in a batch")
        return None
    body = bytes(entry.resource)
    try:
        whose = _WHOSE.decode(body)
    except (ValueError, RecursionError):
        answers[place] = Taken(400, "subject: of the wrong type")
        return None
    if whose.resourceType != "Observation":
        answers[place] = Taken(400, "resourceType: not an Observation")
        return None
    return _Line(place, whose.subject, body)


def _by_patient(
    request: Request, who: Caller, lines: list[_Line], answers: dict[int, Taken]
) -> dict[str, list[_Line]]:
    """The lines of each patient; a gateway knows people by the cards that it was shown, others by reference."""
    groups: dict[str, list[_Line]] = defaultdict(list)
    if who.role == "gateway":
        shown = {line.subject.identifier.value for line in lines if line.subject.identifier.system == SYSTEM}
        holders = system_of(request).cards.holders(shown, actor=who.subject, request=request_id(request))
        for line in lines:
            holder = holders.get(line.subject.identifier.value)
            if holder is None or line.subject.identifier.system != SYSTEM or line.subject.reference:
                answers[line.place] = Taken(404, "subject: no card that works")
            else:
                groups[holder[1]].append(_Line(line.place, line.subject, _with_subject(line.body, holder[1])))
        return groups
    for line in lines:
        patient = _patient(line.subject.reference)
        if not patient or (who.role == "resident" and patient != who.subject):
            answers[line.place] = Taken(404, "subject: no such patient")
        else:
            groups[patient].append(line)
    return groups


def _patient(reference: str) -> str:
    try:
        return resource_id(reference.removeprefix("Patient/"))
    except NotFound:
        return ""


def _with_subject(body: bytes, patient: str) -> bytes:
    """The same Observation with a reference in the place of the card."""
    return orjson.dumps({**orjson.loads(body), "subject": {"reference": f"Patient/{patient}"}})


def _answer(answers: list[Taken]) -> Response:
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "batch-response"}
    if answers:
        bundle["entry"] = [{"response": _response(one)} for one in answers]
    return Response(orjson.dumps(bundle), headers={"Cache-Control": "no-store"}, media_type=FHIR_JSON)


def _response(one: Taken) -> dict[str, Any]:
    issues = [issue(severity, key) for severity, key in one.warnings]
    good = one.status < 300
    issues.append(
        {
            "severity": "information" if good else "error",
            "code": "informational" if good else _CODES[one.status],
            "diagnostics": one.text,
        }
    )
    found: dict[str, Any] = {
        "status": str(one.status),
        "outcome": {"resourceType": "OperationOutcome", "issue": issues},
    }
    return {**found, "location": one.location} if one.location else found
