"""The root of a day is that of RFC 6962, so that anybody can recompute it."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from phr.domain.merkle import merkle_root


def by_the_book(leaves):
    """RFC 6962, 2.1: split at the largest power of two below n."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + by_the_book(leaves[:half]) + by_the_book(leaves[half:])).digest()


lists = st.lists(st.binary(max_size=4), max_size=20)


@given(lists)
def test_the_root_is_that_of_the_standard(leaves):
    assert merkle_root(leaves) == by_the_book(leaves)


@given(lists, st.integers(0, 19), st.binary(max_size=4))
def test_a_changed_or_removed_row_changes_the_root(leaves, at, other):
    """What the daily root is for."""
    if at < len(leaves):
        root = merkle_root(leaves)
        assert merkle_root(leaves[:at] + leaves[at + 1 :]) != root
        if leaves[at] != other:
            assert merkle_root([*leaves[:at], other, *leaves[at + 1 :]]) != root
