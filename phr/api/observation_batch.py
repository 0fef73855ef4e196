"""Many Observations in one request: one transaction for each person, an answer for each entry, rendered to bytes.

Who sends them: gateways and syncing apps, a hundred at a time. An entry of a known kind becomes a row of columns; one
that says more is a document of the same transaction; one of a kind that no consent names goes the way of all FHIR
documents, alone. What became of one entry costs the others nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import orjson
from starlette.exceptions import HTTPException

from phr.api import writing
from phr.api.fhir import FHIR_ID
from phr.api.interactions import Answer, Call
from phr.api.problems import explained
from phr.api.scoped import admits, require
from phr.domain.fhir.texts import parse
from phr.domain.warned import issue
from phr.errors import OutOfScope, PhrError
from phr.services.cards import SYSTEM
from phr.services.intake import ELSEWHERE, Taken

_CODES: Final = {400: "invalid", 403: "forbidden", 404: "not-found", 409: "conflict", 422: "business-rule"}
_PLAIN: Final = (
    b'{"response":{"status":"%d","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"information",'
    b'"code":"informational","diagnostics":"%b"}]},"location":"%b"}}'
)


class _Identifier(msgspec.Struct):
    system: str = ""
    value: str = ""


class _Subject(msgspec.Struct):
    reference: str = ""
    identifier: _Identifier = msgspec.field(default_factory=_Identifier)


class _Whose(msgspec.Struct):
    resourceType: str  # noqa: N815 - the FHIR name
    subject: _Subject = msgspec.field(default_factory=_Subject)


_WHOSE: Final = msgspec.json.Decoder(_Whose)


@dataclass(frozen=True, slots=True)
class _Line:
    """One entry that may be stored: its place, whose it says it is, and its bytes."""

    place: int
    subject: _Subject
    body: bytes


def take(call: Call, bodies: Sequence[bytes]) -> list[bytes]:
    """Takes Observations, and gives the entry of a batch-response for each, in order."""
    answers: dict[int, Taken] = {}
    lines = [line for place, body in enumerate(bodies) if (line := _line(call, place, body, answers))]
    grouped = (
        _by_card(call, lines, answers) if call.who.role == "gateway" else _by_patient(call, lines, answers)
    )
    for patient, group in grouped.items():
        taken = call.system.intake.many(
            [line.body for line in group],
            patient,
            actor=call.who.actor,
            role=call.who.role,
            request=call.request,
        )
        answers |= {line.place: one for line, one in zip(group, taken, strict=True)}
    return [_rendered(call, answers[place], body) for place, body in enumerate(bodies)]


def _line(call: Call, place: int, body: bytes, answers: dict[int, Taken]) -> _Line | None:
    """An entry that holds an Observation which the caller's scopes admit; another is answered at once."""
    try:
        whose = _WHOSE.decode(body)
    except (ValueError, RecursionError):
        answers[place] = Taken(400, "subject: of the wrong type")
        return None
    if whose.resourceType != "Observation":
        answers[place] = Taken(400, "resourceType: not an Observation")
        return None
    if call.who.scope:
        try:
            require(call.who, "Observation", "c")
            if not admits(call.who, "Observation", "c", parse(body)):
                raise OutOfScope("the token's scopes do not admit this resource")
        except PhrError as refusal:
            answers[place] = Taken(403 if isinstance(refusal, OutOfScope) else 400, str(refusal))
            return None
    return _Line(place, whose.subject, body)


def _by_patient(call: Call, lines: Sequence[_Line], answers: dict[int, Taken]) -> Mapping[str, list[_Line]]:
    """The lines of each patient; residents send their own."""
    groups: dict[str, list[_Line]] = defaultdict(list)
    own = call.who.subject if call.who.role == "resident" else ""
    for line in lines:
        patient = line.subject.reference.removeprefix("Patient/")
        if (own and patient != own) or FHIR_ID.fullmatch(patient) is None:
            answers[line.place] = Taken(404, "subject: no such patient")
        else:
            groups[patient].append(line)
    return groups


def _by_card(call: Call, lines: Sequence[_Line], answers: dict[int, Taken]) -> Mapping[str, list[_Line]]:
    """The lines of each patient; a gateway knows people by the cards that it was shown, and names nobody."""
    groups: dict[str, list[_Line]] = defaultdict(list)
    shown = {line.subject.identifier.value for line in lines if line.subject.identifier.system == SYSTEM}
    holders = call.system.cards.holders(shown, actor=call.who.actor, request=call.request)
    for line in lines:
        holder = holders.get(line.subject.identifier.value)
        if holder is None or line.subject.identifier.system != SYSTEM or line.subject.reference:
            answers[line.place] = Taken(404, "subject: no card that works")
        else:
            groups[holder[1]].append(replace(line, body=_with_subject(line, holder[1])))
    return groups


def _with_subject(line: _Line, patient: str) -> bytes:
    """The same Observation with a reference in the place of the card, and the patient in that of identifiers made with it."""
    resource = {**orjson.loads(line.body), "subject": {"reference": f"Patient/{patient}"}}
    shown = f"-{line.subject.identifier.value}-{SYSTEM}-"
    given = resource.get("identifier")
    for one in given if isinstance(given, list) else []:
        if isinstance(one, dict) and isinstance(one.get("value"), str):
            one["value"] = one["value"].replace(shown, f"-{patient}-", 1)
    return orjson.dumps(resource)


def _rendered(call: Call, one: Taken, body: bytes) -> bytes:
    """The entry of the response: texts of ours and ids without a sign that JSON escapes, but for warnings and refusals."""
    if one.status == ELSEWHERE:
        return _alone(call, one, body)
    if one.status < 300 and not one.warnings:
        return _PLAIN % (one.status, one.text.encode(), one.location.encode())
    issues = [issue(severity, key) for severity, key in one.warnings]
    kind = "informational" if one.status < 300 else _CODES[one.status]
    severity = "information" if one.status < 300 else "error"
    issues.append({"severity": severity, "code": kind, "diagnostics": one.text})
    outcome = {"resourceType": "OperationOutcome", "issue": issues}
    response = {"status": str(one.status), "outcome": outcome}
    if one.location:
        response["location"] = one.location
    return orjson.dumps({"response": response})


def _alone(call: Call, one: Taken, body: bytes) -> bytes:
    """An Observation of a kind that no consent names, as if it had come alone; a gateway sends measurements only."""
    if call.who.role == "gateway":
        return _rendered(call, Taken(422, one.text), body)
    quiet = Call(call.system, call.who, call.request, call.base, {"prefer": "return=OperationOutcome"})
    try:
        answer = writing.create(quiet, "Observation", body)
    except (PhrError, HTTPException) as error:
        answer = Answer(*explained(error))
    location = answer.headers.get("Location", "")
    place = b',"location":%b' % orjson.dumps(location) if location else b""
    return b'{"response":{"status":"%d","outcome":%b%b}}' % (answer.status, answer.body, place)
