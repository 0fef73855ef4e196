"""Intake of FHIR Observations, one or many: columns when they can hold them, documents when they carry more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from ingest.from_fhir import parse_lines
from phr.domain.documents import Described, describe, parse
from phr.domain.targets import number_of
from phr.domain.warned import issue
from phr.errors import Invalid, NotAllowed, PhrError, Refused
from phr.ids import new_id, observation_ids, person_id, source_id

ELSEWHERE: Final = 0
"""The status of an Observation of a kind that no consent names: it is no measurement, and was not stored."""
ReceiveOne = Callable[..., Any]
"""The receive use case."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer to one Observation."""

    body: bytes
    status: int
    headers: dict[str, str]


@dataclass(slots=True)
class Taken:
    """What became of one of many: an HTTP status, where it is, and what the sender must know.

    warnings: alarms of the person, told with the first of their Observations: severity and text key.
    """

    status: int
    text: str = ""
    location: str = ""
    warnings: tuple[tuple[str, str], ...] = ()


class Intake:
    """Takes Observations over the FHIR interface."""

    def __init__(self, receive: ReceiveOne, zone: ZoneInfo) -> None:
        self._receive = receive
        self._zone = zone

    def one(self, body: bytes, patient: str, *, actor: str, role: str, request: str) -> Stored:
        """Stores one Observation. Raises NotAllowed without consent, Invalid naming the field, Refused for a value that cannot be true."""
        person = person_id(patient)
        line = orjson.dumps(orjson.loads(body)) if b"\n" in body else body
        parsed = parse_lines(
            [line], self._zone, subjects=frozenset({f"Patient/{patient}"}), keep_identifiers=True
        )
        if parsed.rejects:
            reject = parsed.rejects[0][1]
            raise Invalid(reject.reason, field=reject.field or "Observation")
        documents: list[Described] = []
        if parsed.documents:
            documents.append(describe(parse(body), self._zone, lambda: str(new_id())))
        series = parsed.series
        receipt = self._receive(person, series, documents=documents, request=request, actor=actor, role=role)
        if receipt.refused:
            raise NotAllowed("no consent to collect this kind of data")
        if receipt.quarantined:
            raise Refused("Observation.value: cannot be true; it was set apart and is not shown")
        if receipt.rejected:
            raise Invalid(next(iter(receipt.rejected)), field="Observation.code")
        return _stored(receipt, _identity(person, series, documents), request)

    def identity(self, body: bytes, patient: str) -> str:
        """The id that one Observation will have; "" where it is no measurement, or columns cannot hold it."""
        parsed = parse_lines(
            [body], self._zone, subjects=frozenset({f"Patient/{patient}"}), keep_identifiers=True
        )
        if parsed.rejects or parsed.documents or not parsed.parts:
            return ""
        return _identity(person_id(patient), parsed.series, [])

    def many(
        self, bodies: Sequence[bytes], patient: str, *, actor: str, role: str, request: str
    ) -> list[Taken]:
        """Stores one person's Observations in one transaction; an answer for each, in order.

        One that cannot be taken costs the others nothing. 201 says that it is stored, 200 that nothing was new.
        """
        person = person_id(patient)
        parsed = parse_lines(
            [orjson.dumps(orjson.loads(body)) if b"\n" in body else body for body in bodies],
            self._zone,
            first_line=0,
            subjects=frozenset({f"Patient/{patient}"}),
            keep_identifiers=True,
        )
        answers: dict[int, Taken] = {
            line: Taken(
                400, ": ".join(part for part in (reject.field.partition(": ")[2], reject.reason) if part)
            )
            for line, reject in parsed.rejects
        }
        documents = self._documents(parsed.documents, patient, answers)
        places = _places(person, parsed.parts) | {line: one.id for line, one in documents.items()}
        if not places:
            return [answers[line] for line in range(len(bodies))]
        receipt = self._receive(
            person,
            parsed.series,
            documents=list(documents.values()),
            request=request,
            actor=actor,
            role=role,
        )
        answers |= _answers(receipt, places, parsed.parts, documents)
        for line in _lines(receipt.apart, parsed.parts, documents):
            answers[line] = self._again(bodies[line], patient, actor=actor, role=role, request=request)
        answers[min(places)].warnings = tuple((one.severity, one.text_key) for one in receipt.warnings)
        return [answers[line] for line in range(len(bodies))]

    def _documents(
        self, found: Sequence[Any], patient: str, answers: dict[int, Taken]
    ) -> dict[int, Described]:
        """What columns cannot hold, described; what is no valid Observation of this person is answered."""
        documents: dict[int, Described] = {}
        for one in found:
            try:
                described = describe(parse(one.body), self._zone, lambda: str(new_id()))
                if described.type != "Observation" or described.subject != patient:
                    raise Invalid("not an Observation of this patient", field="subject")
                if described.category is None:
                    answers[one.line] = Taken(ELSEWHERE, "unknown-code")
                else:
                    documents[one.line] = described
            except PhrError as problem:
                answers[one.line] = Taken(400, str(problem))
        return documents

    def _again(self, body: bytes, patient: str, **single: str) -> Taken:
        """The exact answer for one of a delivery that was not stored as it came."""
        try:
            stored = self.one(body, patient, **single)
        except PhrError as problem:
            status = 403 if isinstance(problem, NotAllowed) else 400 if isinstance(problem, Invalid) else 422
            return Taken(status, str(problem))
        text = orjson.loads(stored.body)["issue"][-1]["diagnostics"]
        return Taken(stored.status, text, stored.headers["Location"])


def _answers(
    receipt: Any, places: Mapping[int, str], parts: Sequence[Any], documents: Mapping[int, Described]
) -> dict[int, Taken]:
    """The answers to those that were stored, or were there."""
    there = set(_lines(receipt.known, parts, {}))
    seen: set[str] = set()
    found = {}
    for line, place in places.items():
        old = line not in documents and (line in there or place in seen)
        seen.add(place)
        found[line] = Taken(*((200, "already there") if old else (201, "stored")), f"Observation/{place}")
    return found


def _lines(names: Collection[Any], parts: Sequence[Any], documents: Mapping[int, Described]) -> list[int]:
    """The lines whose samples or documents are named."""
    if not names:
        return []
    found = {line for line, one in documents.items() if one.id in names}
    for part in parts:
        one, source = part.series, source_id(part.series.source.key)
        hit = np.array([(one.code, source, start) in names for start in one.start.tolist()])
        for lines in part.lines.values():
            found.update(line for line in lines[hit].tolist() if line >= 0)
    return sorted(found)


def _places(person: UUID, parts: Sequence[Any]) -> dict[int, str]:
    """The id of the Observation that each line became."""
    found: dict[int, str] = {}
    for part in parts:
        one = part.series
        for channel, lines in part.lines.items():
            ids = observation_ids(
                person, number_of((one.code, channel)), source_id(one.source.key), one.start
            )
            found |= {int(line): identity for line, identity in zip(lines, ids, strict=True) if line >= 0}
    return found


def _identity(person: UUID, series: Any, documents: list[Described]) -> str:
    if documents:
        return documents[0].id
    one = series[0]
    channels = list(one.channels)
    target = (one.code, channels[0] if one.code == "checkup" else None)
    return observation_ids(person, number_of(target), source_id(one.source.key), one.start)[0]


def _stored(receipt: Any, identity: str, request: str) -> Stored:
    """An OperationOutcome that says what was stored, and any alarm first."""
    issues = [issue(one.severity, one.text_key) for one in receipt.warnings]
    new = bool(receipt.stored or receipt.documents)
    text = "stored" if new else "conflict: kept aside" if receipt.conflicts else "already there"
    issues.append({"severity": "information", "code": "informational", "diagnostics": text})
    body = orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})
    status = 201 if new else 409 if receipt.conflicts else 200
    return Stored(body, status, {"Location": f"Observation/{identity}", "X-Request-Id": request})
