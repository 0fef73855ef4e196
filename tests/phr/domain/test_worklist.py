"""The work list: nobody holds a case twice, closed stays closed until new data, and a click can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from phr.domain import worklist as rules
from phr.domain.worklist import (
    CLAIMED,
    CLOSED,
    CONTACTED,
    CONTACTS,
    NEW,
    OPEN,
    OUTCOMES,
    REACHING,
    SEEN,
    Move,
    opened,
)
from phr.errors import Conflict, Invalid, Refused

NURSES = ["ito", "sato", "mori"]
nurses = st.sampled_from(NURSES)
START = datetime(2026, 11, 20, tzinfo=UTC)


class WorkList(RuleBasedStateMachine):
    """Nurses do anything in any order; a plain model says what must come of it."""

    def __init__(self):
        super().__init__()
        self.case = opened("mark-0")
        self.state, self.holder, self.marks = OPEN, None, 0
        self.now = START
        self.history = [Move(1, "opened", "assess", self.now)]
        self.stack = []

    def attempt(self, allowed, move, event, actor):
        """A move goes through exactly when the model allows it, and a refusal changes nothing; versions only grow."""
        before = self.case
        try:
            self.case = move()
        except (Conflict, Refused):
            assert not allowed
            assert self.case == before
            return False
        assert allowed
        if self.case != before:
            assert self.case.version == before.version + 1
            self.history.append(Move(self.case.version, event, actor, self.now))
            if event != "undone":
                self.stack.append((event, actor, self.now, before))
        return True

    @rule(nurse=nurses)
    def claim(self, nurse):
        mine = self.state == CLAIMED and self.holder == nurse
        if self.attempt(self.state == OPEN or mine, lambda: rules.claim(self.case, nurse), "claimed", nurse):
            self.state, self.holder = CLAIMED, nurse

    @rule(nurse=nurses)
    def release(self, nurse):
        if self.attempt(self.held(nurse), lambda: rules.release(self.case, nurse), "released", nurse):
            self.state, self.holder = OPEN, None

    @rule(nurse=nurses, colleague=nurses)
    def transfer(self, nurse, colleague):
        allowed = self.held(nurse) and colleague != nurse
        if self.attempt(
            allowed, lambda: rules.transfer(self.case, nurse, colleague), f"transferred:{colleague}", nurse
        ):
            self.holder = colleague

    @rule(nurse=nurses, way=st.sampled_from(sorted(CONTACTS)))
    def contact(self, nurse, way):
        move = lambda: rules.contact(self.case, nurse, way)  # noqa: E731 - one line reads best beside the others
        if self.attempt(self.held(nurse), move, f"contact:{way}", nurse) and way in REACHING:
            assert self.case.stage == CONTACTED

    @rule()
    def look(self):
        before = self.case
        self.case = rules.seen(self.case)
        assert self.case.version == before.version
        assert self.case.stage == (
            SEEN if (before.stage, before.state != CLOSED) == (NEW, True) else before.stage
        )

    @rule(hours=st.sampled_from([1, 13, 25]))
    def wait(self, hours):
        self.now += timedelta(hours=hours)

    @rule(nurse=nurses, outcome=st.sampled_from(sorted(OUTCOMES)))
    def close(self, nurse, outcome):
        move = lambda: rules.close(self.case, nurse, outcome)  # noqa: E731 - as above
        if self.attempt(self.held(nurse), move, f"closed:{outcome}", nurse):
            self.state = CLOSED
            assert self.case.outcome == outcome

    @rule(nurse=nurses)
    def undo(self, nurse):
        event, actor, at, before = self.stack[-1] if self.stack else ("", "", START, self.case)
        kind = event.partition(":")[0]
        allowed = (
            kind in {"claimed", "contact", "closed"} and actor == nurse and self.now - at < timedelta(days=1)
        )
        move = lambda: rules.undo(self.case, self.history, nurse, self.now)  # noqa: E731 - as above
        if self.attempt(allowed, move, "undone", nurse):
            self.stack.pop()
            self.state, self.holder = before.state, before.holder
            restored = (self.case.state, self.case.holder, self.case.outcome)
            assert restored == (before.state, before.holder, before.outcome)
            if kind == "contact":
                assert self.case.stage == (SEEN if before.stage == NEW else before.stage)

    @rule(new=st.booleans())
    def assess(self, new):
        self.marks += new
        found = rules.with_new_data(self.case, f"mark-{self.marks}")
        assert (found is not None) == new
        if found is not None:
            assert found.version == self.case.version + 1
            self.case = found
            if self.state == CLOSED:
                self.state, self.holder, self.stack = OPEN, None, []
                assert self.case.stage == NEW
                self.history.append(Move(found.version, "opened", "assess", self.now))
            else:
                self.history.append(Move(found.version, "renewed", "assess", self.now))

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
        versions = [move.version for move in self.history]
        assert versions == sorted(set(versions))


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


def test_a_letter_that_came_back_and_a_call_that_nobody_took_answer_no_alarm():
    """R5-4: contacted means that the person knows, or that a letter is on its way."""
    claimed = rules.claim(opened("m"), "ito")
    assert rules.contact(claimed, "ito", "phone-not-reached").stage == SEEN
    written = rules.contact(claimed, "ito", "letter")
    assert written.stage == CONTACTED
    assert rules.contact(written, "ito", "phone-not-reached").stage == CONTACTED
    assert rules.contact(written, "ito", "letter-returned").stage == SEEN


def test_a_substitute_acts_on_the_cases_of_whom_she_stands_in_for_and_the_holder_stays():
    """R9-9: the case is still hers when she is back."""
    claimed = rules.claim(opened("m"), "ito")
    with pytest.raises(Conflict):
        rules.contact(claimed, "sato", "phone-reached")
    done = rules.close(claimed, "sato", "guided", covers=("ito",))
    assert (done.state, done.holder) == (CLOSED, "ito")


def test_a_case_is_not_handed_to_whom_it_belongs_already():
    with pytest.raises(Refused):
        rules.transfer(rules.claim(opened("m"), "ito"), "ito", "ito")


def test_an_undo_of_an_earlier_contact_leaves_what_the_earlier_ones_left():
    """Taking back the second of two calls leaves the case contacted; taking back the first, too, does not."""
    moves = [
        Move(1, "opened", "assess", START),
        Move(2, "claimed", "ito", START),
        Move(3, "contact:phone-reached", "ito", START),
        Move(4, "contact:letter", "ito", START),
    ]
    case = rules.Case(CLAIMED, "ito", None, "m", 4, CONTACTED)
    once = rules.undo(case, moves, "ito", START)
    assert once.stage == CONTACTED
    moves.append(Move(5, "undone", "ito", START))
    assert rules.undo(once, moves, "ito", START).stage == SEEN
    assert rules.undo(once, [*moves[:3], Move(3, "contact:letter-returned", "ito", START), moves[3]], "ito", START).stage == SEEN  # fmt: skip


def test_nothing_is_taken_back_across_a_new_alarm():
    """What happened before an alarm fired again is answered by nothing that is taken back after it."""
    moves = [
        Move(1, "opened", "alarms", START),
        Move(2, "claimed", "ito", START),
        Move(3, "fired-again", "alarms", START),
    ]
    assert rules.undoable(rules.Case(CLAIMED, "ito", None, "m", 3), moves, "ito", START) is None
