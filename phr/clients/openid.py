"""The city's common ID as an OpenID provider: discovery, the way there and back, and an ID token that is checked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from authlib.common.security import generate_token
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from phr.clock import Clock
from phr.config import Settings
from phr.errors import Busy, Refused

_T = TypeVar("_T")
CALLBACK: Final = "/sign-in/openid/back"
_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_LARGEST: Final = 1 << 18
_ALGORITHMS: Final = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]
"""Signatures with a public key: never none, and never a secret that we hold ourselves."""
_FRESH: Final = timedelta(hours=1)
_LEEWAY: Final = 60
_LONGEST_SUB: Final = 255  # OpenID Connect Core 2
_STRONG: Final = frozenset({"mfa", "hwk", "sc"})
"""Authentication methods (RFC 8176) that count as two factors: several, a key in hardware, a smart card."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to send the person, and what to keep until they come back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who came back: the provider and its word for them. ``strong`` when it says that it asked for two factors."""

    issuer: str
    sub: str = field(repr=False)
    strong: bool


class _Metadata(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class OpenId:
    """One provider. Its answers are trusted after they were checked (OpenID Connect Core 3.1.3.7), and not before."""

    def __init__(self, settings: Settings, clock: Clock, http: httpx.Client | None = None) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret.get_secret_value()
        self._back = settings.base_url + CALLBACK
        self._clock = clock
        self._http = http or httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)
        self._lock = threading.Lock()
        self._metadata: _Metadata | None = None
        self._keys: tuple[KeySet, datetime] | None = None

    @property
    def ready(self) -> bool:
        """Whether a provider is set up."""
        return bool(self._issuer and self._client_id)

    def close(self) -> None:
        """Gives its connections back."""
        self._http.close()

    def ask(self) -> Asked:
        """Begins the code flow with PKCE (RFC 7636), state and nonce."""
        if not self.ready:
            raise Refused("no OpenID provider is set up")
        nonce, verifier, state = generate_token(32), generate_token(64), generate_token(48)
        url, state = self._client().create_authorization_url(
            self._place().authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
        return Asked(url, state, nonce, verifier)

    def identity(self, code: str, nonce: str, verifier: str) -> Identity:
        """Who came back with this code. Raises Refused, or Busy when the provider does not answer."""
        try:
            token = self._client().fetch_token(
                self._place().token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
            )
        except httpx.HTTPError as error:
            raise Busy("the OpenID provider does not answer") from error
        except (OAuth2Error, ValueError, TypeError) as error:
            raise Refused("the OpenID provider did not accept the code") from error
        found = token.get("id_token") if isinstance(token, dict) else None
        if not isinstance(found, str) or len(found) > _LARGEST:
            raise Refused("the OpenID provider gave no ID token")
        return self._checked(found, nonce)

    def _client(self) -> Any:
        return OAuth2Client(
            _Bounded(self._http),
            client_id=self._client_id,
            client_secret=self._client_secret or None,
            token_endpoint_auth_method="client_secret_basic" if self._client_secret else "none",
            scope="openid",
            redirect_uri=self._back,
            code_challenge_method="S256",
        )

    def _checked(self, token: str, nonce: str) -> Identity:
        try:
            claims = self._decoded(token)
            JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=_LEEWAY,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Refused("the ID token does not hold") from error
        party = claims.get("azp", self._client_id)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        sub = claims["sub"]
        if party != self._client_id or (several and "azp" not in claims):
            raise Refused("the ID token is for somebody else")
        if not isinstance(sub, str) or not 0 < len(sub) <= _LONGEST_SUB:
            raise Refused("the ID token names nobody")
        methods = claims.get("amr")
        return Identity(
            self._issuer, sub, isinstance(methods, list) and bool(_STRONG & {str(one) for one in methods})
        )

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims, checked with the published keys; keys that changed are read again, once."""
        try:
            return dict(jwt.decode(token, self._published(), algorithms=_ALGORITHMS).claims)
        except (JoseError, ValueError):
            return dict(jwt.decode(token, self._published(anew=True), algorithms=_ALGORITHMS).claims)

    def _published(self, *, anew: bool = False) -> KeySet:
        now = self._clock.now()
        with self._lock:
            if self._keys is not None:
                age = now - self._keys[1]
                if age < (timedelta(seconds=30) if anew else _FRESH):
                    return self._keys[0]
        keys = KeySet.import_key_set(self._fetched(self._place().jwks_uri, dict[str, Any]))  # type: ignore[arg-type]
        with self._lock:
            self._keys = (keys, now)
        return keys

    def _place(self) -> _Metadata:
        """The provider's own description, read once. The issuer that it names must be the one that settings name."""
        if self._metadata is None:
            found = self._fetched(self._issuer.rstrip("/") + "/.well-known/openid-configuration", _Metadata)
            if found.issuer != self._issuer:
                raise Refused("the OpenID provider says that it is another one")
            for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                _safe(address)
            self._metadata = found
        return self._metadata

    def _fetched(self, address: str, shape: type[_T]) -> _T:
        _safe(address)
        try:
            with self._http.stream("GET", address, headers={"Accept": "application/json"}) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise Busy("the OpenID provider does not answer")
                return msgspec.json.decode(_read(answer), type=shape)
        except httpx.HTTPError as error:
            raise Busy("the OpenID provider does not answer") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise Refused("the OpenID provider's description cannot be read") from error


class _Bounded:
    """What Authlib sends with: the given client, and no answer without an end."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def post(self, url: str, *, data: dict[str, str], headers: dict[str, str], auth: Any) -> httpx.Response:
        """Sends a form, authenticated as the client of this service."""
        form = str(httpx.QueryParams(data))
        address, sent, body = auth.prepare("POST", url, dict(headers), form)
        with self._http.stream("POST", address, content=body, headers=sent) as answer:
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise Busy("the OpenID provider does not answer")
            return httpx.Response(answer.status_code, content=_read(answer), request=answer.request)


def _read(answer: httpx.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > _LARGEST:
            raise ValueError("too large an answer")
    return body


def _safe(address: str) -> None:
    """Secrets go over closed lines only."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise Refused("the OpenID provider must be reached over https")
