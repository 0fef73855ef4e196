"""The sealed context as the database reads it: what each function gives for each kind of caller."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.purposes import is_recipient
from phr.domain.access import CONSENT_PURPOSES, INTERNAL_PURPOSES, ROLES, Access
from phr.errors import Invalid
from tests.phr.store.door import enter

ASK = (
    "SELECT phr.ctx_self(), phr.ctx_purpose(), phr.ctx_recipient(), phr.ctx_internal(), phr.ctx_person(),"
    " phr.ctx_owner(), phr.ctx_audiences()"
)
PERSON = uuid4()
words = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=20)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    role=st.sampled_from(sorted(ROLES)),
    purpose=st.sampled_from(sorted(CONSENT_PURPOSES | INTERNAL_PURPOSES)),
    recipient=st.sampled_from(["Organization/city-health", "*", "", "Patient/p1", "Organization/a b"])
    | words,
    actor=words,
    person=st.sampled_from([None, PERSON]),
)
def test_the_database_reads_every_field_as_it_was_sealed(
    system, app, role, purpose, recipient, actor, person
):
    """Any text without control characters comes back; who it is about and what it is for is derived the same way."""
    enter(system, app, Access(role, actor, recipient, purpose, "r", person))
    own, asked, to, internal, about, owner, audiences = app.execute(ASK).fetchone()
    assert own == (person if (role, purpose) == ("resident", "self") else None)
    assert asked == (purpose if purpose in CONSENT_PURPOSES else None)
    assert internal == (purpose if purpose in INTERNAL_PURPOSES else None)
    assert (to, about) == (recipient, person)
    assert owner == (person if purpose == "consent" else own)
    speaks = purpose in CONSENT_PURPOSES and is_recipient(recipient)
    expected = [f"{purpose}|{recipient}", f"{purpose}|*", f"*|{recipient}", "*|*"] if speaks else []
    assert [each for each in audiences if each] == expected


def test_without_a_context_every_answer_is_nothing(app):
    """NULL everywhere."""
    assert app.execute(ASK).fetchone() == (None,) * 7


def test_switching_changes_the_context_within_a_transaction(system):
    """A transaction may go on for another reason; the later reason counts alone."""
    with system.store.begin(Access("system", "a", "Organization/c", "guidance", "r")) as uow:
        uow.switch(Access("system", "a", "Organization/c", "points", "r", PERSON))
        row = uow.audit._connection.execute("SELECT phr.ctx_purpose(), phr.ctx_person()").fetchone()
    assert row == ("points", PERSON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "god"},
        {"purpose": "marketing"},
        {"actor": "a\x1fb"},
        {"recipient": "a\nb"},
        {"request": "x" * 201},
    ],
)
def test_what_could_break_the_fields_of_a_seal_is_refused(wrong):
    """Unknown words, control characters and endless text never become a context."""
    given_fields = {"role": "nurse", "actor": "a", "recipient": "b", "purpose": "guidance", "request": "c"}
    with pytest.raises(Invalid) as refused:
        Access(**(given_fields | wrong))
    assert refused.value.field == next(iter(wrong))
