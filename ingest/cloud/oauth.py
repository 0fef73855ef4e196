"""The person's authorisation at Google: asking for it, keeping it fresh, giving it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

import httpx
import msgspec
from authlib.common.security import generate_token
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from ingest.cloud.endpoints import Endpoints
from ingest.errors import BadPayload, IngestError, NeedsReauthorisation, Permanent, Transient

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_LARGEST_ANSWER: Final = 1 << 16
_LONGEST_TOKEN: Final = 8192
"""Google names 2,048 bytes for an access token today."""
_LEEWAY: Final = timedelta(minutes=2)
"""A token is renewed this long before its end: clocks differ, and a request takes a while."""
_VERIFIER: Final = 64
_OURS: Final = frozenset(
    {
        "invalid_client",
        "invalid_request",
        "invalid_scope",
        "redirect_uri_mismatch",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
"""Errors of our registration, which may be named; any other word is somebody else's."""


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the person, and what to keep until they come back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Google gave for one person. Its text never shows the tokens."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: frozenset[str]
    expires_at: datetime


class _Answer(msgspec.Struct):
    access_token: str = ""
    refresh_token: str = ""
    scope: str = ""
    token_type: str = ""
    expires_in: float = 0.0
    error: str = ""


_DECODE_ANSWER: Final = msgspec.json.Decoder(_Answer, strict=False)


def missing_scopes(asked: Iterable[str], granted: Iterable[str]) -> frozenset[str]:
    """The scopes that a person left out; Google lets them untick each."""
    return frozenset(asked) - frozenset(granted)


class _Session:
    """What Authlib sends with: the given client, bounded, and no answer that is not an OAuth answer."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def post(self, url: str, *, data: dict[str, str], headers: dict[str, str], auth: Any) -> httpx.Response:
        form = str(httpx.QueryParams(data))
        address, sent, body = auth.prepare("POST", url, dict(headers), form)
        try:
            with self._http.stream(
                "POST", address, content=body, headers=sent, timeout=_TIMEOUT, follow_redirects=False
            ) as answer:
                parts = bytearray()
                for part in answer.iter_bytes():
                    parts += part
                    if len(parts) > _LARGEST_ANSWER:
                        raise BadPayload("the answer is too large", field="token")
        except httpx.RequestError as error:
            raise Transient("authorisation: the cloud cannot be reached") from error
        if answer.status_code in {408, 429} or answer.status_code >= 500:
            raise Transient(f"authorisation: the cloud cannot answer now ({answer.status_code})")
        return httpx.Response(answer.status_code, content=bytes(parts), request=answer.request)


class GoogleOAuth:
    """The OAuth 2.0 client of this service: authorisation code with PKCE, and a secret.

    now: the time of day, with a zone.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        http: httpx.Client,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._http = http
        self._now = now

    def start(self, scopes: Iterable[str]) -> Started:
        """A new authorisation. Consent is asked for each time, because only then a refresh token comes."""
        verifier = generate_token(_VERIFIER)
        url, state = self._client().create_authorization_url(
            self._endpoints.authorize,
            code_verifier=verifier,
            scope=" ".join(sorted(scopes)),
            access_type="offline",
            prompt="consent",
            include_granted_scopes="true",
        )
        return Started(url, state, verifier)

    def finish(self, code: str, *, code_verifier: str) -> Tokens:
        """Exchanges the code that the person came back with. A code counts once.

        Raises: NeedsReauthorisation, Permanent, Transient, BadPayload.
        """
        answer = self._exchange(
            lambda client: client.fetch_token(
                self._endpoints.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
            )
        )
        if not answer.refresh_token:
            raise BadPayload("missing", field="token.refresh_token")
        if not answer.scope.strip():
            raise BadPayload("missing", field="token.scope")
        return self._tokens(answer, answer.refresh_token, frozenset(answer.scope.split()))

    def refresh(self, tokens: Tokens) -> Tokens:
        """A new access token. Google keeps the refresh token and does not repeat it; a new one would count.

        Raises: NeedsReauthorisation when the grant has ended; Permanent, Transient, BadPayload.
        """
        answer = self._exchange(
            lambda client: client.refresh_token(self._endpoints.token, refresh_token=tokens.refresh_token)
        )
        scope = frozenset(answer.scope.split()) or tokens.scope
        return self._tokens(answer, answer.refresh_token or tokens.refresh_token, scope)

    def revoke(self, tokens: Tokens) -> None:
        """Gives the grant back; one that has ended already is as good.

        Raises: Transient, when it must be tried again; Permanent.
        """
        client = self._client()
        answer = client.revoke_token(self._endpoints.revoke, token=tokens.refresh_token)
        if answer.status_code == 200:
            return
        if answer.status_code == 400 and _error_of(answer.content) in {"invalid_token", "invalid_grant"}:
            return
        raise Permanent(f"authorisation: the cloud refused to revoke ({answer.status_code})")

    def _client(self) -> Any:
        return OAuth2Client(
            _Session(self._http),
            client_id=self._client_id,
            client_secret=self._client_secret,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            revocation_endpoint_auth_method="none",
        )

    def _exchange(self, ask: Callable[[Any], Any]) -> _Answer:
        """What the token endpoint says, as this module's own structure or errors."""
        try:
            found = ask(self._client())
            return msgspec.convert(dict(found), _Answer, strict=False)
        except OAuth2Error as error:
            raise _refusal(str(error.error)) from None  # its text holds the answer's own words
        except httpx.HTTPStatusError as error:
            raise Permanent(f"authorisation: refused ({error.response.status_code})") from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise BadPayload("not an answer of a token endpoint", field="token") from error

    def _tokens(self, answer: _Answer, refresh_token: str, scope: frozenset[str]) -> Tokens:
        for name, token in (("access_token", answer.access_token), ("refresh_token", refresh_token)):
            plain = token.isascii() and token.isprintable() and " " not in token
            if not token or not plain or len(token) > _LONGEST_TOKEN:
                raise BadPayload("not a token", field=f"token.{name}")
        if answer.token_type.lower() != "bearer":
            raise BadPayload("not a bearer token", field="token.token_type")
        if not 0 < answer.expires_in < 10**9:
            raise BadPayload("not a time", field="token.expires_in")
        expires = self._now() + timedelta(seconds=answer.expires_in)
        return Tokens(answer.access_token, refresh_token, scope, expires)


def _error_of(body: bytes) -> str:
    try:
        return _DECODE_ANSWER.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _refusal(word: str) -> IngestError:
    """What an error of the token endpoint asks of us."""
    if word == "invalid_grant":
        return NeedsReauthorisation("authorisation: the grant has ended")
    if word in {"temporarily_unavailable", "server_error", "slow_down"}:
        return Transient("authorisation: the cloud cannot answer now")
    known = f" ({word})" if word in _OURS else ""
    return Permanent(f"authorisation: refused{known}")


class Authoriser:
    """Gives access tokens to ``GoogleHealth``, and renews them, one renewal at a time.

    keep: stores renewed tokens, before they are used: a token that is lost would cost the connection.
    """

    def __init__(
        self,
        oauth: GoogleOAuth,
        tokens: Tokens,
        keep: Callable[[Tokens], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._oauth = oauth
        self._tokens = tokens
        self._keep = keep
        self._now = now
        self._given = False
        self._lock = Lock()

    def __call__(self) -> str:
        """The token that is kept, or a renewed one: near its end, or when the last one given was refused."""
        with self._lock:
            if self._given or self._tokens.expires_at - self._now() < _LEEWAY:
                self._tokens = self._oauth.refresh(self._tokens)
                self._keep(self._tokens)
            self._given = True
            return self._tokens.access_token
