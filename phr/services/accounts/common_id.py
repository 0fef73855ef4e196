"""Signing in with the city's common ID: begun in one browser, finished there, and tied to an account once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from phr.clients.openid import OpenId
from phr.clock import Clock
from phr.domain.sealing import Box
from phr.errors import Conflict, Refused
from phr.services.accounts.words import mark_of, signing_in
from phr.store.tables import Account
from phr.store.uow import Store

_LIFE: Final = timedelta(minutes=10)
_THERE: Final = "openid"
_TIE: Final = "openid-tie"


class _Kept(msgspec.Struct):
    state: str
    nonce: str
    verifier: str
    after: str


class _Who(msgspec.Struct):
    issuer: str
    sub: str


@dataclass(frozen=True, slots=True)
class Found:
    """An account that the common ID speaks for, and the page that the person wanted."""

    account: Account
    strong: bool
    after: str


@dataclass(frozen=True, slots=True)
class Unbound:
    """The common ID is real and not tied to an account yet: the word lets a one-time link tie it."""

    word: str = field(repr=False)
    after: str = ""


class CommonId:
    """Signs in with one OpenID provider."""

    def __init__(self, store: Store, clock: Clock, box: Box, provider: OpenId) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._provider = provider

    @property
    def ready(self) -> bool:
        """Whether a provider is set up."""
        return self._provider.ready

    def close(self) -> None:
        """Gives connections to the provider back."""
        self._provider.close()

    def begin(self, after: str, request: str) -> tuple[str, str]:
        """Where to send the person, and the word that their browser keeps."""
        asked = self._provider.ask()
        kept = msgspec.json.encode(_Kept(asked.state, asked.nonce, asked.verifier, after))
        return asked.url, self._keep(_THERE, kept, request)

    def finish(self, word: str, state: str, code: str, request: str) -> Found | Unbound:
        """Who came back. Raises Refused when this browser did not begin it, or the provider's answer does not hold."""
        found = self._taken(_THERE, word, request)
        if found is None:
            raise Refused("this browser did not begin the sign-in, or it is over")
        kept = msgspec.json.decode(found, type=_Kept)
        if not secrets.compare_digest(kept.state.encode(), state.encode()):
            raise Refused("this browser did not begin the sign-in, or it is over")
        who = self._provider.identity(code, kept.nonce, kept.verifier)
        with self._store.begin(signing_in(request)) as uow:
            known = uow.signin.account_of(who.issuer, who.sub)
            account = None if known is None else uow.accounts.get(known)
            uow.commit()
        if account is not None and account.disabled:
            raise Refused("the account is disabled")
        if account is not None:
            return Found(account, who.strong, kept.after)
        return Unbound(self._keep(_TIE, msgspec.json.encode(_Who(who.issuer, who.sub)), request), kept.after)

    def tie(self, word: str, account: UUID, request: str) -> None:
        """Ties the identity that waits under a word to an account that just proved itself. Raises Conflict."""
        found = self._taken(_TIE, word, request)
        if found is None:
            return
        who = msgspec.json.decode(found, type=_Who)
        with self._store.begin(signing_in(request)) as uow:
            if not uow.signin.bind(who.issuer, who.sub, account, self._clock.now()):
                raise Conflict("the account is tied to another common ID")
            uow.audit.add("identity", "bound")
            uow.commit()

    def sweep(self, request: str) -> int:
        """Forgets attempts that nobody came back for."""
        with self._store.begin(signing_in(request)) as uow:
            gone = uow.signin.sweep(self._clock.now())
            uow.commit()
        return gone

    def _keep(self, kind: str, plain: bytes, request: str) -> str:
        word = secrets.token_urlsafe(32)
        with self._store.begin(signing_in(request)) as uow:
            uow.signin.begin(mark_of(word), kind, self._box.seal(plain, kind), self._clock.now() + _LIFE)
            uow.commit()
        return word

    def _taken(self, kind: str, word: str, request: str) -> bytes | None:
        with self._store.begin(signing_in(request)) as uow:
            sealed = uow.signin.take(mark_of(word), kind, self._clock.now())
            uow.commit()
        return None if sealed is None else self._box.open(sealed, kind)
