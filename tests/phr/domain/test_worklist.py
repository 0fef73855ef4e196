"""The work list: nobody holds a case twice, closed stays closed until new data, and a click can be taken back."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from phr.domain import worklist as rules
from phr.domain.worklist import CLAIMED, CLOSED, CONTACTS, OPEN, OUTCOMES, opened
from phr.errors import Conflict, Invalid

NURSES = ["ito", "sato", "mori"]
nurses = st.sampled_from(NURSES)


class WorkList(RuleBasedStateMachine):
    """Nurses do anything in any order; a plain model says what must come of it."""

    def __init__(self):
        super().__init__()
        self.case = opened("mark-0")
        self.state, self.holder, self.closer, self.marks = OPEN, None, None, 0

    def attempt(self, allowed, move):
        """A move goes through exactly when the model allows it, and a refusal changes nothing."""
        before = self.case
        try:
            self.case = move()
        except Conflict:
            assert not allowed
            assert self.case == before
            return False
        assert allowed
        return True

    @rule(nurse=nurses)
    def claim(self, nurse):
        mine = self.state == CLAIMED and self.holder == nurse
        if self.attempt(self.state == OPEN or mine, lambda: rules.claim(self.case, nurse)):
            self.state, self.holder = CLAIMED, nurse

    @rule(nurse=nurses)
    def release(self, nurse):
        if self.attempt(self.held(nurse), lambda: rules.release(self.case, nurse)):
            self.state, self.holder = OPEN, None

    @rule(nurse=nurses, colleague=nurses)
    def transfer(self, nurse, colleague):
        if self.attempt(self.held(nurse), lambda: rules.transfer(self.case, nurse, colleague)):
            self.holder = colleague

    @rule(nurse=nurses, way=st.sampled_from(sorted(CONTACTS)))
    def contact(self, nurse, way):
        self.attempt(self.held(nurse), lambda: rules.contact(self.case, nurse, way))

    @rule(nurse=nurses, outcome=st.sampled_from(sorted(OUTCOMES)))
    def close(self, nurse, outcome):
        if self.attempt(self.held(nurse), lambda: rules.close(self.case, nurse, outcome)):
            self.state, self.closer = CLOSED, nurse
            assert self.case.outcome == outcome

    @rule(nurse=nurses)
    def undo(self, nurse):
        allowed = self.state == CLOSED and self.closer == nurse
        if self.attempt(allowed, lambda: rules.undo(self.case, nurse)):
            self.state, self.holder = CLAIMED, nurse
            assert self.case.outcome is None

    @rule(new=st.booleans())
    def assess(self, new):
        self.marks += new
        found = rules.with_new_data(self.case, f"mark-{self.marks}")
        assert (found is not None) == new
        if found is not None:
            assert found.version == self.case.version + 1
            self.case = found
            if self.state == CLOSED:
                self.state, self.holder = OPEN, None

    def held(self, nurse):
        return self.state == CLAIMED and self.holder == nurse

    @invariant()
    def the_case_is_where_the_model_says(self):
        assert self.case.state == self.state
        assert self.case.data_mark == f"mark-{self.marks}"
        if self.state == OPEN:
            assert (self.case.holder, self.case.outcome) == (None, None)
        if self.state == CLAIMED:
            assert (self.case.holder, self.case.outcome) == (self.holder, None)


TestWorkList = WorkList.TestCase


def test_every_move_makes_a_version_and_a_claim_of_ones_own_does_not():
    """A page that shows an old version is told so."""
    claimed = rules.claim(opened("m"), "ito")
    assert claimed.version == 2
    assert rules.claim(claimed, "ito") is claimed
    assert rules.close(claimed, "ito", "guided").version == 3


def test_words_that_nobody_knows_are_refused_with_their_field():
    claimed = rules.claim(opened("m"), "ito")
    for field, move in (
        ("way", lambda: rules.contact(claimed, "ito", "pigeon")),
        ("outcome", lambda: rules.close(claimed, "ito", "whatever")),
        ("colleague", lambda: rules.transfer(claimed, "ito", " ")),
    ):
        with pytest.raises(Invalid) as caught:
            move()
        assert caught.value.field == field


def test_an_outcome_is_asked_of_the_holder_only():
    """Not holding it comes before a wrong word: nothing is said about a case that is another's."""
    with pytest.raises(Conflict):
        rules.close(opened("m"), "ito", "whatever")
