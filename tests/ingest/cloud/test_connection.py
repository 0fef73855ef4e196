"""The states of a connection: every event has an answer in every state, and none without consent reads."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cloud.connection import WORDS, Action, Event, State, next_state

CONNECTED, RECONNECT, PAUSED, GONE = (
    State.CONNECTED,
    State.NEEDS_RECONNECT,
    State.PAUSED,
    State.DISCONNECTED,
)


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_event_has_an_answer_in_every_state(state, event):
    """Events come in any order; none is a surprise, and each leaves a sentence for the resident."""
    change = next_state(state, event)
    assert change.state in State
    assert change.word in WORDS


@given(st.sampled_from([CONNECTED, RECONNECT]), st.lists(st.sampled_from(Event)))
def test_after_a_withdrawal_only_consent_leads_back(state, events):
    """No other event starts a sync; who disconnected meanwhile begins anew, where consent is asked first."""
    state = next_state(state, Event.CONSENT_WITHDRAWN).state
    for event in events:
        if event in {Event.CONSENT_GIVEN_AGAIN, Event.DISCONNECTED}:
            break
        change = next_state(state, event)
        assert change.state is PAUSED
        assert Action.START_SYNC not in change.actions
        state = change.state


@given(st.lists(st.sampled_from(Event)))
def test_the_same_event_twice_is_as_good_as_once(events):
    """Deliveries repeat; the second changes nothing."""
    state = GONE
    for event in events:
        state = next_state(state, event).state
        if not (state is RECONNECT and event is Event.CONSENT_GIVEN_AGAIN):
            assert next_state(state, event).state is state


@pytest.mark.parametrize("state", [CONNECTED, RECONNECT])
@pytest.mark.parametrize("event", [Event.CONSENT_WITHDRAWN, Event.DISCONNECTED])
def test_whoever_leaves_gets_the_keys_back(state, event):
    """The sync stops, the grant ends at Google too, and nothing waits to be read."""
    actions = next_state(state, event).actions
    assert actions == {Action.STOP_SYNC, Action.REVOKE_TOKENS, Action.FORGET_NOTICES}


@pytest.mark.parametrize(
    ("state", "event", "after", "word"),
    [
        (GONE, Event.AUTHORISED, CONNECTED, "connected"),
        (RECONNECT, Event.AUTHORISED, CONNECTED, "connected"),
        (CONNECTED, Event.SCOPE_MISSING, CONNECTED, "connected-in-part"),
        (CONNECTED, Event.GRANT_ENDED, RECONNECT, "reconnect"),
        (CONNECTED, Event.CONSENT_WITHDRAWN, PAUSED, "paused"),
        (PAUSED, Event.CONSENT_GIVEN_AGAIN, RECONNECT, "reconnect-after-consent"),
        (PAUSED, Event.DISCONNECTED, GONE, "disconnected"),
        (PAUSED, Event.GRANT_ENDED, PAUSED, "paused"),
        (GONE, Event.GRANT_ENDED, GONE, "disconnected"),
        (GONE, Event.CONSENT_GIVEN_AGAIN, GONE, "disconnected"),
    ],
)
def test_what_a_resident_reads(state, event, after, word):
    """Each turn of the story, with the word of its sentence."""
    change = next_state(state, event)
    assert (change.state, change.word) == (after, word)


def test_what_was_authorised_without_consent_is_given_back():
    """A grant that arrives after the withdrawal is not kept for later."""
    change = next_state(PAUSED, Event.AUTHORISED)
    assert (change.state, change.actions) == (PAUSED, {Action.REVOKE_TOKENS})


def test_an_ended_grant_is_forgotten_and_not_revoked():
    """There is nothing left to give back."""
    assert next_state(CONNECTED, Event.GRANT_ENDED).actions == {Action.STOP_SYNC, Action.FORGET_TOKENS}
