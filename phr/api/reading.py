"""FHIR read, vread and history: one resource, one version of it, and what became of it or of a whole record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from phr.api import histories, negotiation, parameters
from phr.api.interactions import Answer, Call, refuse_collecting, served
from phr.api.scoped import admits, require
from phr.domain.bulk.limits import limits, may
from phr.domain.fhir.history import Version
from phr.domain.fhir.texts import parse
from phr.domain.fhir.types import NOBODY, kinds
from phr.errors import Invalid, NotAllowed, NotFound
from phr.ids import parse_observation_id, person_id
from risk.questionnaires.definition import NAMES, form
from risk.questionnaires.fhir import questionnaire


def read(call: Call, kind: str, identity: str) -> Answer:
    """The present version of one resource."""
    served(kind, "read")
    refuse_collecting(call.who)
    require(call.who, kind, "r")
    body, version, at = _present(call, kind, identity)
    _admitted(call, kind, body)
    headers = negotiation.version_headers(version, at)
    if negotiation.unchanged(call.headers, str(version), at):
        return Answer(304, b"", headers)
    return Answer(200, body, headers)


def vread(call: Call, kind: str, identity: str, version: str) -> Answer:
    """One version of one resource."""
    served(kind, "vread")
    refuse_collecting(call.who)
    require(call.who, kind, "r")
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise NotFound("no such version")
    if _made_here(kind, identity):
        body, present, at = _present(call, kind, identity)
        if (
            str(present) != version
        ):  # a sample has the version of its day: what was corrected is kept, the rest never was
            body, at = _earlier(call, kind, identity, int(version))
    else:
        found = call.system.fhir_reading.version(kind, identity, int(version), _access(call, kind, identity))
        body, at = found.body.encode(), found.updated_at
    _admitted(call, kind, body)
    return Answer(200, body, negotiation.version_headers(version, at))


def history(call: Call, kind: str, identity: str, query: str) -> Answer:
    """The history of one resource, of a type, or of all types; newest first. More than one resource is a search (SMART)."""
    action = "r" if identity else "s"
    if kind:
        served(kind, "history")
        require(call.who, kind, action)
    refuse_collecting(call.who)
    given = parameters.pairs(query)
    if kind and identity and _made_here(kind, identity):
        body, version, at = _present(call, kind, identity)
        _admitted(call, kind, body)
        return Answer(200, _of_measured(call, kind, identity, given, (body, int(version), at)))
    person = _whose(call, kind, identity, given)
    asked = histories.asked(given, person, kind, identity, call.system.settings.tz)
    page = call.system.fhir_reading.history(asked, _access(call, kind, identity, person))
    found, more = page.found, page.more
    if not kind and person == NOBODY:
        groups, others = call.system.cohorts.history(asked, call.access(None))
        found, more = histories.joined(asked.count, (found, more), (groups, others))
    shown = [one for one in found if _shown(call, one.type, one.body, action)]
    following = found[-1] if more else None
    place = "/".join(part for part in (kind, identity, "_history") if part)
    return Answer(200, histories.bundle(call.base, place, given, shown, following))


def _present(call: Call, kind: str, identity: str) -> tuple[bytes, int | str, datetime]:
    if kind == "Questionnaire" and identity in NAMES:
        return orjson.dumps(questionnaire(form(identity))), 1, datetime(2026, 4, 1, tzinfo=UTC)
    if kind == "Observation" and parse_observation_id(identity) is not None:
        body = call.system.observations.read(identity, _access(call, kind, identity))
        meta = orjson.loads(body)["meta"]
        return body, str(meta["versionId"]), datetime.fromisoformat(meta["lastUpdated"])
    found = call.system.fhir_reading.read(kind, identity, _access(call, kind, identity))
    return found.body.encode(), found.version, found.updated_at


def _earlier(call: Call, kind: str, identity: str, version: int) -> tuple[bytes, datetime]:
    """What stood there before a correction."""
    for one in _corrected(call, kind, identity):
        if one.version == version:
            return one.body.encode(), one.updated_at
    raise NotFound("no such version")


def _corrected(call: Call, kind: str, identity: str) -> list[Version]:
    """The versions before the present one, of what is made when it is read."""
    key = parse_observation_id(identity) if kind == "Observation" else None
    if key is None:
        return []
    found: list[Version] = call.system.fhir_reading.earlier(key.person, identity, call.access(key.person))
    return found


def _of_measured(
    call: Call, kind: str, identity: str, given: parameters.Pairs, present: tuple[bytes, int, datetime]
) -> bytes:
    """The history of what is made when it is read: the present version, and those before its corrections."""
    body, version, at = present
    asked = histories.asked(given, NOBODY, kind, identity, call.system.settings.tz)
    now = Version(
        NOBODY,
        kind,
        identity,
        version,
        deleted=False,
        category="",
        day=at.date(),
        updated_at=at,
        body=body.decode(),
    )
    before = [one for one in _corrected(call, kind, identity) if _shown(call, kind, one.body)]
    listed = histories.within(asked, [now, *before])
    return histories.bundle(call.base, f"{kind}/{identity}/_history", given, listed, None)


def _made_here(kind: str, identity: str) -> bool:
    """Whether a resource is made when it is read."""
    if kind == "Questionnaire":
        return identity in NAMES
    return kind == "Observation" and parse_observation_id(identity) is not None


def _access(call: Call, kind: str, identity: str, person: UUID | None = None) -> Any:
    return call.access(person_id(identity) if kind == "Patient" and identity else person)


def _admitted(call: Call, kind: str, body: bytes) -> None:
    """What the token's scopes do not admit looks like what is not there."""
    if call.who.scope and not admits(call.who, kind, "r", parse(body)):
        raise NotFound(f"no such {kind}")


def _shown(call: Call, kind: str, body: str, action: str = "r") -> bool:
    if not call.who.scope:
        return True
    try:
        require(call.who, kind, action)
    except NotAllowed:
        return False
    return admits(call.who, kind, action, parse(body.encode()))


def _whose(call: Call, kind: str, identity: str, given: parameters.Pairs) -> UUID:
    """Whose history: the resident's own, the patient whom the query names, or nobody's: the directory, and cohorts."""
    named = parameters.patients(given)
    if call.who.role == "resident" and call.who.person is not None:
        if any(person_id(one) != call.who.person for one in named):
            raise NotFound("no such patient")
        return NOBODY if kind and kinds()[kind].category == "directory" else call.who.person
    if named:
        if len(named) > 1:
            raise Invalid("name one patient", field="patient")
        return person_id(named[0])
    if identity:
        return person_id(identity) if kind == "Patient" else NOBODY
    if kinds()[kind].directory if kind else may(limits().grouping, call.who.role, call.who.purpose):
        return NOBODY
    raise Invalid("name a patient", field="patient")
