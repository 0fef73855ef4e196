"""What every data request goes through: the token, the allowance, the faults, the type, the scope, the query."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request

from synthetic_data.google_health.cloud import Cloud
from synthetic_data.google_health.faults import Fault, refusal
from synthetic_data.google_health.grants import Grant
from synthetic_data.google_health.kinds import KINDS, Kind, read_scope
from synthetic_data.google_health.people import Person
from synthetic_data.google_health.problems import (
    exhausted,
    insufficient_scope,
    invalid,
    payload,
    unauthenticated,
)

SYSTEM: Final = frozenset({"alt", "fields", "prettyPrint", "quotaUser", "key"})
FAMILIES: Final = ("all-sources", "google-wearables", "google-sources")
_FAMILY: Final = "users/me/dataSourceFamilies/"
_NO_FAMILY: Final = "Data family is missing or is not supported"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and which faults hit the answer."""

    grant: Grant
    person: Person
    faults: tuple[Fault, ...]

    def hit(self, action: str) -> bool:
        """Whether a fault of this kind hits."""
        return any(fault.action == action for fault in self.faults)


async def caller(cloud: Cloud, request: Request, kind: str = "") -> Caller:
    """The person behind the token, or the refusal."""
    cloud.requests += 1
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    grant = cloud.grants.bearer(token) if scheme.lower() == "bearer" else None
    if grant is None:
        raise unauthenticated()
    if cloud.overdrawn(grant.number):
        raise exhausted(cloud.retry_after)
    hit = cloud.wire_faults.hit(grant.number, kind)
    for fault in hit:
        if fault.action == "status":
            raise refusal(fault)
        if fault.action == "slow":
            await asyncio.sleep(fault.seconds)
    if request.path_params.get("user", "me") != "me":
        raise invalid("INVALID_PARENT", "Only the user 'me' is supported.", "parent")
    return Caller(grant, cloud.person(grant.number), tuple(hit))


def need(grant: Grant, scopes: Iterable[str]) -> None:
    """403 unless one of the scopes was granted."""
    if not set(scopes) & set(grant.scopes):
        raise insufficient_scope()


def kind_for(grant: Grant, name: str, operation: str) -> Kind:
    """The data type, if it exists, has the operation, and was granted."""
    kind = KINDS.get(name)
    if kind is None or operation not in kind.ops:
        text = f"Data type '{name}' is not supported for this method." if kind else "Unknown data type."
        raise invalid("INVALID_PARENT_DATA_TYPE_COLLECTION", text, "parent")
    need(grant, [read_scope(kind.scope)])
    return kind


def query(request: Request, allowed: set[str]) -> dict[str, str]:
    """The query, with only known parameters."""
    found = dict(request.query_params)
    for name in found:
        if name not in allowed | SYSTEM:
            text = (
                f"Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could not be found in "
                "request message."
            )
            raise payload(name, text)
    return found


def page_size(value: Any, default: int, maximum: int) -> int:
    """The page size: missing or 0 means the default, more than the maximum is cut to it."""
    if value is None or value == "":
        return default
    try:
        size = int(value)
    except (TypeError, ValueError):
        raise payload("page_size", "Invalid value at 'page_size' (TYPE_INT32)") from None
    if size < 0:
        raise invalid("INVALID_PAGE_SIZE", "The page size must not be negative.", "page_size")
    return min(size or default, maximum)


def family(value: Any) -> str:
    """The short name of a family of sources; all sources when missing."""
    if value is None or value == "":
        return FAMILIES[0]
    short = value.removeprefix(_FAMILY) if isinstance(value, str) and value.startswith(_FAMILY) else None
    if short not in FAMILIES:
        raise invalid("INVALID_DATA_POINT_DATA_SOURCE_FAMILY", _NO_FAMILY, "data_source_family")
    return str(short)


async def json_body(request: Request, allowed: set[str]) -> dict[str, Any]:
    """A JSON object with only known members."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise payload("", "Expected a JSON object.") from None
    return members(body, allowed, "")


def members(value: Any, allowed: set[str], place: str) -> dict[str, Any]:
    """An object with only known members, or the refusal that names the unknown one."""
    if not isinstance(value, dict):
        raise payload(place, f"Invalid value at '{place}'" if place else "Expected a JSON object.")
    at = f" at '{place}'" if place else ""
    for name in value:
        if name not in allowed:
            raise payload(place, f'Unknown name "{name}"{at}: Cannot find field.')
    return value
