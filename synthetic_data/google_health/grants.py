"""Grants, codes and tokens: who agreed to what, single-use codes with PKCE, and refresh tokens that are not rotated."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

ACCESS_SECONDS: Final = 3_599
CODE_SECONDS: Final = 600
TESTING_SECONDS: Final = 604_799
"""A refresh token of a consent screen in "Testing" dies after seven days."""


class OAuthRefusal(Exception):
    """An error answer of the token endpoint."""

    def __init__(self, error: str, description: str = "Bad Request", status: int = 400) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass(slots=True)
class Grant:
    """What one person agreed to; ``alive`` ends with revocation."""

    number: int
    scopes: tuple[str, ...]
    made: float
    alive: bool = True
    refresh_tokens: list[str] = field(default_factory=list)

    @property
    def scope(self) -> str:
        """As the token answer writes it."""
        return " ".join(self.scopes)


@dataclass(frozen=True, slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str | None
    offline: bool
    until: float


@dataclass(slots=True)
class Grants:
    """The authorisation server's memory."""

    client_id: str
    client_secret: str
    clock: Callable[[], float]
    testing: bool = True
    current: dict[int, Grant] = field(default_factory=dict)
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    _refresh: dict[str, Grant] = field(default_factory=dict)

    def agree(
        self,
        number: int,
        scopes: tuple[str, ...],
        redirect_uri: str,
        challenge: str | None,
        *,
        offline: bool,
        prompt: bool,
    ) -> str:
        """Records a consent; gives the code. A second consent brings a refresh token only with prompt=consent."""
        before = self.current.get(number)
        first = before is None or not before.alive
        grant = Grant(number, scopes, self.clock())
        if before is not None and before.alive:
            grant = before
            grant.scopes = tuple(dict.fromkeys((*scopes,)))
        self.current[number] = grant
        code = f"4/0A{secrets.token_urlsafe(40)}"
        self._codes[code] = _Code(
            grant, redirect_uri, challenge, offline and (first or prompt), self.clock() + CODE_SECONDS
        )
        return code

    def answer(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint."""
        known = form.get("client_id") == self.client_id
        if not (
            known and hmac.compare_digest(form.get("client_secret", "").encode(), self.client_secret.encode())
        ):
            raise OAuthRefusal("invalid_client", "Unauthorized", 401)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._exchange(form)
        if kind == "refresh_token":
            return self._renew(form.get("refresh_token", ""))
        raise OAuthRefusal("unsupported_grant_type", f"Invalid grant_type: {kind or ''}")

    def _exchange(self, form: dict[str, str]) -> dict[str, Any]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self.clock() >= code.until or not code.grant.alive:
            raise OAuthRefusal("invalid_grant")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefusal("redirect_uri_mismatch")
        if code.challenge is not None:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if not hmac.compare_digest(proof.encode(), code.challenge.encode()):
                text = "Invalid code verifier." if form.get("code_verifier") else "Missing code verifier."
                raise OAuthRefusal("invalid_grant", text)
        answer = self._token(code.grant)
        if code.offline:
            token = f"1//0{secrets.token_urlsafe(60)}"
            self._refresh[token] = code.grant
            code.grant.refresh_tokens.append(token)
            answer["refresh_token"] = token
        return answer

    def _renew(self, token: str) -> dict[str, Any]:
        """A refresh token is used again and again; the answer has no new one."""
        grant = self._refresh.get(token)
        expired = grant is not None and self.testing and self.clock() >= grant.made + TESTING_SECONDS
        if grant is None or not grant.alive or expired:
            raise OAuthRefusal("invalid_grant")
        return self._token(grant)

    def _token(self, grant: Grant) -> dict[str, Any]:
        token = f"ya29.{secrets.token_urlsafe(120)}"
        self._access[token] = (grant, self.clock() + ACCESS_SECONDS)
        answer: dict[str, Any] = {
            "access_token": token,
            "expires_in": ACCESS_SECONDS,
            "scope": grant.scope,
            "token_type": "Bearer",
        }
        if self.testing:
            answer["refresh_token_expires_in"] = max(0, int(grant.made + TESTING_SECONDS - self.clock()))
        return answer

    def bearer(self, token: str) -> Grant | None:
        """The living grant of an access token that has not expired."""
        grant, until = self._access.get(token, (None, 0.0))
        return grant if grant is not None and grant.alive and self.clock() < until else None

    def revoke(self, token: str) -> Grant | None:
        """Ends the grant of an access or refresh token."""
        grant = self._refresh.get(token) or self._access.get(token, (None, 0.0))[0]
        if grant is None or not grant.alive:
            return None
        self.end(grant.number)
        return grant

    def end(self, number: int) -> None:
        """The grant is over: every token of it is dead."""
        grant = self.current.pop(number, None)
        if grant is not None:
            grant.alive = False

    def expire_access(self, number: int) -> None:
        """The access tokens of a person are good no longer; the refresh token is."""
        for token, (grant, _) in list(self._access.items()):
            if grant.number == number:
                del self._access[token]
