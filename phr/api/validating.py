"""FHIR $validate: every issue of a resource as FHIR R4 and against profiles; nothing is stored."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from phr.api import parameters
from phr.api.callers import Calling
from phr.api.fhir import Raw
from phr.api.interactions import Answer, respond
from phr.domain.documents import parse
from phr.domain.profiles import PROFILES, Issue, base_issues, profile_issues
from phr.errors import Invalid

router = APIRouter(prefix="/fhir")
_MODES: Final = frozenset({"create", "update", "delete", "profile"})
_ASKED: Final = frozenset({"mode", "profile", "_format"})
_FINE: Final = Issue(
    "information", "informational", "nothing is wrong with it as far as it is checked here", ""
)


def validate(kind: str, body: bytes, query: str) -> Answer:
    """The outcome of a bare resource, or of Parameters with resource, mode and profile. Raises Invalid."""
    given = parameters.pairs(query)
    parameters.check(given, _ASKED)
    asked = dict(given)
    resource, mode, profile = _given(parse(body))
    mode, profile = mode or asked.get("mode", ""), profile or asked.get("profile", "")
    if mode and mode not in _MODES:
        raise Invalid("is one of create, update, delete, profile", field="mode")
    if mode == "profile" and not profile:
        raise Invalid("is needed in this mode", field="profile")
    issues = [] if mode == "delete" and resource is None else _judged(kind, resource, mode, profile)
    return Answer(200, _outcome(issues or [_FINE]))


def _given(body: dict[str, Any]) -> tuple[dict[str, Any] | None, str, str]:
    """Resource, mode and profile. Parameters are the operation's unless nothing in them is."""
    if body.get("resourceType") != "Parameters":
        return body, "", ""
    listed = body.get("parameter")
    parts = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
    found = {str(one.get("name")): one for one in parts}
    if not found.keys() & {"resource", "mode", "profile"}:
        return body, "", ""
    resource = found.get("resource", {}).get("resource")
    if resource is not None and not isinstance(resource, dict):
        raise Invalid("expected a resource", field="resource")
    mode = found.get("mode", {}).get("valueCode", "")
    profile = found.get("profile", {})
    url = profile.get("valueUri", profile.get("valueCanonical", ""))
    return resource, str(mode), str(url)


def _judged(kind: str, resource: dict[str, Any] | None, mode: str, profile: str) -> list[Issue]:
    if resource is None:
        return [Issue("fatal", "required", "no resource was given", "resource")]
    if kind and resource.get("resourceType") != kind:
        return [Issue("fatal", "invalid", "is of another type than the address says", "resourceType")]
    issues = base_issues(resource)
    if any(one.severity == "fatal" for one in issues):
        return issues
    if mode == "update" and "id" not in resource:
        issues.append(Issue("error", "required", "an update needs an id", f"{resource['resourceType']}.id"))
    asked = [profile] if profile else []
    if profile and profile.partition("|")[0] not in PROFILES:
        raise Invalid("is no profile that is checked here", field="profile")
    for url in dict.fromkeys([*asked, *_claimed(resource)]):
        issues += profile_issues(resource, url)
    return issues


def _claimed(resource: dict[str, Any]) -> list[str]:
    """The profiles that the resource itself claims."""
    meta = resource.get("meta")
    listed = meta.get("profile") if isinstance(meta, dict) else None
    return [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, str)][:20]


def _outcome(issues: list[Issue]) -> bytes:
    return orjson.dumps(
        {
            "resourceType": "OperationOutcome",
            "issue": [
                {
                    "severity": one.severity,
                    "code": one.code,
                    "diagnostics": one.text,
                    **({"expression": [one.place]} if one.place else {}),
                }
                for one in issues
            ],
        }
    )


@router.post("/$validate")
def validate_any(request: Request, who: Calling, body: Raw) -> Response:
    """Every issue of a resource of any type."""
    del who
    return respond(request, validate("", body, request.url.query))


@router.post("/{kind}/$validate")
def validate_kind(request: Request, kind: str, who: Calling, body: Raw) -> Response:
    """Every issue of a resource of this type."""
    del who
    return respond(request, validate(kind, body, request.url.query))
