"""Assertions and keys beyond what the endpoint's own tests send: what is read before anything is checked."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from phr.domain.smart.assertions import BadAssertion, claimed, proved, public_key, registered
from phr.domain.smart.tokens import PREFIX, kept, new
from phr.errors import Invalid

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AUD = "https://phr.example/oauth/token"
KEY = ECKey.generate_key("P-384")
KEYS = [{**KEY.as_dict(private=False), "kid": "k"}]
CLAIMS = {"iss": "c", "sub": "c", "aud": AUD, "exp": int(NOW.timestamp()) + 60, "jti": "j"}


def signed(header=None, **claims):
    return jwt.encode(
        {"alg": "ES384", "kid": "k", **(header or {})}, {**CLAIMS, **claims}, KEY, algorithms=["ES384"]
    )


def test_a_good_one_is_read_and_proved():
    """With and without typ, nbf and iat."""
    word = signed({"jku": "https://app.example/jwks"}, nbf=int(NOW.timestamp()), iat=int(NOW.timestamp()))
    said = claimed(word)
    assert (said.client, said.kid, said.jku) == ("c", "k", "https://app.example/jwks")
    found = proved(word, "c", KEYS, AUD, NOW)
    assert (found.jti, found.ends.tzinfo) == ("j", UTC)


@given(st.text(max_size=60) | st.text(alphabet="ab.=-_", max_size=60))
def test_any_text_is_an_assertion_or_the_one_error(text):
    """Total: never another exception."""
    with pytest.raises(BadAssertion):
        claimed(text)


@pytest.mark.parametrize("word", [signed(sub=7), signed(sub=None), signed({"kid": ""})])
def test_what_names_nobody_is_none(word):
    """Sub and kid are texts."""
    with pytest.raises(BadAssertion):
        claimed(word)


@pytest.mark.parametrize(
    ("word", "keys"),
    [
        (signed(iat=int(NOW.timestamp()) - 601), KEYS),
        (signed(nbf=None), KEYS),
        (signed(), []),
        (signed(), KEYS * 2),
        (signed(), [{**KEYS[0], "use": "enc"}]),
        (signed(), [{**KEYS[0], "key_ops": ["sign"]}]),
        (signed(), [{**KEYS[0], "x": "!"}]),
        (signed(), [{"kid": "k", "kty": "EC"}]),
        (signed({"typ": "x"}), KEYS),
        (signed(aud="x"), KEYS),
        (signed(iss="x"), KEYS),
        (signed(jti=None), KEYS),
        (signed(exp=None), KEYS),
        (signed(exp=int(NOW.timestamp()) + 3600), KEYS),
    ],
)
def test_what_does_not_hold_is_one_error(word, keys):
    """Key choice and claims."""
    with pytest.raises(BadAssertion):
        proved(word, "c", keys, AUD, NOW)


def test_claims_that_cannot_be_read_are_none():
    """A list, or a name that stands twice: looked for in what was signed as well."""
    for body in (b"[]", b'{"sub":"c","sub":"d"}'):
        with pytest.raises(BadAssertion):
            claimed(jws.serialize_compact({"alg": "ES384", "kid": "k"}, body, KEY, algorithms=["ES384"]))


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_private_key_or_another_kind_is_no_key_of_an_app():
    """Only public ones, of two kinds."""
    short = base64.urlsafe_b64encode((2**1023 + 1).to_bytes(128, "big")).rstrip(b"=").decode()
    private, odd = KEY.as_dict(private=True), {"kty": "OKP", "crv": "Ed25519", "x": "x"}
    for jwk in ({"kty": "RSA", "n": short, "e": "AQAB"}, private, odd, {"kty": "oct", "k": "x"}):
        with pytest.raises(Invalid):
            public_key(jwk)


def test_another_algorithm_or_another_key_proves_nothing():
    """RS256 is signed well and refused; so is a signature of another key."""
    rsa = RSAKey.generate_key(2048)
    other = jwt.encode({"alg": "RS256", "kid": "k"}, CLAIMS, rsa, algorithms=["RS256"])
    with pytest.raises(BadAssertion):
        proved(other, "c", [{**rsa.as_dict(private=False), "kid": "k"}], AUD, NOW)
    with pytest.raises(BadAssertion):
        proved(signed(), "c", [{**ECKey.generate_key("P-384").as_dict(private=False), "kid": "k"}], AUD, NOW)


@pytest.mark.parametrize(
    "jwks", [None, [], {"keys": []}, {"keys": ["x"]}, {"keys": [{}]}, {"keys": [KEYS[0]] * 2}]
)
def test_a_set_has_keys_with_ids_of_their_own(jwks):
    """At registration."""
    with pytest.raises(Invalid, match="jwks"):
        registered(jwks)


def test_public_keys_of_the_two_kinds_are_taken():
    """RSA of 2048 bits, and P-384."""
    rsa = RSAKey.generate_key(2048).as_dict(private=False)
    assert public_key(rsa).key_type == "RSA"
    assert [one["kid"] for one in registered({"keys": KEYS})] == ["k"]
    with pytest.raises(Invalid):
        public_key({"kty": "RSA", "n": "AQAB", "e": "AQAB"})


def test_each_kind_of_word_is_told_by_its_beginning_and_kept_as_a_hash():
    """Words for people who look for leaked secrets; nothing of them is stored."""
    for kind, start in PREFIX.items():
        word = new(kind)
        assert word.startswith(start)
        assert len(word) > 40
        assert word not in kept(word)
