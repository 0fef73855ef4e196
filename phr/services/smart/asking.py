"""An app asks, a person decides: the authorization endpoint, what is shown, and the code that goes back to the app."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.sealing import Box
from phr.domain.smart import scopes, tokens
from phr.domain.smart.scopes import Scope
from phr.errors import Invalid, NotFound
from phr.ids import new_id
from phr.services.smart.clients import origin_of
from phr.services.smart.grants import opened
from phr.services.smart.protocol import (
    AccessDeniedError,
    Desk,
    InvalidRequestError,
    OAuth2Error,
    Request,
    Server,
    add_params_to_uri,
)
from phr.services.smart.standing import standing
from phr.services.smart.words import Place, Posted, Reply, signing_in
from phr.store.tables import SmartAsked, SmartGrant
from phr.store.uow import Store, UnitOfWork

_BOX: Final = "smart-asked"
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")
_LONGEST: Final = 8192
_LONGEST_STATE: Final = 2048
_NO_COMING_BACK: Final = tokens.LIFE["access"]


class _Kept(msgspec.Struct):
    pairs: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What an app asks for: scopes for resources, and words for the rest.

    leads_to: where the answer goes, as a browser's policy names it.
    """

    client: str
    name: str
    responsible: str
    scopes: tuple[Scope, ...]
    words: tuple[str, ...]
    leads_to: str

    @property
    def offline(self) -> bool:
        """Whether it wants to come back on its own."""
        return scopes.OFFLINE in self.words

    @property
    def online(self) -> bool:
        """Whether it wants to go on while the person stays signed in."""
        return scopes.ONLINE in self.words

    @property
    def identity(self) -> bool:
        """Whether it wants to know who the person is."""
        return scopes.OPENID in self.words


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided. person: whose data; guardian: who decides, where that is somebody else.

    scopes: those that stay, as they were shown; categories: Observations are held to these kinds of data, None where
    they are not.
    period: how long the app may come back on its own, one of tokens.PERIODS.
    """

    account: UUID
    person: UUID
    scopes: tuple[str, ...]
    guardian: UUID | None = None
    categories: tuple[str, ...] | None = None
    offline: bool = False
    identity: bool = False
    period: str = "month"


class Asking:
    """The authorization endpoint (RFC 6749 3.1) and the page behind it."""

    def __init__(self, store: Store, clock: Clock, box: Box, place: Place) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._place = place

    def begin(self, posted: Posted, request: str) -> str | Reply:
        """The word under which the question waits; or what is wrong, told to the app where its address is known."""
        with self._store.begin(signing_in(request)) as uow:
            server, asked = self._server(uow, posted, request)
            try:
                self._checked(server, asked, posted)
            except OAuth2Error as error:
                return server.handle_error_response(asked, error)
            word, now = secrets.token_urlsafe(32), self._clock.now()
            sealed = self._box.seal(msgspec.json.encode(_Kept(list(posted.pairs))), _BOX)
            uow.smart.ask(
                SmartAsked(asked_hash=tokens.kept(word), sealed=sealed, expires_at=now + tokens.ASKING)
            )
            uow.commit()
        return word

    def shown(self, word: str, request: str) -> Shown:
        """What the app asks for. Raises NotFound when the question is over, or the app."""
        with self._store.begin(signing_in(request)) as uow:
            posted = self._asked(uow, word)
            server, asked = self._server(uow, posted, request)
            shown = self._shown(server, asked, posted)
            uow.commit()
        return shown

    def deny(self, word: str, request: str) -> str:
        """Where the browser goes with a no. Raises NotFound."""
        with self._store.begin(signing_in(request)) as uow:
            posted = self._answered(uow, word)
            server, asked = self._server(uow, posted, request)
            self._shown(server, asked, posted)
            no = AccessDeniedError(redirect_uri=posted.get("redirect_uri"))
            reply = server.handle_error_response(asked, no)
            uow.audit.add("connect", "app", outcome="refused", reason="denied")
            uow.commit()
        return dict(reply.headers)["Location"]

    def allow(self, word: str, decided: Decided, request: str) -> str:
        """Where the browser goes with the code. Raises NotFound, and Invalid (field scope) when nothing stays."""
        with self._store.begin(signing_in(request)) as uow:
            posted = self._answered(uow, word)
            server, asked = self._server(uow, posted, request)
            shown = self._shown(server, asked, posted)
            grant = self._grant(shown, decided)
            uow.smart.let(grant)
            server.desk.decided = standing(uow, grant, server.desk.now, request)
            if server.desk.decided is None:
                raise NotFound("no such person")
            found = server.get_consent_grant(asked, decided.account)
            reply: Reply = server.create_authorization_response(asked, decided.account, grant=found)
            who = server.desk.decided
            uow.switch(
                Access("resident", who.decided.subject, who.recipient, who.purpose, request, grant.person_id)
            )
            uow.audit.add("connect", "app", grant.person_id)
            uow.commit()
        location = dict(reply.headers)["Location"]
        return str(add_params_to_uri(location, [("iss", self._place.issuer)]))

    def _grant(self, shown: Shown, decided: Decided) -> SmartGrant:
        now = self._clock.now()
        kept: Sequence[Scope] = [one for one in shown.scopes if str(one) in decided.scopes]
        if decided.guardian is not None:
            kept = [both for one in kept if (both := scopes.meet(one, _reading(one))) is not None]
        if decided.categories is not None:
            kept = scopes.limited(kept, decided.categories)
        if not kept:
            raise Invalid("choose at least one", field="scope")
        left = {
            scopes.OPENID: decided.identity,
            scopes.FHIR_USER: decided.identity,
            scopes.OFFLINE: decided.offline,
            scopes.ONLINE: not (shown.offline and decided.offline),
        }
        words = [word for word in shown.words if left.get(word, True)]
        return SmartGrant(
            person_id=decided.person,
            grant_id=new_id(),
            guardian_id=decided.guardian,
            account_id=decided.account,
            client_id=shown.client,
            scope=" ".join([*words, *map(str, kept)]),
            granted_at=now,
            ends_at=now + _life(words, decided.period),
        )

    def _server(self, uow: UnitOfWork, posted: Posted, request: str) -> tuple[Server, Request]:
        now: datetime = self._clock.now()
        server = opened(Desk(uow, now, self._place, request))
        return server, Request(posted, self._place, "authorize")

    def _checked(self, server: Server, asked: Request, posted: Posted) -> None:
        """Raises OAuth2Error; with the app's address where that is known to be its own."""
        long = sum(len(value) for _name, value in posted.pairs) > _LONGEST
        plain = all(_PLAIN.fullmatch(value) for name, value in posted.pairs if name != "state")
        if posted.repeated or long or not plain or len(posted.get("state")) > _LONGEST_STATE:
            raise InvalidRequestError
        server.get_consent_grant(asked)

    def _shown(self, server: Server, asked: Request, posted: Posted) -> Shown:
        try:
            self._checked(server, asked, posted)
        except OAuth2Error as error:
            raise NotFound("the question is over") from error
        wanted, words = scopes.split(str(asked.scope))
        uri = posted.get("redirect_uri")
        return Shown(
            asked.client.client_id,
            asked.client.row.name,
            asked.client.row.responsible,
            tuple(wanted),
            tuple(words),
            origin_of(uri) or f"{urlsplit(uri).scheme}:",
        )

    def _asked(self, uow: UnitOfWork, word: str) -> Posted:
        sealed = uow.smart.asked(tokens.kept(word), self._clock.now())
        if sealed is None:
            raise NotFound("the question is over")
        kept = msgspec.json.decode(self._box.open(sealed, _BOX), type=_Kept)
        return Posted(tuple(kept.pairs))

    def _answered(self, uow: UnitOfWork, word: str) -> Posted:
        """The question, which is answered once."""
        posted = self._asked(uow, word)
        if not uow.smart.answered(tokens.kept(word)):
            raise NotFound("the question is over")
        return posted


def _reading(one: Scope) -> Scope:
    return Scope(one.level, scopes.ANY, scopes.READING)


def _life(words: Sequence[str], period: str) -> timedelta:
    if scopes.OFFLINE in words:
        return _period(period)
    return tokens.ONLINE if scopes.ONLINE in words else _NO_COMING_BACK


def _period(name: str) -> timedelta:
    found = tokens.PERIODS.get(name)
    if found is None:
        raise Invalid("not a period that is offered", field="period")
    return found
