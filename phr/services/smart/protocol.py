"""OAuth 2.0 as Authlib has it, over our store: apps, how they prove who they are, what is issued, and how errors look.

This and the grants beside it are the only modules that know Authlib's server side.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion

from phr.domain.smart import scopes, tokens
from phr.domain.smart.assertions import BadAssertion, proved
from phr.errors import Invalid
from phr.services.smart.standing import Standing
from phr.services.smart.words import Place, Posted, Reply
from phr.store.tables import SmartAssertion, SmartClient, SmartToken
from phr.store.uow import UnitOfWork

__all__ = [
    "KINDS",
    "AccessDeniedError",
    "Client",
    "Desk",
    "InvalidRequestError",
    "OAuth2Error",
    "Request",
    "Server",
    "add_params_to_uri",
]
logging.getLogger("authlib").setLevel(logging.INFO)  # at DEBUG it writes tokens into the log
_JSON: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_BASIC: Final = ("WWW-Authenticate", 'Basic realm="phr"')
_TEXTS: Final = {
    "invalid_request": "the request lacks something, repeats something, or holds what it may not",
    "invalid_client": "the client could not be authenticated",
    "invalid_grant": "the code or token is unknown, over, used, or not for this client",
    "invalid_scope": "none of these scopes can be granted, or one is malformed",
    "unauthorized_client": "this client may not use this grant",
    "unsupported_grant_type": "authorization_code, refresh_token and client_credentials are supported",
    "unsupported_response_type": "code is the only response type",
    "access_denied": "the person did not agree",
}
"""What is said of each error: one sentence that repeats nothing of what was sent."""
KINDS: Final = {
    "public": "none",
    "symmetric": "client_secret_basic",
    "asymmetric": "private_key_jwt",
}


@dataclass(slots=True)
class Desk:
    """One request: its transaction, its time, and what was found out before the transaction began.

    asserted: the app that an assertion names, with its keys and the address that it must be for; decided: what a person agreed to, when a code is made.
    """

    uow: UnitOfWork
    now: datetime
    place: Place
    request: str
    asserted: str = ""
    keys: Sequence[Mapping[str, Any]] = ()
    audience: str = ""
    decided: Standing | None = None
    id_token: Callable[[SmartToken, Standing], str] | None = None


class Client:
    """A registered app, as Authlib asks for it."""

    def __init__(self, row: SmartClient) -> None:
        self.row = row
        self.client_id = row.client_id

    def check_redirect_uri(self, uri: str) -> bool:
        """Whether an address is registered, sign by sign; on loopback the port is the app's own (RFC 8252 7.3)."""
        return uri in self.row.redirect_uris or any(_loopback(one, uri) for one in self.row.redirect_uris)

    def get_default_redirect_uri(self) -> None:
        """None: the address is always named."""

    def get_allowed_scope(self, scope: str) -> str | None:
        """What the app may be given of what it asks for."""
        try:
            return scopes.narrowed(scope or "", self.row.scope, ("patient", "user")) or None
        except Invalid:
            return None

    def check_client_secret(self, secret: str) -> bool:
        """Whether a secret is the one that was given out."""
        kept = self.row.secret_hash
        return bool(kept) and secrets.compare_digest(kept, tokens.kept(secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Each kind of app has one way to prove who it is; a public one may not ask about tokens."""
        return KINDS[self.row.kind] == method and not (endpoint == "introspection" and method == "none")

    def check_response_type(self, response_type: str) -> bool:
        """Whether it may send a person to us."""
        return response_type == "code" and not self.row.backend

    def check_grant_type(self, grant: str) -> bool:
        """Whether it may use a grant."""
        if self.row.backend:
            return grant == "client_credentials"
        return grant in {"authorization_code", "refresh_token"}


def _loopback(registered: str, given: str) -> bool:
    try:
        known, said = urlsplit(registered), urlsplit(given)
        port = said.port
    except ValueError:
        return False
    host = known.hostname or ""
    if known.scheme != "http" or host not in {"127.0.0.1", "::1"} or port is None:
        return False
    shown = f"[{host}]" if ":" in host else host
    return given == f"http://{shown}:{port}{known.path}"


class Request(OAuth2Request):  # type: ignore[misc]  # authlib has no types
    """A request as Authlib reads it."""

    def __init__(self, posted: Posted, place: Place, path: str) -> None:
        super().__init__("POST", place.at(path), headers={"Authorization": posted.authorization})
        self._fields = dict(posted.pairs)
        self.payload = BasicOAuth2Payload(self._fields)

    @property
    def form(self) -> dict[str, str]:
        """The fields."""
        return self._fields

    @property
    def args(self) -> dict[str, str]:
        """Nothing is ever read from an address."""
        return {}


class Server(AuthorizationServer):  # type: ignore[misc]  # as above
    """The authorization server in one transaction."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.register_token_generator("default", self._made)
        self.register_client_auth_method("private_key_jwt", self._by_assertion)

    def query_client(self, client_id: str) -> Client | None:
        """A registered app that is not disabled."""
        row = self.desk.uow.smart.client(client_id)
        return None if row is None or row.disabled else Client(row)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Request) -> Request:
        """It is one already."""
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Reply:
        """Our own answer."""
        if isinstance(body, dict):
            return Reply(status, body, _JSON)
        return Reply(status, {}, tuple(headers))

    def handle_error_response(self, request: Request, error: OAuth2Error) -> Reply:
        """One sentence for each error; back to the app only where its address was checked."""
        text = _TEXTS.get(error.error, _TEXTS["invalid_request"])
        if error.redirect_uri:
            said = [("error", error.error), ("error_description", text), ("iss", self.desk.place.issuer)]
            state = request.payload.state
            more = [("state", state)] if state else []
            return Reply(303, {}, (("Location", add_params_to_uri(error.redirect_uri, said + more)),))
        body: dict[str, object] = {"error": error.error, "error_description": text}
        if error.error == "invalid_client":
            tried = request.headers.get("Authorization", "")
            return Reply(401, body, (*_JSON, _BASIC) if tried else _JSON)
        return Reply(400, body, _JSON)

    def authenticated(self, request: Request, endpoint: str, methods: Sequence[str]) -> Client:
        """The app that proved who it is. Raises OAuth2Error."""
        if request.form.get("client_assertion") and request.headers.get("Authorization"):
            raise InvalidRequestError
        try:
            found: Client = super().authenticate_client(request, list(methods), endpoint)
        except ValueError as error:  # an Authorization header that is no text
            raise InvalidClientError from error
        named = request.form.get("client_id")
        if named and named != found.client_id:
            raise InvalidClientError
        return found

    def authenticate_client(self, request: Request, methods: list[str], endpoint: str = "token") -> Client:
        """As above, where Authlib's grants ask."""
        return self.authenticated(request, endpoint, methods)

    def _by_assertion(self, query_client: Callable[[str], Client | None], request: Request) -> Client | None:
        """The app whose key signed the assertion; each assertion counts once, wherever it arrives."""
        form, desk = request.form, self.desk
        word = form.get("client_assertion")
        if form.get("client_assertion_type") != JWTBearerClientAssertion.CLIENT_ASSERTION_TYPE or not word:
            return None
        client = query_client(desk.asserted)
        if client is None:
            raise InvalidClientError
        try:
            found = proved(word, client.client_id, desk.keys, desk.audience, desk.now)
        except BadAssertion as error:
            raise InvalidClientError from error
        row = SmartAssertion(
            client_id=client.client_id, jti_hash=tokens.kept(found.jti), expires_at=found.ends
        )
        if not desk.uow.smart.once(row):
            raise InvalidClientError
        return client

    def _made(
        self, *, scope: str, user: Standing | None, include_refresh_token: bool, **_: Any
    ) -> dict[str, Any]:
        life = tokens.BACKEND_LIFE if user is None else tokens.LIFE["access"]
        if user is not None:
            life = min(life, user.grant.ends_at - self.desk.now)
        made: dict[str, Any] = {
            "access_token": tokens.new("access"),
            "token_type": "Bearer",
            "expires_in": int(life.total_seconds()),
            "scope": scope,
        }
        if user is not None:
            made["patient"] = user.patient
            if include_refresh_token and {scopes.OFFLINE, scopes.ONLINE} & set(user.grant.scope.split()):
                made["refresh_token"] = tokens.new("refresh")
        return made

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """Keeps what was issued; a refresh token stands for the whole grant, however narrow the access token is."""
        user: Standing | None = request.user
        now = self.desk.now
        grant = None if user is None else user.grant
        ends = {"access": now + tokens.BACKEND_LIFE, "refresh": now}
        if grant is not None:
            ends = {kind: min(now + tokens.LIFE[kind], grant.ends_at) for kind in ("access", "refresh")}
        for kind, scope in (("access", token["scope"]), ("refresh", "" if grant is None else grant.scope)):
            if f"{kind}_token" in token:
                self.desk.uow.smart.issue(
                    SmartToken(
                        token_hash=tokens.kept(token[f"{kind}_token"]),
                        kind=kind,
                        client_id=request.client.client_id,
                        person_id=None if grant is None else grant.person_id,
                        grant_id=None if grant is None else grant.grant_id,
                        guardian_id=None if grant is None else grant.guardian_id,
                        scope=scope,
                        issued_at=now,
                        expires_at=ends[kind],
                    )
                )
        self.desk.uow.audit.add("issue", "app-token")
