"""Registering apps: by the city's operator, one by one; a secret is shown once and kept as a hash."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from phr.clock import Clock
from phr.domain.access import CONSENT_PURPOSES, Access
from phr.domain.smart import scopes, tokens
from phr.domain.smart.assertions import registered
from phr.errors import Conflict, Invalid, NotFound
from phr.services.smart.words import signing_in
from phr.store.tables import SmartClient
from phr.store.uow import Store

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")
_RECIPIENT: Final = re.compile(r"Organization/[A-Za-z0-9.-]{1,64}")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9-]+)+")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
BACKEND_PURPOSES: Final = CONSENT_PURPOSES - {"self", "family", "research-deidentified"}
"""Why a program may read: never as a person, and never for research that gets released files only."""
_WRITES_ANYHOW: Final = frozenset({"Group", "Subscription"})


@dataclass(frozen=True, slots=True)
class New:
    """An app to register. jwks: its public keys, or jwks_url where it publishes them."""

    client_id: str
    name: str
    kind: str
    scope: str
    responsible: str
    backend: bool = False
    redirect_uris: tuple[str, ...] = ()
    jwks: Any = None
    jwks_url: str = ""
    recipient: str = ""
    purpose: str = ""
    launch_url: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """An app as the operator sees it; people: how many let it do something now."""

    client: SmartClient = field(repr=False)
    people: int


class Clients:
    """Adds, lists, changes and disables apps."""

    def __init__(
        self, store: Store, clock: Clock, recipient: str, public_address: Callable[[str], str]
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._public_address = public_address

    def add(self, new: New, request: str) -> str:
        """Registers an app; gives its secret where it has one. Raises Invalid naming the field, Conflict."""
        self._check(new)
        secret = secrets.token_urlsafe(32) if new.kind == "symmetric" else ""
        now = self._clock.now()
        row = SmartClient(
            client_id=new.client_id,
            name=new.name,
            kind=new.kind,
            backend=new.backend,
            redirect_uris=list(new.redirect_uris),
            scope=new.scope,
            secret_hash=tokens.kept(secret) if secret else "",
            jwks=None if new.jwks is None else {"keys": registered(new.jwks)},
            jwks_url=new.jwks_url,
            recipient=new.recipient,
            purpose=new.purpose,
            launch_url=new.launch_url,
            responsible=new.responsible,
            created_at=now,
            changed_at=now,
        )
        with self._store.begin(signing_in(request)) as uow:
            if not uow.smart.add_client(row):
                raise Conflict("there is a client of this id")
            uow.audit.add("register", "app")
            uow.commit()
        return secret

    def rotate(self, client: str, request: str, *, jwks: Any = None) -> str:
        """A new secret, or new keys; the old ones end now. Raises NotFound, Invalid."""
        with self._store.begin(signing_in(request)) as uow:
            row = uow.smart.client(client)
            if row is None:
                raise NotFound("no such client")
            secret, now = "", self._clock.now()
            if row.kind == "symmetric":
                secret = secrets.token_urlsafe(32)
                uow.smart.change_client(client, secret_hash=tokens.kept(secret), changed_at=now)
            elif row.kind == "asymmetric" and not row.jwks_url and jwks is not None:
                uow.smart.change_client(client, jwks={"keys": registered(jwks)}, changed_at=now)
            else:
                raise Invalid("has no secret of ours; an app with keys brings new ones", field="client")
            uow.audit.add("correct", "app")
            uow.commit()
        return secret

    def disable(self, client: str, request: str, *, disabled: bool = True) -> None:
        """Turns an app away from its next request on, or lets it in again. Raises NotFound."""
        with self._store.begin(signing_in(request)) as uow:
            if not uow.smart.change_client(client, disabled=disabled, changed_at=self._clock.now()):
                raise NotFound("no such client")
            uow.audit.add("correct", "app", reason="disabled" if disabled else "enabled")
            uow.commit()

    def listed(self, actor: str, request: str, *, role: str = "system") -> list[Listed]:
        """Every app, with how many people use it, for those who run the service."""
        with self._store.begin(Access(role, actor, self._recipient, "operate", request)) as uow:
            rows, users = uow.smart.clients(), uow.smart.users(self._clock.now())
            uow.audit.add("list", "app", count=len(rows))
            uow.commit()
        return [Listed(row, users.get(row.client_id, 0)) for row in rows]

    def origins(self, request: str) -> frozenset[str]:
        """Where the pages of apps come from, which a browser lets call us."""
        with self._store.begin(signing_in(request)) as uow:
            rows = [row for row in uow.smart.clients() if not row.disabled]
            uow.commit()
        return frozenset(origin for row in rows for uri in row.redirect_uris if (origin := origin_of(uri)))

    def _check(self, new: New) -> None:
        if _ID.fullmatch(new.client_id) is None:
            raise Invalid("3 to 64 small letters, digits and hyphens", field="client")
        if new.kind not in {"public", "symmetric", "asymmetric"}:
            raise Invalid("public, symmetric or asymmetric", field="kind")
        for name, text in (("name", new.name), ("responsible", new.responsible)):
            if not 0 < len(text.strip()) <= 100 or not text.isprintable():
                raise Invalid("needs 1 to 100 signs", field=name)
        if (new.kind == "asymmetric") != ((new.jwks is not None) != bool(new.jwks_url)):
            raise Invalid(
                "an asymmetric client has keys or the address of keys, and no other has", field="jwks"
            )
        if new.jwks_url:
            self._public_address(new.jwks_url)
        if new.launch_url and urlsplit(new.launch_url).scheme != "https" and not _on_loopback(new.launch_url):
            raise Invalid("must be https", field="launch_url")
        if new.backend:
            _check_backend(new)
        else:
            _check_app(new)


def _check_backend(new: New) -> None:
    if new.kind != "asymmetric" or new.redirect_uris or new.launch_url:
        raise Invalid("a backend service is asymmetric and has no page", field="kind")
    if _RECIPIENT.fullmatch(new.recipient) is None:
        raise Invalid("the organisation that receives, as Organization/id", field="recipient")
    if new.purpose not in BACKEND_PURPOSES:
        raise Invalid("a purpose for which organisations receive", field="purpose")
    for one in _scopes(new, "system", {scopes.INTROSPECT}):
        may = "cu" if new.purpose == "collect" else scopes.LETTERS if one.kind in _WRITES_ANYHOW else "rs"
        if not set(one.actions) <= set(may):
            raise Invalid("collecting writes, every other purpose reads", field="scope")


def _check_app(new: New) -> None:
    if new.recipient or new.purpose:
        raise Invalid("only a backend service acts for an organisation", field="recipient")
    if not new.redirect_uris:
        raise Invalid("where the person comes back to", field="redirect_uri")
    for uri in new.redirect_uris:
        _check_redirect(uri, new.kind)
    _scopes(new, "patient", set(scopes.LAUNCH))


def _scopes(new: New, level: str, words: set[str]) -> Sequence[scopes.Scope]:
    found, other = scopes.split(new.scope)
    levels = {level, "user"} if level == "patient" else {level}
    if not found or not set(other) <= words or any(one.level not in levels for one in found):
        raise Invalid("patient/ and user/ scopes for an app, system/ scopes for a backend", field="scope")
    if not all(scopes.TABLE.enforceable(one) for one in found):
        raise Invalid("a type or a search parameter that cannot be enforced", field="scope")
    return found


def _check_redirect(uri: str, kind: str) -> None:
    """An address exactly as it will be sent: https, an app's own scheme, or loopback (RFC 8252 7)."""
    wrong = Invalid("https, or for a public client its own scheme or http://127.0.0.1", field="redirect_uri")
    try:
        parts = urlsplit(uri)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not uri.isascii() or not uri.isprintable() or set(uri) & set(" \"'<>\\^`{|};,*") or len(uri) > 500:
        raise wrong
    if parts.fragment or uri.endswith("#") or "@" in parts.netloc or "/../" in f"{parts.path}/":
        raise wrong
    if parts.scheme == "https" and host:
        return
    if kind == "public" and (_on_loopback(uri) or (_SCHEME.fullmatch(parts.scheme) and not parts.netloc)):
        return
    raise wrong


def _on_loopback(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def origin_of(uri: str) -> str:
    """The origin of a page, as a browser names it; empty for an app's own scheme.

    >>> origin_of("https://app.example/back"), origin_of("jp.example.app:/back")
    ('https://app.example', '')
    """
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.lower()}" if parts.scheme in {"http", "https"} else ""
