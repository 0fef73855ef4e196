"""Sessions of the pages: who holds the cookie, looked up once per request, and the reason with which they may read."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, cast
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from consent.purposes import recipient_name
from phr import logs
from phr.domain.access import Access, resident
from phr.domain.family.acting import Scope as ActingScope
from phr.errors import NotAllowed, NotFound, PhrError, Refused
from phr.ids import new_id
from phr.services.accounts import Caller
from phr.services.family import Acting
from phr.services.rights.ending import End
from phr.web.acting import OPEN
from phr.web.answer import SESSION_COOKIE
from phr.web.cookies import cookie_name
from phr.web.ports import Role, Session

_MACHINES: Final = ("/fhir", "/ledger", "/oauth", "/static", "/healthz", "/readyz", "/metrics", "/hooks")
_ROLES: Final = frozenset({"resident", "nurse", "registrar", "researcher", "operator"})
_LONGEST: Final = 4096
_KNOWN_FOR: Final = timedelta(minutes=1)
"""How long a process remembers whether the end of the service was announced."""


@dataclass(frozen=True, slots=True)
class WebSession:
    """One signed-in person in one request."""

    caller: Caller
    secret: str
    request: str
    right: Acting | None = None
    scope: ActingScope | None = None

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
        """The secret of this session's forms: another one for each person for whom it acts.

        A form that was opened about one person is refused once the session is about another.
        """
        other = self.caller.acting_for
        if other is None:
            return self.caller.csrf
        return hmac.new(self.caller.csrf.encode(), other.bytes, hashlib.sha256).hexdigest()[:43]

    @property
    def shared(self) -> bool:
        """Whether several people use the device."""
        return self.caller.shared

    @property
    def left(self) -> int:
        """Seconds after which the session ends if nobody uses it."""
        return max(0, int(self.caller.left.total_seconds()))

    @property
    def acting(self) -> ActingScope | None:
        """For whom this request acts, and how far that goes; None for the own record."""
        return self.scope

    @property
    def over(self) -> bool:
        """Whether the session was switched to somebody for whom it may not act any more."""
        return self.caller.acting_for is not None and self.scope is None

    @property
    def own(self) -> UUID:
        """The person whose account this is, whoever it acts for."""
        if self.caller.person is None or self.caller.role != "resident":
            raise NotAllowed("account without a record")
        return self.caller.person

    @property
    def person(self) -> UUID:
        """The person whose record a resident's account opens; closed while it acts for somebody else.

        What may be done for somebody else says so by asking for ``whom``.
        """
        if self.caller.acting_for is not None:
            raise NotAllowed("acting for somebody else")
        return self.own

    @property
    def whom(self) -> UUID:
        """The person whom this request is about: the own one, or the one for whom it acts."""
        if self.caller.acting_for is None:
            return self.own
        if self.right is None:
            raise NotAllowed("acting for somebody else")
        return self.right.person.person_id

    def access(self, purpose: str = "") -> Access:
        """The reason with which this person reads: a resident the own record, or as family that of the one for whom
        they act; staff for their purpose.
        """
        caller = self.caller
        if caller.role == "resident":
            if self.right is not None:
                return self.right.access
            return resident(self.person, caller.subject, self.request)
        return Access(caller.role, caller.subject, caller.recipient, purpose or caller.purpose, self.request)


def held(session: Session) -> WebSession:
    """The session as this service made it."""
    if not isinstance(session, WebSession):
        raise NotAllowed("not a session of this service")
    return session


def own_device(session: Session) -> None:
    """Nothing that opens the account later is left on a device that several people use. Raises Refused."""
    if held(session).shared:
        raise Refused("not on a device that several people use")


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
        self._ending: End | None = None
        self._asked: datetime | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Looks the session up, except where machines call with tokens of their own."""
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["session"] = state["ending"] = None
            if not scope["path"].startswith(_MACHINES):
                await run_in_threadpool(self._look_up, state, _cookie(scope), scope["path"])
        await self._app(scope, receive, send)

    def _look_up(self, state: dict[str, Any], secret: str, path: str) -> None:
        """Who it is, and whether the city has announced the end of the service, which every page says."""
        if secret:
            state["session"] = self._session(secret, path)
        now = self._system.clock.now()
        if self._asked is None or not timedelta() <= now - self._asked < _KNOWN_FOR:
            try:
                self._ending = self._system.ending.known()
            except PhrError:
                return  # a page that works without the database still shows
            self._asked = now
        state["ending"] = self._ending

    def _session(self, secret: str, path: str) -> WebSession | None:
        request = logs.bound() or str(new_id())
        caller: Caller | None = self._system.accounts.caller(secret, "web", request)
        if caller is None or caller.role not in _ROLES:
            return None
        made = WebSession(caller, secret, request)
        if caller.acting_for is None or path in OPEN:
            return made
        return self._acting(made, caller.acting_for)

    def _acting(self, made: WebSession, person: UUID) -> WebSession:
        """With the right to act as it is now; where it is over, the session goes back to its own person."""
        guardians = self._system.guardians
        try:
            right = guardians.acting(made.own, person, actor=made.subject, request=made.request)
        except (NotFound, NotAllowed):
            self._system.accounts.act(made.secret, None, made.request)
            return made
        return replace(made, right=right, scope=right.scope(self._system.settings.tz))


def _cookie(scope: Scope) -> str:
    """The value of the session's cookie, or nothing."""
    held_as = cookie_name(HTTPConnection(scope), SESSION_COOKIE)
    for name, value in scope["headers"]:
        if name == b"cookie" and len(value) <= _LONGEST:
            try:
                found = SimpleCookie(value.decode("latin-1")).get(held_as)
            except CookieError:
                continue
            if found is not None:
                return found.value[:200]
    return ""
