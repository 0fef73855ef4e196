"""Intake of one FHIR Observation: columns when they can hold it, a document when it carries more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from ingest.from_fhir import parse_lines
from phr.domain.documents import Described, describe, parse
from phr.domain.targets import number_of
from phr.errors import Invalid, NotAllowed
from phr.ids import new_id, observation_ids, person_id, source_id

ReceiveOne = Callable[..., Any]
"""The receive use case."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer to one Observation."""

    body: bytes
    status: int
    headers: dict[str, str]


class Intake:
    """Takes single Observations over the FHIR interface."""

    def __init__(self, receive: ReceiveOne, zone: ZoneInfo) -> None:
        self._receive = receive
        self._zone = zone

    def one(self, body: bytes, patient: str, *, actor: str, role: str, request: str) -> Stored:
        """Stores one Observation. Raises NotAllowed without consent, Invalid naming the field."""
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
            raise Invalid("cannot be true; it was set apart and is not shown", field="Observation.value")
        if receipt.rejected:
            raise Invalid(next(iter(receipt.rejected)), field="Observation.code")
        return _stored(receipt, _identity(person, series, documents), request)


def _identity(person: UUID, series: Any, documents: list[Described]) -> str:
    if documents:
        return documents[0].id
    one = series[0]
    channels = list(one.channels)
    target = (one.code, channels[0] if one.code == "checkup" else None)
    return observation_ids(person, number_of(target), source_id(one.source.key), one.start)[0]


def _stored(receipt: Any, identity: str, request: str) -> Stored:
    """An OperationOutcome that says what was stored, and any alarm first."""
    issues = [
        {"severity": "warning", "code": "informational", "diagnostics": f"{one.severity}: {one.text_key}"}
        for one in receipt.warnings
    ]
    new = bool(receipt.stored or receipt.documents)
    text = "stored" if new else "conflict: kept aside" if receipt.conflicts else "already there"
    issues.append({"severity": "information", "code": "informational", "diagnostics": text})
    body = orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})
    status = 201 if new else 409 if receipt.conflicts else 200
    return Stored(body, status, {"Location": f"Observation/{identity}", "X-Request-Id": request})
