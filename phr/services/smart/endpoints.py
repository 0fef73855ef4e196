"""The endpoints that apps call themselves: tokens, questions about tokens (RFC 7662) and their end (RFC 7009)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from phr.clock import Clock
from phr.domain.smart import scopes, tokens
from phr.domain.smart.assertions import BadAssertion, claimed
from phr.errors import Refused
from phr.services.smart.callers import Active, active
from phr.services.smart.grants import opened
from phr.services.smart.keys import SigningKeys
from phr.services.smart.protocol import (
    KINDS,
    Client,
    Desk,
    InvalidRequestError,
    OAuth2Error,
    Request,
    Server,
)
from phr.services.smart.words import Place, Posted, Reply, signing_in
from phr.store.uow import Store, UnitOfWork

_HEADERS: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_INACTIVE: Final = Reply(200, {"active": False}, _HEADERS)
_BEARER: Final = "Bearer "


class Published(Protocol):
    """Reads the keys that apps publish."""

    def get(self, address: str, kid: str) -> list[dict[str, Any]]:
        """The keys under an address. Raises Refused."""
        ...


@dataclass(frozen=True, slots=True)
class _Asserted:
    client: str = ""
    keys: Sequence[Mapping[str, Any]] = ()


class Endpoints:
    """Answers apps. Each answer is one transaction, which also keeps what a refused attempt ended."""

    def __init__(
        self, store: Store, clock: Clock, place: Place, published: Published, signing: SigningKeys
    ) -> None:
        self._store = store
        self._clock = clock
        self._place = place
        self._published = published
        self._signing = signing

    def token(self, posted: Posted, request: str) -> Reply:
        """Tokens for a code, a refresh token or an assertion (RFC 6749 3.2)."""
        asserted = self._asserted(posted, request)
        signer = self._signing.ready(request) if posted.get("grant_type") == "authorization_code" else None
        with self._store.begin(signing_in(request)) as uow:
            desk = self._desk(uow, request, asserted, self._place.token)
            if signer is not None:
                desk.id_token = lambda code, who: self._signing.id_token(signer, code, who, desk.now)
            server, asked = opened(desk), Request(posted, self._place, "token")
            if posted.repeated or not posted.get("grant_type") or _lacks_scope(posted):
                reply = server.handle_error_response(asked, InvalidRequestError())
            else:
                reply = server.create_token_response(asked)
            uow.commit()
        return reply

    def revoke(self, posted: Posted, request: str) -> Reply:
        """Ends a token at once; one that is unknown, over, or another app's is answered in the same way."""
        asserted = self._asserted(posted, request)
        with self._store.begin(signing_in(request)) as uow:
            desk = self._desk(uow, request, asserted, self._place.at("revoke"))
            server, asked = opened(desk), Request(posted, self._place, "revoke")
            try:
                client = self._authenticated(server, asked, posted, "revocation")
                self._end(uow, posted.get("token"), client, desk)
                reply = Reply(200, {}, _HEADERS)
            except OAuth2Error as error:
                reply = server.handle_error_response(asked, error)
            uow.commit()
        return reply

    def introspect(self, posted: Posted, request: str) -> Reply:
        """What a token is, for its own app, and for whoever was registered to ask about any."""
        asserted = self._asserted(posted, request)
        with self._store.begin(signing_in(request)) as uow:
            desk = self._desk(uow, request, asserted, self._place.at("introspect"))
            server, asked = opened(desk), Request(posted, self._place, "introspect")
            try:
                reply = self._introspected(uow, server, asked, posted, desk)
            except OAuth2Error as error:
                reply = server.handle_error_response(asked, error)
            uow.commit()
        return reply

    def _introspected(
        self, uow: UnitOfWork, server: Server, asked: Request, posted: Posted, desk: Desk
    ) -> Reply:
        if posted.authorization.startswith(_BEARER):
            caller = active(uow, posted.authorization.removeprefix(_BEARER), desk.now, desk.request)
            if caller is None:
                return Reply(401, {"error": "invalid_token"}, (*_HEADERS, _challenge("invalid_token")))
            if scopes.INTROSPECT not in caller.token.scope.split():
                refused = _challenge("insufficient_scope")
                return Reply(403, {"error": "insufficient_scope"}, (*_HEADERS, refused))
            mine = None
        else:
            client = self._authenticated(server, asked, posted, "introspection")
            mine = None if scopes.INTROSPECT in client.row.scope.split() else client.client_id
        secret = posted.get("token")
        kind = "refresh" if secret.startswith(tokens.PREFIX["refresh"]) else "access"
        found = active(uow, secret, desk.now, desk.request, kind)
        if found is None or (mine is not None and found.client.client_id != mine):
            return _INACTIVE
        return Reply(200, self._described(found), _HEADERS)

    def _described(self, found: Active) -> dict[str, object]:
        said: dict[str, object] = {
            "active": True,
            "scope": found.token.scope,
            "client_id": found.client.client_id,
            "token_type": "Bearer" if found.token.kind == "access" else "refresh_token",
            "iat": int(found.token.issued_at.timestamp()),
            "exp": int(found.token.expires_at.timestamp()),
            "aud": self._place.fhir,
        }
        if found.who is not None:
            said["patient"] = found.who.patient
            granted = found.token.scope.split()
            if scopes.OPENID in granted:
                said["iss"] = self._place.issuer
                account = str(found.who.decided.account_id)
                said["sub"] = self._signing.subject(found.client.client_id, account)
            if scopes.FHIR_USER in granted:
                said["fhirUser"] = f"{self._place.fhir}/Patient/{found.who.decided.subject}"
        return said

    def _authenticated(self, server: Server, asked: Request, posted: Posted, endpoint: str) -> Client:
        """The app that calls; what it calls about is there, once. Raises OAuth2Error."""
        found = server.authenticated(asked, endpoint, list(dict.fromkeys(reversed(KINDS.values()))))
        if posted.repeated or not posted.get("token"):
            raise InvalidRequestError
        return found

    def _end(self, uow: UnitOfWork, secret: str, client: Client, desk: Desk) -> None:
        row = uow.smart.token(tokens.kept(secret))
        if row is None or row.client_id != client.client_id:
            return
        if row.kind == "access":
            uow.smart.revoke(row.token_hash, desk.now)
        elif row.person_id is not None and row.grant_id is not None:
            uow.smart.end(row.person_id, row.grant_id, desk.now, "app")
            uow.audit.add("revoke", "app", row.person_id, reason="app")

    def _desk(self, uow: UnitOfWork, request: str, asserted: _Asserted, audience: str) -> Desk:
        now = self._clock.now()
        return Desk(uow, now, self._place, request, asserted.client, asserted.keys, audience)

    def _asserted(self, posted: Posted, request: str) -> _Asserted:
        """The app that an assertion names, with its keys; read before the transaction, which waits for nobody."""
        word = posted.get("client_assertion")
        if not word:
            return _Asserted()
        try:
            said = claimed(word)
        except BadAssertion:
            return _Asserted()
        with self._store.begin(signing_in(request)) as uow:
            row = uow.smart.client(said.client)
            uow.commit()
        if row is None or row.disabled or row.kind != "asymmetric" or said.jku not in {"", row.jwks_url}:
            return _Asserted()
        if not row.jwks_url:
            return _Asserted(row.client_id, row.jwks["keys"])
        try:
            return _Asserted(row.client_id, self._published.get(row.jwks_url, said.kid))
        except Refused:
            return _Asserted()


def _lacks_scope(posted: Posted) -> bool:
    return posted.get("grant_type") == "client_credentials" and not posted.get("scope").strip()


def _challenge(error: str) -> tuple[str, str]:
    return "WWW-Authenticate", f'Bearer realm="phr", error="{error}"'
