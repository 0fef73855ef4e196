"""Access: nothing opens the store without a known role, a known purpose, and text that cannot forge the seal."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.access import CONSENT_PURPOSES, INTERNAL_PURPOSES, ROLES, Access, machine, resident
from phr.errors import Invalid, NotFound

PERSON = UUID(int=7)


def test_an_unknown_role_or_purpose_is_refused():
    for role, purpose, field in (("root", "self", "role"), ("nurse", "curiosity", "purpose")):
        with pytest.raises(Invalid) as caught:
            Access(role, "a", "Organization/x", purpose, "r")
        assert caught.value.field == field
        assert role not in str(caught.value) or role == "nurse"


@pytest.mark.parametrize("bad", ["a\x1fb", "a\nb", "\0", "x" * 201])
@pytest.mark.parametrize("field", ["actor", "recipient", "request"])
def test_text_that_could_break_the_seal_is_refused(field, bad):
    """The fields are joined with a control character: none may hold one."""
    values = {"actor": "a", "recipient": "b", "request": "c", field: bad}
    with pytest.raises(Invalid) as caught:
        Access("nurse", values["actor"], values["recipient"], "guidance", values["request"])
    assert caught.value.field == field


words = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20)


@given(
    st.sampled_from(sorted(ROLES)), words, words, st.sampled_from(sorted(CONSENT_PURPOSES | INTERNAL_PURPOSES)), words,
    st.none() | st.uuids(),
)  # fmt: skip
def test_the_sealed_text_says_every_field_and_can_be_taken_apart(
    role, actor, recipient, purpose, request, person
):
    """Two different contexts never have the same sealed text."""
    access = Access(role, actor, recipient, purpose, request, person)
    fields = access.payload(11, 22, 33).split("\x1f")
    who = "" if person is None else str(person)
    assert fields == ["1", "11", "22", role, actor, recipient, purpose, who, request, "33"]


def test_a_caller_can_turn_to_another_person_or_purpose_and_stays_the_same_caller():
    access, other = machine("Organization/x", "guidance", "r", part="assess"), uuid4()
    assert access.about(other) == Access("system", "assess", "Organization/x", "guidance", "r", other)
    assert access.for_purpose("points").purpose == "points"
    with pytest.raises(Invalid):
        access.for_purpose("curiosity")


def test_a_resident_reads_for_themselves():
    assert resident(PERSON, "acc", "r") == Access("resident", "acc", f"Patient/{PERSON}", "self", "r", PERSON)


@pytest.mark.parametrize("own", [PERSON, None])
def test_a_residents_own_reason_never_becomes_that_of_another_record(own):
    """Whoever's id stands in a request: reading for oneself opens the own record, and an account without one none."""
    access = Access("resident", "p", "Patient/p", "self", "r", own)
    with pytest.raises(NotFound):
        access.about(UUID(int=8))
    if own is not None:
        assert access.about(own) == access
    assert Access("nurse", "n", "Organization/x", "guidance", "r", own).about(UUID(int=8)).person == UUID(
        int=8
    )
