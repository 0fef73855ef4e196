"""The life of a connection to a cloud: its states, what moves it between them, and what must then happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """Where a connection stands. A person who never connected is disconnected."""

    CONNECTED = "connected"
    NEEDS_RECONNECT = "needs-reconnect"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"


class Event(StrEnum):
    """What happens to a connection.

    GRANT_ENDED: Google refuses the tokens. SCOPE_MISSING: the person granted less than was asked for.
    """

    AUTHORISED = "authorised"
    GRANT_ENDED = "grant-ended"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_GIVEN_AGAIN = "consent-given-again"
    DISCONNECTED = "disconnected"
    SCOPE_MISSING = "scope-missing"


class Action(StrEnum):
    """What the service must do, in the transaction of the change or by its outbox."""

    START_SYNC = "start-sync"
    STOP_SYNC = "stop-sync"
    REVOKE_TOKENS = "revoke-tokens"
    """Give the grant back at Google, then forget the tokens."""
    FORGET_TOKENS = "forget-tokens"
    """They are worth nothing any more."""
    FORGET_NOTICES = "forget-notices"
    """What waits to be read will not be read."""


@dataclass(frozen=True, slots=True)
class Change:
    """Where an event leads.

    word: stable, names the sentence that the resident reads.
    """

    state: State
    word: str
    actions: frozenset[Action] = frozenset()


_END: Final = frozenset({Action.STOP_SYNC, Action.REVOKE_TOKENS, Action.FORGET_NOTICES})
_LOST: Final = frozenset({Action.STOP_SYNC, Action.FORGET_TOKENS})
_RETURN: Final = frozenset({Action.REVOKE_TOKENS})

_MOVES: Final[Mapping[tuple[State, Event], Change]] = MappingProxyType(
    {
        (State.DISCONNECTED, Event.AUTHORISED): Change(
            State.CONNECTED, "connected", frozenset({Action.START_SYNC})
        ),
        (State.NEEDS_RECONNECT, Event.AUTHORISED): Change(
            State.CONNECTED, "connected", frozenset({Action.START_SYNC})
        ),
        (State.CONNECTED, Event.AUTHORISED): Change(
            State.CONNECTED, "connected", frozenset({Action.START_SYNC})
        ),
        # No consent, no key: what was authorised meanwhile is given back.
        (State.PAUSED, Event.AUTHORISED): Change(State.PAUSED, "paused", _RETURN),
        (State.CONNECTED, Event.GRANT_ENDED): Change(State.NEEDS_RECONNECT, "reconnect", _LOST),
        (State.CONNECTED, Event.CONSENT_WITHDRAWN): Change(State.PAUSED, "paused", _END),
        (State.NEEDS_RECONNECT, Event.CONSENT_WITHDRAWN): Change(State.PAUSED, "paused", _END),
        # The grant was given back with the consent; only the person can give it again.
        (State.PAUSED, Event.CONSENT_GIVEN_AGAIN): Change(State.NEEDS_RECONNECT, "reconnect-after-consent"),
        (State.CONNECTED, Event.DISCONNECTED): Change(State.DISCONNECTED, "disconnected", _END),
        (State.NEEDS_RECONNECT, Event.DISCONNECTED): Change(State.DISCONNECTED, "disconnected", _END),
        (State.PAUSED, Event.DISCONNECTED): Change(State.DISCONNECTED, "disconnected", _END),
        (State.CONNECTED, Event.SCOPE_MISSING): Change(State.CONNECTED, "connected-in-part"),
    }
)
_STAY: Final = MappingProxyType(
    {
        State.CONNECTED: Change(State.CONNECTED, "connected"),
        State.NEEDS_RECONNECT: Change(State.NEEDS_RECONNECT, "reconnect"),
        State.PAUSED: Change(State.PAUSED, "paused"),
        State.DISCONNECTED: Change(State.DISCONNECTED, "disconnected"),
    }
)

WORDS: Final = frozenset(change.word for change in (*_MOVES.values(), *_STAY.values()))
"""The words that a page needs a sentence for."""


def next_state(state: State, event: Event) -> Change:
    """Where an event leads from a state; an event that changes nothing there leaves it, and asks nothing."""
    return _MOVES.get((state, event), _STAY[state])
