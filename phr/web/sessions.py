"""Sessions of the pages: who holds the cookie, looked up once per request, and the reason with which they may read."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, cast
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from consent.purposes import recipient_name
from phr.domain.access import Access, resident
from phr.errors import NotAllowed
from phr.ids import new_id
from phr.services.accounts import Caller
from phr.web.answer import SESSION_COOKIE
from phr.web.ports import Role, Session

_MACHINES: Final = ("/fhir", "/ledger", "/oauth", "/static", "/healthz", "/readyz", "/metrics", "/hooks")
_ROLES: Final = frozenset({"resident", "nurse", "researcher", "operator"})
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class WebSession:
    """One signed-in person in one request."""

    caller: Caller
    secret: str
    request: str

    @property
    def subject(self) -> str:
        """The account."""
        return self.caller.subject

    @property
    def role(self) -> Role:
        """The role of the account."""
        return cast("Role", self.caller.role)

    @property
    def name(self) -> str:
        """The name shown in the header."""
        return self.caller.display or self.caller.subject

    @property
    def organisation(self) -> str:
        """The organisation of staff; empty for residents."""
        return "" if self.caller.role == "resident" else organisation_name(self.caller.recipient)

    @property
    def csrf(self) -> str:
        """The secret of this session's forms."""
        return self.caller.csrf

    @property
    def shared(self) -> bool:
        """Whether several people use the device."""
        return self.caller.shared

    @property
    def person(self) -> UUID:
        """The person whose record a resident's account opens."""
        if self.caller.person is None or self.caller.role != "resident":
            raise NotAllowed("account without a record")
        return self.caller.person

    def access(self, purpose: str = "") -> Access:
        """The reason with which this person reads: a resident the own record, staff for their purpose."""
        caller = self.caller
        if caller.role == "resident":
            return resident(self.person, caller.subject, self.request)
        return Access(caller.role, caller.subject, caller.recipient, purpose or caller.purpose, self.request)


def held(session: Session) -> WebSession:
    """The session as this service made it."""
    if not isinstance(session, WebSession):
        raise NotAllowed("not a session of this service")
    return session


def organisation_name(reference: str, language: str = "ja") -> str:
    """How people read an organisation; a text that is no reference is shown as it is."""
    try:
        return recipient_name(reference, language)
    except ValueError:
        return reference


class SessionMiddleware:
    """Puts the session of the cookie into ``request.state.session``; None when there is none."""

    def __init__(self, app: ASGIApp, system: Any) -> None:
        self._app = app
        self._system = system

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Looks the session up, except where machines call with tokens of their own."""
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["session"] = None
            secret = _cookie(scope)
            if secret and not scope["path"].startswith(_MACHINES):
                state["session"] = await run_in_threadpool(self._session, secret)
        await self._app(scope, receive, send)

    def _session(self, secret: str) -> WebSession | None:
        request = str(new_id())
        caller: Caller | None = self._system.accounts.caller(secret, "web", request)
        if caller is None or caller.role not in _ROLES:
            return None
        return WebSession(caller, secret, request)


def _cookie(scope: Scope) -> str:
    """The value of the session's cookie, or nothing."""
    for name, value in scope["headers"]:
        if name == b"cookie" and len(value) <= _LONGEST:
            try:
                found = SimpleCookie(value.decode("latin-1")).get(SESSION_COOKIE)
            except CookieError:
                continue
            if found is not None:
                return found.value[:200]
    return ""
