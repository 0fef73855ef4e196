"""Sealed secrets: they open for their own person with any of today's keys, and for nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.keys import derive
from phr.domain.sealing import Box, Unopenable

OLD, NEW = (derive(word * 20, "cloud-tokens") for word in (b"old", b"new"))


@given(plain=st.binary(max_size=200), about=st.text(max_size=50))
def test_what_was_sealed_opens_for_whom_it_was_sealed(plain, about):
    """Byte for byte."""
    box = Box([NEW, OLD])
    assert box.open(box.seal(plain, about), about) == plain


def test_a_row_copied_to_another_person_does_not_open():
    """The person is part of what is authenticated."""
    box = Box([NEW])
    with pytest.raises(Unopenable, match="somebody else"):
        box.open(box.seal(b"token", "person-1"), "person-2")


def test_the_old_key_opens_until_it_is_dropped_and_new_seals_do_not_need_it():
    """Rotation: new in front, seal again, then the old can go."""
    before, both, after = Box([OLD]), Box([NEW, OLD]), Box([NEW])
    sealed = before.seal(b"token", "p")
    assert both.open(sealed, "p") == b"token"
    assert both.stale(sealed)
    with pytest.raises(Unopenable, match="not among"):
        after.open(sealed, "p")
    again = both.seal(both.open(sealed, "p"), "p")
    assert not both.stale(again)
    assert after.open(again, "p") == b"token"


@given(data=st.data())
def test_any_changed_byte_is_noticed(data):
    """Nothing that was changed is taken for a token, and no other error comes out."""
    box = Box([NEW])
    sealed = bytearray(box.seal(b"token", "p"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unopenable):
        box.open(bytes(sealed), "p")


@given(cut=st.integers(0, 33))
def test_a_cut_seal_is_refused(cut):
    """Short of a version, a key, a nonce or a tag."""
    box = Box([NEW])
    with pytest.raises(Unopenable):
        box.open(box.seal(b"token", "p")[:cut], "p")


def test_equal_secrets_look_different():
    """A random nonce each time: nobody sees that two people have the same token."""
    box = Box([NEW])
    assert box.seal(b"token", "p") != box.seal(b"token", "p")
