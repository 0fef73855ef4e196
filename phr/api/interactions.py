"""One FHIR interaction, apart from the web: who calls, and what is answered; routes and batch entries share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from phr.api import negotiation
from phr.api.callers import request_id, system_of
from phr.api.problems import FHIR_JSON
from phr.domain.access import Access
from phr.domain.fhir.types import Kind, kinds
from phr.errors import NotFound
from phr.services.accounts import Caller

_SHORT: Final = 1024  # bytes of a query that is remembered as it was read, so that memory has a limit


@dataclass(frozen=True, slots=True)
class Call:
    """A caller with the system that serves; base: the FHIR base URL without a slash at its end.

    headers: the request headers that interactions read, in lower case (if-match, if-none-exist, prefer, accept).
    """

    system: Any
    who: Caller
    request: str
    base: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def access(self, person: UUID | None) -> Access:
        """The caller's access, about one person. A resident's is about themselves, whatever they name."""
        about = self.who.person if self.who.role == "resident" else person
        return Access(
            self.who.role, self.who.actor, self.who.recipient, self.who.purpose, self.request, about
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: an HTTP status, the body as JSON bytes, and headers."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def call_of(request: Request, who: Caller) -> Call:
    """The call that a request makes, in a form that is served."""
    given = request.headers
    negotiation.check_wanted(given, _wishes(request)[0])
    headers = {name: value for name, value in reversed(given.items()) if name in negotiation.READ}
    system = system_of(request)
    return Call(system, who, request_id(request), f"{system.settings.base_url}/fhir", headers)


def respond(request: Request, found: Answer) -> Response:
    """The answer as HTTP: nobody may keep it; with line breaks where _pretty asks; HEAD without its body."""
    body = negotiation.pretty(found.body) if _wishes(request)[1] else found.body
    answer = Response(
        body, found.status, {"Cache-Control": "no-store", **found.headers}, media_type=FHIR_JSON
    )
    if request.method == "HEAD" or found.status == 304:
        answer.body = b""
    if not body:
        del answer.headers["content-type"]
    return answer


def _wishes(request: Request) -> tuple[str | None, bool]:
    """The form that an address asks for, and whether with line breaks; short addresses are taken apart once."""
    query: bytes = request.scope["query_string"]
    return _read(query) if len(query) <= _SHORT else _read.__wrapped__(query)


@lru_cache(maxsize=256)
def _read(query: bytes) -> tuple[str | None, bool]:
    given = QueryParams(query)
    return given.get("_format"), given.get("_pretty") == "true"


def served(kind: str, interaction: str) -> Kind:
    """The type. Refuses one that is not held here, and what is not done with it."""
    found = kinds().get(kind)
    if found is None:
        raise NotFound("no such type")
    if interaction not in found.interactions:
        raise HTTPException(405, f"{kind}: {interaction} is not served")
    return found


def refuse_collecting(who: Caller) -> None:
    """Consent to collect lets data in, never out."""
    if who.purpose == "collect":
        raise HTTPException(403, "this purpose delivers data and reads none")
