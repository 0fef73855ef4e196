"""The signed assertion by which an app proves who it is (RFC 7523, SMART "Client Authentication: Asymmetric").

Everything that does not hold is one error, so that nobody learns which app exists or what was wrong with a key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from phr.errors import Invalid

ALGORITHMS: Final = ("ES384", "RS384")
"""The two that SMART names; no other, and never one with a shared secret."""
_TYPES: Final = {"RS384": "RSA", "ES384": "EC"}
_LONGEST: Final = 16_384
_LONGEST_ID: Final = 200
_AHEAD: Final = timedelta(minutes=5)
LEEWAY: Final = timedelta(seconds=30)
"""How far the two clocks may be apart."""
_OLD: Final = timedelta(minutes=10)
_BITS: Final = 2048
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MOST_KEYS: Final = 20


class BadAssertion(Exception):
    """The assertion proves nothing. Its text is for tests; callers hear that the app could not be told."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an assertion says of itself before anything was checked."""

    client: str
    kid: str
    jku: str


@dataclass(frozen=True, slots=True)
class Proved:
    """A checked assertion: its id, which counts once until it ends."""

    jti: str
    ends: datetime


def claimed(assertion: str) -> Claimed:
    """Who an assertion says it is from, and which key signed it. Raises BadAssertion."""
    header, claims = _read(assertion)
    client, kid, jku = claims.get("sub"), header.get("kid"), header.get("jku", "")
    if not isinstance(client, str) or not isinstance(kid, str) or not isinstance(jku, str) or not kid:
        raise BadAssertion("no sub, no kid, or one that is no text")
    return Claimed(client[:_LONGEST_ID], kid, jku)


def proved(
    assertion: str, client: str, keys: Sequence[Mapping[str, Any]], audience: str, now: datetime
) -> Proved:
    """Checks an assertion of an app with its published keys. Raises BadAssertion, whatever does not hold."""
    header, claims = _read(assertion)
    algorithm = header.get("alg")
    if (
        algorithm not in ALGORITHMS
        or header.get("typ", "JWT") != "JWT"
        or "crit" in header
        or "b64" in header
    ):
        raise BadAssertion("header")
    key = _key(keys, str(header.get("kid")), str(algorithm))
    try:
        jwt.decode(assertion, key, algorithms=[str(algorithm)])
    except (JoseError, ValueError, TypeError) as error:
        raise BadAssertion("signature") from error
    if claims.get("iss") != client or claims.get("sub") != client:
        raise BadAssertion("iss and sub")
    named = claims.get("aud")
    if audience not in (named if isinstance(named, list) else [named]):
        raise BadAssertion("aud")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_ID:
        raise BadAssertion("jti")
    return Proved(jti, _in_time(claims, now))


def _in_time(claims: Mapping[str, Any], now: datetime) -> datetime:
    """When it ends: in at most five minutes. It began already, and not long ago."""
    ends = _moment(claims, "exp")
    begins, made = _moment(claims, "nbf"), _moment(claims, "iat")
    if ends is None or not now - LEEWAY < ends <= now + _AHEAD + LEEWAY:
        raise BadAssertion("exp")
    if (begins is not None and begins > now + LEEWAY) or (
        made is not None and not now - _OLD <= made <= now + LEEWAY
    ):
        raise BadAssertion("nbf or iat")
    return ends + LEEWAY


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if type(value) is not int or not 0 < value < 1 << 34:
        raise BadAssertion(name)
    return datetime.fromtimestamp(value, UTC)


def _key(keys: Sequence[Mapping[str, Any]], kid: str, algorithm: str) -> RSAKey | ECKey:
    """The one key that fits; none or two are both refused."""
    fitting = [one for one in keys if one.get("kid") == kid and one.get("kty") == _TYPES[algorithm]]
    if len(fitting) != 1:
        raise BadAssertion("not exactly one key")
    try:
        return public_key(fitting[0])
    except Invalid as error:
        raise BadAssertion("key") from error


def public_key(jwk: Mapping[str, Any]) -> RSAKey | ECKey:
    """A key that an app may sign with: RSA of 2048 bits or more, or on the curve P-384, and its public part only.

    Raises Invalid (field jwks).
    """
    unfit = Invalid("a key is not a public RSA key of 2048 bits or more, or one on P-384", field="jwks")
    if (
        _PRIVATE & set(jwk)
        or jwk.get("use", "sig") != "sig"
        or "verify" not in jwk.get("key_ops", ["verify"])
    ):
        raise unfit
    given = {name: value for name, value in jwk.items() if isinstance(value, str)}
    try:
        if jwk.get("kty") == "RSA":
            key = RSAKey.import_key({name: given[name] for name in ("kty", "n", "e")})
            if key.public_key.key_size < _BITS:
                raise unfit
            return key
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-384":
            return ECKey.import_key({name: given[name] for name in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise unfit from error
    raise unfit


def registered(jwks: object) -> list[dict[str, Any]]:
    """The keys of a set that an app is registered with: public ones, each with an id of its own. Raises Invalid."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= _MOST_KEYS:
        raise Invalid("not a set of one to twenty keys", field="jwks")
    found = [one for one in keys if isinstance(one, dict)]
    names = {one.get("kid") for one in found}
    if len(names) != len(keys) or not all(isinstance(one, str) and one for one in names):
        raise Invalid("each key needs an id (kid) of its own", field="jwks")
    for one in found:
        public_key(one)
    return found


def _read(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand, nothing checked."""
    if len(assertion) > _LONGEST or assertion.count(".") != 2 or not assertion.isascii():
        raise BadAssertion("not a signed token")
    try:
        token = jws.extract_compact(assertion.encode())
        claims = json.loads(token.payload, object_pairs_hook=_once)
        header = token.headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadAssertion("not a signed token") from error
    if not isinstance(claims, dict):
        raise BadAssertion("claims")
    return dict(header), claims


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
