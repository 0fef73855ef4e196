"""Keys: one for each use, and the same keyed hash in Python and in a database that only has sha256."""

from __future__ import annotations

import hmac
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from phr.domain.keys import derive, pads, seal


@given(key=st.binary(max_size=100), payload=st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_two_hashes_with_the_pads_are_the_keyed_hash(key, payload):
    """RFC 2104, also for keys longer than a block."""
    inner, outer = pads(key)
    by_hand = sha256(outer + sha256(inner + payload.encode()).digest()).hexdigest()
    assert by_hand == seal(key, payload) == hmac.new(key, payload.encode(), sha256).hexdigest()


def test_each_use_and_each_secret_has_its_own_key():
    found = {derive(secret, use) for secret in (b"a" * 32, b"b" * 32) for use in ("seal", "role", "points")}
    assert len(found) == 6
    assert {len(key) for key in found} == {32}
    assert len(derive(b"a" * 32, "seal", 64)) == 64


def test_a_derived_key_is_the_one_of_rfc_5869():
    """HKDF by hand: extract with the salt, expand with the use."""
    secret = b"s" * 40
    extracted = hmac.new(b"phr", secret, sha256).digest()
    assert derive(secret, "seal") == hmac.new(extracted, b"seal\x01", sha256).digest()
