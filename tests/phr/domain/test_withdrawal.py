"""What a change of consent closes, and which releases may stay."""

from __future__ import annotations

from consent.fhir import read
from consent.grants import grants
from consent.purposes import PURPOSES
from phr.domain.withdrawal import audiences, closed, open_kinds, stands
from tests.consent.cases import DAY, NOW, NURSES, a_consent, a_rule


def test_the_audiences_are_those_that_permits_name():
    """A purpose left open stands for each; a deny and a permit to anybody name nobody."""
    named = grants(read(a_consent(a_rule("deny", a_rule(recipients=[NURSES], purposes=["risk"])))))
    any_purpose = grants(read(a_consent(a_rule("deny", a_rule(recipients=[NURSES])))))
    nobody = grants(read(a_consent(a_rule("permit", a_rule("deny", recipients=[NURSES])))))
    assert audiences(named) == {(NURSES, "risk")}
    assert audiences(any_purpose) == {(NURSES, each) for each in PURPOSES}
    assert audiences(nobody) == frozenset()


def test_the_open_kinds_are_those_of_the_rule():
    rows = grants(read(a_consent(a_rule("deny", a_rule(categories=["sleep"])))))
    assert open_kinds(rows, "p1", NURSES, "guidance", DAY, NOW) == {"sleep"}


def test_what_a_change_closed_is_what_was_open_and_is_not_any_more():
    before = {("a", "x"): frozenset({"sleep", "heart"}), ("b", "x"): frozenset({"sleep"})}
    after = {("a", "x"): frozenset({"sleep"}), ("b", "x"): frozenset({"sleep", "heart"})}
    assert closed(before, after) == {("a", "x"): frozenset({"heart"})}


def test_a_release_stands_while_every_consent_of_it_does_in_that_version():
    assert stands([("c", 1)], [("c", 1), ("d", 4)])
    assert not stands([("c", 1)], [("c", 2)])
    assert not stands([("c", 1), ("e", 1)], [("c", 1)])
