"""FHIR Consent as interactions, alone or in a batch: for the person, for who acts for them, and for the counter.

A deletion is a withdrawal: the consent becomes inactive at once and stays on record, since what was agreed to, and
when it ended, is what people ask about later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from starlette.exceptions import HTTPException

from phr.api import conditions, held, negotiation, parameters, writing
from phr.api.fhir import FHIR_ID
from phr.api.interactions import Answer, Call
from phr.api.scoped import admits, require
from phr.domain.agreeing import by_others
from phr.domain.documents import dump, instant, parse
from phr.domain.fhir.condition import only
from phr.domain.fhir.patching import patched
from phr.errors import Conflict, Invalid, NotFound, Unmet
from phr.ids import person_id
from phr.services.consents import Held
from phr.services.fhir import Written

_KIND: Final = "Consent"
_CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class _Desk:
    """Whose consents a caller may reach, and as whom. given_by: None for all, else only what they gave."""

    person: UUID
    patient: str
    role: str
    given_by: str | None


def _desk(call: Call, patient: str, *, writes: bool = False) -> _Desk:
    """The person themselves, a guardian who acts for them, or the counter; for others nobody has such a consent."""
    who = call.who
    if who.role == "resident" and who.person is not None:
        if patient == who.subject:
            return _Desk(who.person, patient, "resident", None)
        if who.agent:
            raise NotFound("no such consent")  # an app was let in to one record
        guardians = call.system.guardians
        child = person_id(patient)
        act = guardians.entering if writes else guardians.acting
        act(who.person, child, actor=who.actor, request=call.request)
        return _Desk(child, patient, "resident", f"Patient/{who.subject}")
    if who.role == "registrar":
        return _Desk(person_id(patient), patient, "registrar", None)
    raise NotFound("no such consent")


def _whose(call: Call, query: str) -> str:
    """The patient that the query names; a resident's own when it names none."""
    named = parameters.patients(parameters.pairs(query))
    if len(named) == 1:
        return named[0]
    if not named and call.who.role == "resident":
        return call.who.subject
    if call.who.role not in ("resident", "registrar"):
        raise NotFound("no such consent")
    raise Invalid("name one patient", field="patient")


def _all(call: Call, desk: _Desk) -> list[Held]:
    found: list[Held] = call.system.consents.all(
        desk.person, actor=call.who.actor, role=desk.role, request=call.request
    )
    return [each for each in found if _theirs(each, desk)]


def _given_by(resource: dict[str, Any], desk: _Desk) -> bool:
    """Whether a resource that is kept is one that this desk reaches."""
    performers = [one.get("reference") for one in resource.get("performer") or []]
    return desk.given_by is None or desk.given_by in performers


def _theirs(one: Held, desk: _Desk) -> bool:
    return desk.given_by is None or desk.given_by in by_others(one.consent)


def _one(call: Call, desk: _Desk, identity: str) -> Held:
    """One that this desk reaches: nobody learns which other ids are taken."""
    for one in _all(call, desk):
        if one.consent.id == identity:
            return one
    raise NotFound("no such consent")


def search(call: Call, query: str) -> Answer:
    """Search of one patient's Consents."""
    require(call.who, _KIND, "s")

    def reached(_given: parameters.Pairs) -> list[dict[str, Any]]:
        try:
            return [one.resource for one in _all(call, _desk(call, _whose(call, query)))]
        except NotFound:
            return []

    return held.searchset(call, _KIND, query, reached)


def read(call: Call, identity: str, query: str) -> Answer:
    """One Consent; whoever acts for somebody, and the counter, name the patient in the query."""
    require(call.who, _KIND, "r")
    found = _one(call, _desk(call, _whose(call, query)), identity)
    if not admits(call.who, _KIND, "r", found.resource):
        raise NotFound("no such consent")
    headers = negotiation.version_headers(found.version, found.recorded_at)
    if negotiation.unchanged(call.headers, str(found.version), found.recorded_at):
        return Answer(304, b"", headers)
    return Answer(200, dump(found.resource).encode(), headers)


def _versions(call: Call, identity: str, query: str) -> list[Held]:
    require(call.who, _KIND, "r")
    desk = _desk(call, _whose(call, query))
    found: list[Held] = call.system.consents.history(
        desk.person, identity, actor=call.who.actor, role=desk.role, request=call.request
    )
    if not found or not _theirs(found[0], desk) or not admits(call.who, _KIND, "r", found[0].resource):
        raise NotFound("no such consent")
    return found


def vread(call: Call, identity: str, version: str, query: str) -> Answer:
    """One version of a Consent."""
    for one in _versions(call, identity, query):
        if version.isascii() and version.isdigit() and str(one.version) == version:
            headers = negotiation.version_headers(one.version, one.recorded_at)
            return Answer(200, dump(one.resource).encode(), headers)
    raise NotFound("no such version")


def history(call: Call, identity: str, query: str) -> Answer:
    """Every version of one Consent, newest first."""
    found = _versions(call, identity, query)
    return held.history(
        _KIND,
        ((one.resource, "POST" if one.version == 1 else "PUT", instant(one.recorded_at)) for one in found),
    )


def create(call: Call, body: bytes) -> Answer:
    """Records a new Consent; its id is ours to give. With If-None-Exist only when none of the person fits."""
    require(call.who, _KIND, "c")
    resource = {key: value for key, value in _sent(body).items() if key not in ("id", "meta")}
    condition = conditions.of_header(call)
    return _record(call, resource, None, conditions.fitting(call, _KIND, condition) if condition else None)


def update(call: Call, identity: str, body: bytes, query: str) -> Answer:
    """Records the next version of a Consent, of the one that fits a query where no id is given; none fits: a new one."""
    require(call.who, _KIND, "u")
    resource = _sent(body)
    desk = _desk(call, _patient(resource), writes=True)
    expected = negotiation.expected_version(call.headers)
    if identity:
        if resource.get("id") != identity:
            raise Invalid("must be the id in the address", field="Consent.id")
        _one(call, desk, identity)  # also for somebody else's id: nobody learns that it is taken
        return _record(call, resource, expected)
    fits = conditions.fitting(call, _KIND, conditions.of_query(query))
    present = _meant(call, desk, fits)
    if present is None:
        if expected is not None:
            raise Unmet("another version is the present one")
        if "id" in resource:
            raise Invalid("the service gives the id", field="Consent.id")
        answer = _record(call, resource, None, fits)
        present = None if answer.status == _CREATED else _meant(call, desk, fits)
        if present is None:
            return answer
        # somebody recorded one that fits in between: what is asked for here is its next version
    if resource.get("id") not in (None, present.consent.id):
        raise Invalid("must be the id of the resource that fits", field="Consent.id")
    version = present.version if expected is None else expected
    return _record(call, {**resource, "id": present.consent.id}, version)


def patch(call: Call, identity: str, operations: Any, query: str) -> Answer:
    """Changes parts of a Consent by JSON Patch; what comes out is checked as if it had been sent whole."""
    require(call.who, _KIND, "u")
    desk = _desk(call, _whose(call, query), writes=True)
    present = _target(call, desk, identity, query)
    if present is None:
        raise NotFound("no such consent")
    expected = negotiation.expected_version(call.headers)
    resource = patched(present.resource, operations)
    if _patient(resource) != desk.patient:
        raise Invalid("a consent stays with its person", field="Consent.patient")
    return _record(call, resource, present.version if expected is None else expected)


def delete(call: Call, identity: str, query: str) -> Answer:
    """Withdraws a Consent; what is not there, or not for this caller, is no error."""
    require(call.who, _KIND, "d")
    try:
        desk = _desk(call, _whose(call, query), writes=True)
        present = _target(call, desk, identity, query)
    except NotFound:
        return Answer(204)
    if present is None:
        return Answer(204)
    expected = negotiation.expected_version(call.headers)
    if expected is not None and expected != present.version:
        raise Unmet("another version is the present one")
    done = call.system.consents.withdraw(
        desk.person,
        str(present.consent.id),
        actor=call.who.actor,
        role=desk.role,
        request=call.request,
        expected_version=expected,
    )
    return Answer(204, b"", {"ETag": f'W/"{done.version}"'})


def _target(call: Call, desk: _Desk, identity: str, query: str) -> Held | None:
    """What a patch or a deletion means: an id, or the one that fits a query."""
    if identity:
        return _one(call, desk, identity)
    return _meant(call, desk, conditions.fitting(call, _KIND, conditions.of_query(query)))


def _meant(call: Call, desk: _Desk, fits: conditions.Fitting) -> Held | None:
    return only(one for one in _all(call, desk) if fits(one.resource))


def _sent(body: bytes) -> dict[str, Any]:
    resource = parse(body)
    if resource.get("resourceType") != _KIND:
        raise Invalid("is not the type in the address", field="resourceType")
    return resource


def _patient(resource: dict[str, Any]) -> str:
    patient = resource.get("patient")
    reference = patient.get("reference") if isinstance(patient, dict) else None
    found = str(reference).removeprefix("Patient/")
    if reference is None or FHIR_ID.fullmatch(found) is None:
        raise Invalid("must be a reference Patient/id", field="Consent.patient")
    return found


def _record(
    call: Call, resource: dict[str, Any], expected: int | None, unless: conditions.Fitting | None = None
) -> Answer:
    """Records a version. unless: nothing where a consent of the person fits by now."""
    desk = _desk(call, _patient(resource), writes=True)
    if desk.given_by is not None:
        named = [each.get("reference") for each in resource.get("performer") or [] if isinstance(each, dict)]
        if named != [desk.given_by]:
            raise Invalid("must be whoever acts here, and nobody else", field="Consent.performer")
    reached = None if unless is None else lambda one: _given_by(one, desk) and unless(one)
    consents, whose = (
        call.system.consents,
        {"actor": call.who.actor, "role": desk.role, "request": call.request},
    )
    try:
        recorded = consents.record(desk.person, resource, expected_version=expected, unless=reached, **whose)
    except Unmet:
        raise
    except Conflict as conflict:
        raise HTTPException(409 if expected is None else 412, str(conflict)) from conflict
    found = consents.one(desk.person, recorded.consent_id, **whose)
    status = 201 if recorded.version == 1 and not recorded.found else 200
    text = dump(found.resource)
    written = Written(status, _KIND, recorded.consent_id, found.version, found.recorded_at, text)
    answer = writing.answered(call, written)
    place = f"{call.base}/{_KIND}/{recorded.consent_id}/_history/{found.version}"
    return replace(answer, headers={**answer.headers, "Location": place})
