"""What the provider knows: its keys, the one client, the people, codes given, and how it is told to misbehave."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

FAULTS: Final = frozenset(
    {
        "wrong-issuer",
        "wrong-audience",
        "other-party",
        "wrong-nonce",
        "no-nonce",
        "expired",
        "unknown-key",
        "unsigned",
        "shared-secret",
        "no-id-token",
        "garbage",
        "unavailable",
        "no-subject",
    }
)
"""Ways in which an answer can be wrong; a client must refuse each."""
_CODE_SECONDS: Final = 60
_TOKEN_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Request:
    """An authorisation request of the client, checked."""

    redirect_uri: str
    state: str
    nonce: str
    challenge: str


@dataclass(frozen=True, slots=True)
class _Code:
    request: Request
    sub: str
    at: float


class Refusal(Exception):
    """An error of OAuth 2.0 (RFC 6749 5.2)."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass
class Provider:
    """One issuer with one client. ``people``: the provider's word for each person -> methods that they used (amr)."""

    client_id: str = "phr"
    client_secret: str = "an invented secret"  # noqa: S105 - invented, on loopback
    redirect_uris: tuple[str, ...] = ()
    people: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"resident-1": ("pin", "sc")})
    fault: str = ""
    issuer: str = ""
    keys: list[ECKey] = field(default_factory=lambda: [_key()])
    _codes: dict[str, _Code] = field(default_factory=dict)

    def rotate(self) -> None:
        """A new key signs from now on; the old one is published for a while longer."""
        self.keys = [_key(), self.keys[0]]

    def description(self) -> dict[str, Any]:
        """The discovery document (OpenID Connect Discovery 1.0)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def published(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [key.as_dict(private=False, alg="ES256", use="sig") for key in self.keys]}

    def request(self, given: Mapping[str, str]) -> Request:
        """An authorisation request. Raises Refusal."""
        if given.get("client_id") != self.client_id or given.get("redirect_uri") not in self.redirect_uris:
            raise Refusal("invalid_client")
        if given.get("response_type") != "code" or "openid" not in given.get("scope", "").split():
            raise Refusal("invalid_request")
        if given.get("code_challenge_method") != "S256" or not given.get("code_challenge"):
            raise Refusal("invalid_request")
        return Request(
            given["redirect_uri"], given.get("state", ""), given.get("nonce", ""), given["code_challenge"]
        )

    def code(self, request: Request, sub: str) -> str:
        """A code for a person who agreed; it works once, for a minute."""
        made = secrets.token_urlsafe(24)
        self._codes[made] = _Code(request, sub, time.time())
        return made

    def token(self, given: Mapping[str, str], challenge: str) -> dict[str, Any]:
        """The answer for a code. ``challenge`` is made of the verifier that came with it. Raises Refusal."""
        if self.fault == "unavailable":
            raise Refusal("temporarily_unavailable", 503)
        kept = self._codes.pop(given.get("code", ""), None)
        if given.get("grant_type") != "authorization_code" or kept is None:
            raise Refusal("invalid_grant")
        if time.time() - kept.at > _CODE_SECONDS or kept.request.redirect_uri != given.get("redirect_uri"):
            raise Refusal("invalid_grant")
        if not secrets.compare_digest(kept.request.challenge.encode(), challenge.encode()):
            raise Refusal("invalid_grant")
        answer = {
            "access_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "expires_in": _TOKEN_SECONDS,
        }
        if self.fault != "no-id-token":
            answer["id_token"] = self._id_token(kept)
        return answer

    def _id_token(self, kept: _Code) -> str:
        if self.fault == "garbage":
            return "not.a.token"
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": kept.sub,
            "aud": self.client_id,
            "exp": now + _TOKEN_SECONDS,
            "iat": now,
            "nonce": kept.request.nonce,
            "amr": list(self.people[kept.sub]),
        }
        wrong: Mapping[str, dict[str, Any]] = {
            "wrong-issuer": {"iss": "https://elsewhere.example"},
            "wrong-audience": {"aud": "another-client"},
            "other-party": {"aud": [self.client_id, "another-client"], "azp": "another-client"},
            "wrong-nonce": {"nonce": "of another sign-in"},
            "expired": {"exp": now - 3600, "iat": now - 7200},
            "no-subject": {"sub": ""},
        }
        claims.update(wrong.get(self.fault, {}))
        if self.fault == "no-nonce":
            del claims["nonce"]
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.fault == "unsigned":
            return jwt.encode({"alg": "none"}, claims, OctKey.generate_key(), algorithms=["none"])
        if self.fault == "shared-secret":
            shared = OctKey.import_key(self.client_secret.encode() * 4)
            return jwt.encode({"alg": "HS256"}, claims, shared, algorithms=["HS256"])
        key = _key() if self.fault == "unknown-key" else self.keys[0]
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


def _key() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": secrets.token_hex(6)})
