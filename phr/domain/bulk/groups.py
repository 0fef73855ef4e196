"""Cohorts as FHIR Groups: what is taken of a Group, and how it is given back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from phr.domain.bulk.limits import limits
from phr.domain.fhir.texts import dump
from phr.errors import Invalid
from phr.ids import person_id

_REFERENCE: Final = re.compile(r"Patient/([A-Za-z0-9\-.]{1,64})", re.ASCII)
Named = tuple[UUID, str, bool]
"""A member: the person behind the id, the id, and whether the member is inactive."""


def taken(resource: Mapping[str, Any]) -> tuple[str, list[Named]]:
    """The body without id, meta and members, and the members. Raises Invalid.

    Only Groups of named people are cohorts: one that is described by characteristics would have to be searched for,
    and its size would tell of people whom nobody may see.
    """
    if resource.get("resourceType") != "Group":
        raise Invalid("must be a Group", field="Group.resourceType")
    if resource.get("type") != "person":
        raise Invalid("must be person", field="Group.type")
    if resource.get("actual") is not True:
        raise Invalid("must be true: a cohort names its members", field="Group.actual")
    if "characteristic" in resource:
        raise Invalid("is not taken: a cohort names its members", field="Group.characteristic")
    body = {
        name: value for name, value in resource.items() if name not in {"id", "meta", "member", "quantity"}
    }
    return dump(body), _members(resource.get("member", []))


def _members(listed: object) -> list[Named]:
    if not isinstance(listed, list) or len(listed) > limits().members:
        raise Invalid(f"must be a list of at most {limits().members}", field="Group.member")
    found: dict[UUID, Named] = {}
    for one in listed:
        entity = one.get("entity") if isinstance(one, dict) else None
        reference = entity.get("reference") if isinstance(entity, dict) else None
        match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        if match is None or set(one) - {"entity", "inactive"}:
            raise Invalid("must be a reference to a Patient, with or without inactive", field="Group.member")
        person = person_id(match[1])
        found.setdefault(person, (person, match[1], one.get("inactive") is True))
    return list(found.values())


def shown(
    body: Mapping[str, Any], identity: str, version: int, updated: str, members: Sequence[Named]
) -> dict[str, Any]:
    """The Group as it is given back."""
    listed = [
        {"entity": {"reference": f"Patient/{patient}"}, **({"inactive": True} if inactive else {})}
        for _person, patient, inactive in members
    ]
    found: dict[str, Any] = {
        "resourceType": "Group",
        "id": identity,
        "meta": {"versionId": str(version), "lastUpdated": updated},
        **{name: value for name, value in body.items() if name != "resourceType"},
        "quantity": len(listed),
    }
    return {**found, "member": listed} if listed else found
