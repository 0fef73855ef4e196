"""Keys that sign ID tokens: kept sealed, a new one every three months, the old ones published while they still count."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey

from phr.clock import Clock
from phr.domain.sealing import Box
from phr.domain.smart import scopes
from phr.services.smart.standing import Standing
from phr.services.smart.words import Place, signing_in
from phr.store.tables import SmartKey, SmartToken
from phr.store.uow import Store

ALGORITHM: Final = "RS256"
"""The one that OpenID Connect asks of everybody."""
_SIGNS: Final = timedelta(days=90)
_COUNTS: Final = _SIGNS + timedelta(days=2)
_BITS: Final = 2048
_LIFE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Signer:
    kid: str
    key: RSAKey


class SigningKeys:
    """Makes, publishes and uses the keys."""

    def __init__(self, store: Store, clock: Clock, box: Box, place: Place, subject_key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._place = place
        self._subject_key = subject_key

    def published(self, request: str) -> list[dict[str, Any]]:
        """The public parts of all keys that may have signed something that still counts."""
        self.ready(request)
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            rows = [one for one in uow.smart.signing_keys() if now - one.created_at < _COUNTS]
            uow.commit()
        return [dict(one.public_jwk) for one in rows]

    def ready(self, request: str) -> _Signer:
        """The key that signs now; a new one where there is none, or the last one is old."""
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            known = next(iter(uow.smart.signing_keys()), None)
            uow.commit()
        if known is not None and now - known.created_at < _SIGNS:
            opened = self._box.open(known.sealed, f"smart-key:{known.kid}")
            return _Signer(known.kid, RSAKey.import_key(orjson.loads(opened)))
        key = RSAKey.generate_key(_BITS)
        kid = key.thumbprint()
        public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
        sealed = self._box.seal(orjson.dumps(key.as_dict(private=True)), f"smart-key:{kid}")
        with self._store.begin(signing_in(request)) as uow:
            for one in uow.smart.signing_keys():
                if now - one.created_at >= _COUNTS:
                    uow.smart.drop_key(one.kid)
            uow.smart.add_key(SmartKey(kid=kid, sealed=sealed, public_jwk=public, created_at=now))
            uow.audit.add("issue", "app-key")
            uow.commit()
        return _Signer(kid, key)

    def subject(self, client: str, account: str) -> str:
        """How an account is called towards one app: always the same, and another for every app (OpenID Core 8.1)."""
        return hmac.new(self._subject_key, f"{client}\x1f{account}".encode(), sha256).hexdigest()

    def id_token(self, signer: _Signer, code: SmartToken, who: Standing, now: datetime) -> str:
        """Who let the app in, signed (OpenID Connect Core 2, SMART "Scopes for requesting identity data")."""
        claims: dict[str, Any] = {
            "iss": self._place.issuer,
            "sub": self.subject(code.client_id, str(who.decided.account_id)),
            "aud": code.client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + _LIFE).timestamp()),
        }
        if scopes.FHIR_USER in code.scope.split():
            claims["fhirUser"] = f"{self._place.fhir}/Patient/{who.decided.subject}"
        if code.nonce:
            claims["nonce"] = code.nonce
        header = {"alg": ALGORITHM, "kid": signer.kid, "typ": "JWT"}
        return jwt.encode(header, claims, signer.key, algorithms=[ALGORITHM])
