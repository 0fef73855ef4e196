"""Who calls the machine interfaces: a bearer token, the purpose it was issued for, and one request id."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from phr.domain.access import Access
from phr.domain.smart.tokens import ACCESS_PREFIX
from phr.ids import new_id
from phr.services.accounts import GATEWAY_PREFIX, Caller

_REQUEST: Final = re.compile(r"[A-Za-z0-9\-]{8,64}")
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="phr"'}
_INVALID: Final = {"WWW-Authenticate": 'Bearer realm="phr", error="invalid_token"'}  # RFC 6750 3.1


def system_of(request: Request) -> Any:
    """The system that this app serves."""
    return request.app.state.system


def request_id(request: Request) -> str:
    """The caller's own X-Request-Id where it is a plain one, else a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST.fullmatch(given) else str(new_id())


def caller(request: Request) -> Caller:
    """The holder of the bearer token; 401 without a live one."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    found: Caller | None = None
    named = scheme.lower() == "bearer" and secret
    if named and secret.startswith(ACCESS_PREFIX):
        found = system_of(request).app_caller(secret.strip(), request_id(request))
    elif named:
        kind = "gateway" if secret.startswith(GATEWAY_PREFIX) else "token"
        found = system_of(request).accounts.caller(secret.strip(), kind, request_id(request))
    if found is None:
        raise HTTPException(401, "a valid bearer token is needed", _INVALID if named else _CHALLENGE)
    if found.purpose == "research-deidentified":
        raise HTTPException(403, "this purpose receives de-identified releases only")
    return found


Calling = Annotated[Caller, Depends(caller)]


def may_read(who: Caller) -> Caller:
    """A caller who may read: consent to collect lets data in, never out."""
    if who.purpose == "collect":
        raise HTTPException(403, "this purpose delivers data and reads none")
    return who


async def reader(who: Calling) -> Caller:
    """The same for a route; it waits for nothing, so it needs no thread."""
    return may_read(who)


Reading = Annotated[Caller, Depends(reader)]


def access_about(request: Request, who: Caller, person: UUID | None) -> Access:
    """The caller's access, about one person. A resident's is about themselves, whatever they name."""
    about = who.person if who.role == "resident" else person
    actor = who.actor
    return Access(who.role, actor, who.recipient, who.purpose, request_id(request), about)
