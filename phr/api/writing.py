"""FHIR create, update, patch and delete, with their conditional forms: what is asked, who may ask it, what is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException

from phr.api import negotiation
from phr.api.interactions import Answer, Call, served
from phr.api.problems import outcome
from phr.api.scoped import admits, require
from phr.domain.access import Access
from phr.domain.documents import category_of_observation
from phr.domain.fhir.patching import patched
from phr.domain.fhir.texts import parse
from phr.domain.fhir.types import NOBODY, Kind, kinds
from phr.errors import Invalid, NotAllowed, NotFound, Unmet
from phr.ids import new_id, person_id
from phr.services.fhir import Change, Written

_SUBJECTS: Final = frozenset({"patient", "subject"})
_LONGEST: Final = 2000  # of a condition


def create(call: Call, kind: str, body: bytes) -> Answer:
    """Takes a new resource; with If-None-Exist only when none fits it."""
    held = _may(call, kind, "create", "c")
    resource = _resource(body, kind)
    condition = call.headers.get("if-none-exist", "").lstrip("?")
    if "if-none-exist" in call.headers and not condition:
        raise Invalid("expected a query", field="If-None-Exist")
    if held.served == "register":
        if condition:
            raise Invalid("is not served for Patient", field="If-None-Exist")
        return _register(call, {**resource, "id": str(new_id())})
    if kind == "Observation" and not condition and category_of_observation(resource):
        return _observed(call, resource, body)
    change = _change(call, "create", kind, resource=resource, condition=condition)
    written = call.system.fhir_writing.apply(change)
    return answered(call, written, created=True)


def update(call: Call, kind: str, identity: str, body: bytes, query: str = "") -> Answer:
    """Takes the next version of a resource, or the first one of a new id; by a query where no id is given."""
    held = _may(call, kind, "update", "u")
    resource = _resource(body, kind)
    if identity and resource.get("id") != identity:
        raise Invalid("must be the id in the address", field=f"{kind}.id")
    if held.served == "register":
        if not identity:
            raise HTTPException(405, "Patient: a conditional update is not served")
        return _register(call, resource)
    if not identity and not query:
        raise Invalid("expected an id or a query", field="query")
    change = _change(call, "update", kind, resource=resource, identity=identity, condition=query)
    return answered(call, call.system.fhir_writing.apply(change))


def patch(call: Call, kind: str, identity: str, operations: Any, query: str = "") -> Answer:
    """Changes parts of a resource by JSON Patch; what comes out must be valid."""
    held = _may(call, kind, "patch", "u")
    _refuse_blind(call)
    if held.served == "register":
        return _register_patched(call, identity, operations)
    change = _change(call, "patch", kind, identity=identity, condition=query, operations=operations)
    return answered(call, call.system.fhir_writing.apply(change))


def delete(call: Call, kind: str, identity: str, query: str = "") -> Answer:
    """Deletes a resource; its versions stay for the person. What is not there is deleted already."""
    _may(call, kind, "delete", "d")
    if not identity and not query:
        raise Invalid("expected an id or a query", field="query")
    written = call.system.fhir_writing.apply(
        _change(call, "delete", kind, identity=identity, condition=query)
    )
    headers = {} if not written.version else {"ETag": f'W/"{written.version}"'}
    return Answer(204, b"", headers)


def answered(call: Call, written: Written, *, created: bool = False) -> Answer:
    """The answer to a write: what Prefer asks for, else the resource; an alarm is told unless the resource is asked for."""
    headers = {} if written.at is None else negotiation.version_headers(written.version, written.at)
    place = f"{call.base}/{written.kind}/{written.id}"
    if created or written.status == 201:
        headers["Location"] = f"{place}/_history/{written.version}" if written.version else place
    wish = negotiation.preferred(call.headers)
    found = created and written.status == 200  # what was there already is read, which not every purpose may
    if written.outcome and wish != "representation":
        return Answer(written.status, written.outcome.encode(), headers)
    if wish == "minimal" or (found and call.who.purpose == "collect"):
        return Answer(written.status, b"", headers)
    if wish == "OperationOutcome" or not written.body:
        return Answer(written.status, outcome("informational", "stored", "information"), headers)
    return Answer(written.status, written.body.encode(), headers)


def _may(call: Call, kind: str, interaction: str, action: str) -> Kind:
    found = served(kind, interaction)
    if found.served not in {"documents", "register"}:
        raise HTTPException(405, f"{kind}: {interaction} is not served in this way")
    if call.who.role == "gateway":
        raise HTTPException(403, "a gateway delivers bundles, with the cards that it was shown")
    require(call.who, kind, action)
    return found


def _resource(body: bytes, kind: str) -> dict[str, Any]:
    resource = parse(body)
    if resource.get("resourceType") != kind:
        raise Invalid("is not the type in the address", field="resourceType")
    return resource


def change_of(call: Call, action: str, kind: str, **more: Any) -> Change:
    """One change of a transaction, where the caller may ask it at all. Raises as the interaction alone does."""
    held = _may(call, kind, action, {"create": "c", "delete": "d"}.get(action, "u"))
    if held.served == "register":
        raise HTTPException(405, f"{kind}: is written alone, not in a transaction")
    resource = more.get("resource")
    if resource is not None and resource.get("resourceType") != kind:
        raise Invalid("is not the type in the address", field="resourceType")
    if action != "create" and not more.get("identity") and not more.get("condition"):
        raise Invalid("expected an id or a query", field="query")
    if action == "update" and more.get("identity") and (resource or {}).get("id") != more["identity"]:
        raise Invalid("must be the id in the address", field=f"{kind}.id")
    if action == "patch":
        _refuse_blind(call)
    return _change(call, action, kind, **more)


def _refuse_blind(call: Call) -> None:
    """A patch shows what it changed, so who only delivers cannot make one."""
    if call.who.purpose == "collect":
        raise HTTPException(403, "this purpose delivers data and reads none")


def _change(call: Call, action: str, kind: str, **more: Any) -> Change:
    def admitted(letter: str, resource: dict[str, Any]) -> bool:
        return not call.who.scope or admits(call.who, kind, letter, resource)

    condition = more["condition"] = _condition(more.get("condition", ""))
    if len(condition) > _LONGEST:
        raise Invalid("too long", field="query")
    person = _person(call, kind, condition)
    return Change(action, kind, call.access(None), admitted, expected=_expected(call), person=person, **more)


def _condition(query: str) -> str:
    """The query without what speaks of the form of the answer."""
    parts = [part for part in query.split("&") if part.partition("=")[0] not in {"_format", "_pretty"}]
    return "&".join(part for part in parts if part)


def _expected(call: Call) -> int | None:
    return negotiation.expected_version(call.headers)


def _person(call: Call, kind: str, condition: str) -> UUID | None:
    """Whose resource a condition is about, where no body says it."""
    if call.who.role == "resident":
        return call.who.person
    named = {
        person_id(value.removeprefix("Patient/"))
        for name, value in parse_qsl(condition)
        if name.partition(":")[0] in _SUBJECTS
    }
    if len(named) == 1:
        return named.pop()
    return NOBODY if kinds()[kind].directory and not named else None


def _observed(call: Call, resource: dict[str, Any], body: bytes) -> Answer:
    """An Observation of a known kind goes where measurements go; an alarm is told in the answer itself."""
    subject = resource.get("subject")
    if not isinstance(subject, dict):
        raise Invalid("expected a reference to a Patient", field="Observation.subject")
    patient = str(subject.get("reference", "")).removeprefix("Patient/")
    if not patient or (call.who.role == "resident" and person_id(patient) != call.who.person):
        raise NotFound("no such patient")
    if call.who.scope and not admits(call.who, "Observation", "c", resource):
        raise NotAllowed("the token's scopes do not admit this resource")
    who = call.who
    stored = call.system.intake.one(body, patient, actor=who.actor, role=who.role, request=call.request)
    return Answer(stored.status, stored.body, dict(stored.headers))


def _register(call: Call, resource: dict[str, Any]) -> Answer:
    """A Patient goes through the register, which the counter keeps."""
    if (call.who.role, call.who.purpose) != ("registrar", "register"):
        raise HTTPException(403, "only the register writes a Patient")
    system, who = call.system, call.who
    person, version = system.register.put(
        resource, actor=who.subject, role=who.role, request=call.request, expected=_expected(call)
    )
    body = system.identities.patient(str(resource["id"]), call.access(person))
    written = Written(
        201 if version == 1 else 200, "Patient", str(resource["id"]), version, _updated(body), body
    )
    return answered(call, written)


def _register_patched(call: Call, identity: str, operations: Any) -> Answer:
    if (call.who.role, call.who.purpose) != ("registrar", "register"):
        raise HTTPException(403, "only the register writes a Patient")
    access: Access = call.access(person_id(identity))
    present = call.system.fhir_reading.read("Patient", identity, access)
    expected = _expected(call)
    if expected is not None and expected != present.version:
        raise Unmet("another version is the present one")
    headers = {**call.headers, "if-match": f'W/"{present.version}"'}
    again = Call(call.system, call.who, call.request, call.base, headers)
    return _register(again, patched(parse(present.body.encode()), operations))


def _updated(body: str) -> datetime:
    found: str = orjson.loads(body)["meta"]["lastUpdated"]
    return datetime.fromisoformat(found).astimezone(UTC)
