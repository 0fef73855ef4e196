"""Basic Audit events: every word of a row becomes a valid event of its profile, for any row."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.audit_query import AuditQuery, every_word, matching, result_words, spans, words_of
from phr.domain.balp import Whose, kind_of, kinds, outcome_of, render
from phr.domain.query import DateRange, Token
from phr.errors import Invalid
from phr.store.audit import AuditRow
from tests.phr.balp_profile import lacking

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def a_row(action="read", outcome="ok", **more):
    given_row = {
        "person_id": UUID(int=7), "chain": 3, "seq": 9, "at": datetime(2026, 11, 21, tzinfo=UTC), "request_id": "r", "role": "nurse",
        "actor": "n-1", "recipient": "Organization/city-health", "purpose": "guidance", "action": action, "object": "Observation",
        "categories": "heart,body", "n": 3, "outcome": outcome, "reason": "", "prev": b"", "hash": b"",
    }  # fmt: skip
    return AuditRow(**{**given_row, **more})


def event(row, patient="p-1"):
    return render(row, Whose(patient), "Organization/city-health", "http://127.0.0.1:8000/fhir")


@pytest.mark.parametrize("outcome", ["ok", "refused", "failed", "emergency"])
@pytest.mark.parametrize("action", [*sorted(every_word()), "something-new"])
def test_every_word_with_every_outcome_is_a_valid_event_of_its_profile(action, outcome):
    """fhir.resources and the minimal elements of Basic Audit."""
    made = event(a_row(action, outcome))
    AuditEvent.model_validate(made)
    assert lacking(made) == []


@given(words, words, words, st.sampled_from(["ok", "refused", "dead"]), words, st.booleans())
def test_any_row_renders(action, what, reason, outcome, actor, nobody):
    """Rows of years to come, and rows about nobody."""
    row = a_row(
        action, outcome, object=what, reason=reason, actor=actor, person_id=UUID(int=0 if nobody else 9)
    )
    made = event(row)
    AuditEvent.model_validate(made)
    assert lacking(made) == []
    assert ("meta" in made) <= (not nobody)


def test_a_recipient_that_is_no_reference_is_no_organisation_of_the_user():
    """A row of years to come may name a recipient in another form."""
    codes = [
        [
            agent["type"]["coding"][0]["code"]
            for agent in event(a_row("read", "refused", recipient=to))["agent"]
        ]
        for to in ("Organization/city-health", "city")
    ]
    assert ["PROV" in each for each in codes] == [True, False]


def test_a_refusal_is_a_decision_and_a_failed_sign_in_is_none():
    """AuthZ-Consent is about data; signing in has its own kind."""
    assert kind_of("read", "refused").name == "authz"
    assert kind_of("sign-in", "refused").name == "sign_in"
    assert (outcome_of("refused"), outcome_of("failed"), outcome_of("emergency")) == ("4", "8", "0")


def test_the_reviewer_reads_a_pseudonym_and_the_person_their_own_number():
    """Nobody else's Patient id is written."""
    assert "Patient/p-1" in str(event(a_row()))
    assert "Patient/" not in str(event(a_row(), ""))
    assert str(UUID(int=7)) not in str(event(a_row(), ""))


def test_no_word_has_two_kinds():
    """A row is one event."""
    assert len(every_word()) == len(set(every_word()))


def test_a_search_asks_for_the_kinds_that_fit():
    """Type, subtype and action are conditions on kinds; together they are all to hold."""
    assert matching([], [], []) is None
    assert matching([[Token(None, "110106")]], [], []) == ("disclose",)
    assert matching([], [[Token(None, "read")]], [["C"]]) == ()
    assert matching([], [], [["R"]]) == ("read", "disclose")
    assert AuditQuery(kinds=("authz",)).words()[3]
    assert result_words([]) is None
    assert result_words([["4", "8"], ["8"]]) == ("8",)
    with pytest.raises(Invalid):
        result_words([["1"]])
    assert set(kinds()) >= {"read", "query", "create", "update", "delete", "disclose", "authz", "emergency"}


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("eq", ((1, 3),)),
        ("ap", ((1, 3),)),
        ("ne", ((None, 1), (3, None))),
        ("ge", ((1, None),)),
        ("gt", ((3, None),)),
        ("sa", ((3, None),)),
        ("le", ((None, 3),)),
        ("lt", ((None, 1),)),
        ("eb", ((None, 1),)),
    ],
)
def test_every_prefix_of_a_date_is_spans_of_time(prefix, found):
    """A row has one moment, so every prefix is where it may lie; alternatives lie beside each other."""
    one = DateRange(prefix, 1, 3)
    assert spans([one]) == found
    assert spans([one, DateRange("eq", 7, 8)]) == (*found, (7, 8))


def test_words_are_those_of_a_system_and_a_whole_system_is_refused():
    """Every event has an account, a role and a purpose: to ask for any of them asks for nothing."""
    group = [Token(None, "a"), Token("urn:x", "b"), Token("urn:y", "c"), Token("", "d")]
    assert words_of(group, "urn:x", "agent") == ("a", "b")
    with pytest.raises(Invalid, match="code"):
        words_of([Token("urn:x", None)], "urn:x", "agent")
