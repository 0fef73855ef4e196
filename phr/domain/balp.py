"""AuditEvents as IHE Basic Audit (BALP) has them, rendered from the compact rows of the trail when they are asked for.

Nothing is kept twice: a row of the trail is what was written and hashed, its AuditEvent a way to read it. The words of
rows and their kinds of events are balp.toml. A query's text is made from what the row says, since a raw query may hold
what the trail never does.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol
from uuid import UUID

from phr.domain.data_file import data_file
from phr.domain.documents import instant

PROFILES: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
PURPOSE: Final = "urn:phr:purpose"
CATEGORY: Final = "urn:phr:category"
ACCOUNT: Final = "urn:phr:account"
PSEUDONYM: Final = "urn:phr:pseudonym"
IDENT: Final = re.compile(r"(\d{1,4})-(\d{1,18})", re.ASCII)
"""The id of an AuditEvent: chain and number of its row."""
_DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_TYPES: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLES: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_USER: Final = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient")
_REQUEST: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_OUTCOMES: Final = {"0": "Success", "4": "Minor failure", "8": "Serious failure"}
_PROFILE: Final = {
    "read": "PatientRead",
    "query": "PatientQuery",
    "create": "PatientCreate",
    "update": "PatientUpdate",
    "delete": "PatientDelete",
    "disclose": "PrivacyDisclosure.Source",
    "authz": "AuthZconsent",
    "emergency": "AuthZconsent",
}
_SENT: Final = frozenset({"read", "disclose"})
"""Kinds in which the service is the source of what went out; in the others it is where the request arrived."""
_ZERO: Final = UUID(int=0)


class Row(Protocol):
    """A row of the trail, as far as an AuditEvent tells of it."""

    @property
    def person_id(self) -> UUID: ...  # noqa: D102 - the names say it, here and below
    @property
    def chain(self) -> int: ...  # noqa: D102
    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def request_id(self) -> str: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102
    @property
    def actor(self) -> str: ...  # noqa: D102
    @property
    def recipient(self) -> str: ...  # noqa: D102
    @property
    def purpose(self) -> str: ...  # noqa: D102
    @property
    def action(self) -> str: ...  # noqa: D102
    @property
    def object(self) -> str: ...  # noqa: D102
    @property
    def categories(self) -> str: ...  # noqa: D102
    @property
    def outcome(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: its codings (system, code, display), its action, and the words of rows that are it."""

    name: str
    type: tuple[str, str, str]
    subtype: tuple[str, str, str]
    action: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whose:
    """How the person of a row is written: the Patient for themselves, a pseudonym for who reviews."""

    patient: str = ""

    def of(self, person: UUID) -> dict[str, Any]:
        """The reference."""
        if self.patient:
            return {"reference": f"Patient/{self.patient}"}
        return {"identifier": {"system": PSEUDONYM, "value": pseudonym(person)}}


def pseudonym(person: UUID) -> str:
    """How a person is called where nobody needs to know who it is."""
    return f"p-{person.hex[:8]}"


@cache
def _table() -> Mapping[str, Any]:
    return data_file("balp.toml")


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind of event."""
    return {
        name: Kind(name, tuple(one["type"]), tuple(one["subtype"]), one["action"], tuple(one["words"]))
        for name, one in _table()["kinds"].items()
    }


@cache
def _by_word() -> Mapping[str, str]:
    return {word: name for name, kind in kinds().items() for word in kind.words}


@cache
def outcomes() -> Mapping[str, tuple[str, ...]]:
    """Outcome code -> the words of rows that are it; 0 is every other word."""
    return {code: tuple(words) for code, words in _table()["outcomes"].items()}


def kind_of(action: str, outcome: str) -> Kind:
    """The kind of event that a row is."""
    name = _by_word().get(action, "execute")
    if outcome == "refused" and name != "sign_in":
        name = "authz"
    return kinds()[name]


def outcome_of(word: str) -> str:
    """The outcome code of a row."""
    return next((code for code, words in outcomes().items() if word in words), "0")


def ident_of(row: Row) -> str:
    """The id of the AuditEvent of a row."""
    return f"{row.chain}-{row.seq}"


def render(row: Row, whose: Whose, city: str, base: str) -> dict[str, Any]:
    """The AuditEvent of a row. ``city`` is the organisation that runs the service, ``base`` its FHIR address."""
    kind = kind_of(row.action, row.outcome)
    outcome = outcome_of(row.outcome)
    made: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": ident_of(row),
        "type": _coding(*kind.type),
        "subtype": [_coding(*kind.subtype)],
        "action": kind.action,
        "recorded": instant(row.at),
        "outcome": outcome,
        "purposeOfEvent": [{"coding": [{"system": PURPOSE, "code": row.purpose}]}],
        "agent": _agents(row, kind, city, base),
        "source": {"site": base, "observer": {"reference": city}},
        "entity": _entities(row, kind, whose),
    }
    if kind.name in _PROFILE and row.person_id != _ZERO:
        made["meta"] = {"profile": [PROFILES + _PROFILE[kind.name]]}
    if row.reason or outcome != "0":
        made["outcomeDesc"] = row.reason or _OUTCOMES[outcome]
    return made


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": display}


def _agents(row: Row, kind: Kind, city: str, base: str) -> list[dict[str, Any]]:
    """The service, whoever called, and the one who receives the data and for what."""
    sent = kind.name in _SENT
    server = ("110153", "Source Role ID") if sent else ("110152", "Destination Role ID")
    client = ("110152", "Destination Role ID") if sent else ("110153", "Source Role ID")
    if kind.name in {"authz", "emergency"}:
        client = ("110150", "Application")
    user: dict[str, Any] = {
        "type": {"coding": [_coding(*_USER)]},
        "role": [{"coding": [{"system": "urn:phr:role", "code": row.role}]}],
        "who": {"identifier": {"system": ACCOUNT, "value": row.actor or row.role}},
        "requestor": True,
        "purposeOfUse": [{"coding": [{"system": PURPOSE, "code": row.purpose}]}],
    }
    agents: list[dict[str, Any]] = [
        {
            "type": {"coding": [_coding(_DCM, *server)]},
            "who": {"reference": city},
            "requestor": False,
            "network": {"address": base, "type": "5"},
        },
        {"type": {"coding": [_coding(_DCM, *client)]}, "who": {"display": row.role}, "requestor": False},
        user,
    ]
    if kind.name == "disclose":
        agents.append(_agent("CST", "custodian", city))
    if kind.name in {"authz", "emergency", "disclose"}:
        agents.append(_agent("AUT", "authorizer", city))
        if "/" in row.recipient:
            agents.append(_agent("PROV", "user organisation", row.recipient))
    return agents


def _agent(code: str, display: str, reference: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/contractsignertypecodes"
    coding = _coding(system if code == "PROV" else _USER[0], code, display)
    return {"type": {"coding": [coding]}, "who": {"reference": reference}, "requestor": False}


def _entities(row: Row, kind: Kind, whose: Whose) -> list[dict[str, Any]]:
    """The data, the query, the person, and the request; never a name and never a value."""
    found: list[dict[str, Any]] = []
    if kind.name == "query":
        query = base64.b64encode(_query(row).encode()).decode()
        found.append(
            {"type": _coding(_TYPES, "2", "System Object"), "role": _role("24", "Query"), "query": query}
        )
    else:
        found.append(_data(row))
    if row.person_id != _ZERO:
        person = {"what": whose.of(row.person_id), "type": _coding(_TYPES, "1", "Person")}
        found.append({**person, "role": _role("1", "Patient")})
    request = {"what": {"identifier": {"value": row.request_id or "none"}}}
    found.append({**request, "type": _coding(_REQUEST, "XrequestId", "X-Request-Id")})
    return found


def _role(code: str, display: str) -> dict[str, str]:
    return _coding(_ROLES, code, display)


def _data(row: Row) -> dict[str, Any]:
    """What it was about: a resource where the row names one, else its word; the kinds of data as labels."""
    what = (
        {"reference": row.object}
        if re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}", row.object)
        else {"identifier": {"system": "urn:phr:object", "value": row.object or "none"}}
    )
    made: dict[str, Any] = {
        "what": what,
        "type": _coding(_TYPES, "2", "System Object"),
        "role": _role("4", "Domain Resource"),
    }
    labels = [one for one in row.categories.split(",") if one]
    return (
        {**made, "securityLabel": [{"system": CATEGORY, "code": one} for one in labels]} if labels else made
    )


def _query(row: Row) -> str:
    """The question in the form of a FHIR search, of what the row knows of it."""
    categories = f"?category={row.categories}" if row.categories else ""
    return f"GET {row.object}{categories}"
