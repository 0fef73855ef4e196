"""Deliver: due letters go out at least once, each with its key, so that each counts once."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from phr.clock import Clock
from phr.domain.access import machine
from phr.store.tables import Outbox
from phr.store.uow import Store

_LEASE: Final = timedelta(minutes=2)  # a letter that a lost worker held is tried again after this
_FIRST: Final = timedelta(seconds=5)
_LONGEST: Final = timedelta(hours=6)
_ATTEMPTS: Final = 30
_LOSSES: Final = 5  # tries in a row in which the worker was lost: then the letter is what it is lost by
_LOT: Final = 20  # letters that one worker takes at once where each is a call of its own
_ALARMS: Final = "message"  # the kind of letters in which people are told of an alarm
_TOGETHER: Final = 100  # letters of one call, where the other side takes several
_ROUND: Final = 20.0  # seconds after which a round leaves the rest to the next one


class TryLaterError(Exception):
    """The other side cannot take it now."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class UndeliverableError(Exception):
    """The other side will never take it; a person has to look."""


class OnHoldError(Exception):
    """It cannot go until something else has changed: it waits so long, and does not count as tried."""

    def __init__(self, why: str, after: timedelta) -> None:
        super().__init__(why)
        self.after = after


Send = Callable[[str, Mapping[str, Any]], str]
"""Sends one letter: idempotency key and payload -> what the other side answered."""


SendTo = Callable[[Outbox], str]
"""Sends one letter of which the sender needs to know whose it is and since when it waits."""


SendMany = Callable[[Sequence[Outbox]], Sequence[str | Exception]]
"""Sends several letters at once: for each what the other side answered, or one of the errors above."""


@dataclass(slots=True)
class Delivered:
    """What one round did."""

    delivered: int = 0
    waiting: int = 0
    dead: int = 0


class Deliver:
    """Delivers letters by kind; kinds without a sender wait."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        recipient: str,
        senders: Mapping[str, Send],
        to_people: Mapping[str, SendTo] | None = None,
        together: Mapping[str, SendMany] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._senders: Mapping[str, SendTo] = {
            **{kind: _without_person(send) for kind, send in senders.items()},
            **(to_people or {}),
        }
        self._together = dict(together or {})

    def __call__(self, *, request: str) -> Delivered:
        """One round over what is due. Letters are leased first, so that a slow call holds no lock.

        What a worker was lost with comes last and one by one, so that it takes no other letter with it.
        """
        done = Delivered()
        kinds = sorted({*self._senders, *self._together})
        for kind in kinds:
            self._all_of(kind, request, done, lost=False)
        for kind in kinds:
            self._all_of(kind, request, done, lost=True)
        return done

    def alarms(self, *, request: str) -> Delivered:
        """Letters of alarms alone."""
        done = Delivered()
        self._urgent(request, done)
        return done

    def clock_went_back(self, *, request: str) -> int:
        """Lets everything be tried at once that waits for an hour which the clock has taken back. Says how many."""
        with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
            hurried = uow.outbox.hurry(self._clock.now())
            uow.commit()
        return hurried

    def _all_of(self, kind: str, request: str, done: Delivered, *, lost: bool) -> None:
        """Letters of one kind, until none is due, nobody answers, or the round is over: the rest stays untried."""
        send = self._together.get(kind)
        together = _TOGETHER if send else _LOT
        until = monotonic() + _ROUND
        while monotonic() < until:
            self._urgent(request, done)
            letters = self._lease(kind, request, done, 1 if lost else together, lost=lost)
            if not letters:
                return
            if send is None:
                self._one_by_one(letters, until, request, done)
            elif self._at_once(send, letters, request, done):
                return

    def _urgent(self, request: str, done: Delivered) -> None:
        """Letters of alarms, before each lot of others: a full queue never delays them."""
        until = monotonic() + _ROUND
        while _ALARMS in self._senders and monotonic() < until:
            letters = self._lease(_ALARMS, request, done, _LOT, lost=False, urgent=True)
            if not letters:
                return
            self._one_by_one(letters, until, request, done)

    def _at_once(self, send: SendMany, letters: Sequence[Outbox], request: str, done: Delivered) -> bool:
        """One call for all of them; tells whether nobody answered."""
        try:
            outcomes = send(letters)
        except Exception as trouble:  # noqa: BLE001 - its text may hold values; the letters are tried again
            outcomes = [TryLaterError(type(trouble).__name__)] * len(letters)
        self._note(list(zip(letters, outcomes, strict=True)), request, done)
        return all(isinstance(one, TryLaterError | OnHoldError) for one in outcomes)

    def _one_by_one(self, letters: Sequence[Outbox], until: float, request: str, done: Delivered) -> None:
        """A call for each, while the round lasts: the lease of what is left must not run out untried."""
        for place, letter in enumerate(letters):
            if place and monotonic() >= until:
                with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
                    uow.outbox.give_back(letters[place:], self._clock.now())
                    uow.commit()
                return
            self._one(letter, request, done)

    def _lease(
        self, kind: str, request: str, done: Delivered, limit: int, *, lost: bool, urgent: bool = False
    ) -> Sequence[Outbox]:
        """Takes letters for this worker; one that no worker has survived is given up, and told to the operators."""
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
            letters = list(uow.outbox.due(now, limit, kind, lost=lost, urgent=urgent))
            for letter in [one for one in letters if one.lost >= _LOSSES]:
                letters.remove(letter)
                uow.outbox.set_aside(letter, "worker-lost", now)
                uow.audit.add("deliver", letter.kind, letter.person_id, count=1, outcome="failed")
                done.dead += 1
            uow.outbox.lease(letters, now + _LEASE)
            uow.commit()
        return letters

    def _one(self, letter: Outbox, request: str, done: Delivered) -> None:
        outcome: str | Exception
        try:
            outcome = self._senders[letter.kind](letter)
        except Exception as trouble:  # noqa: BLE001 - one bad letter must not stop the others; its text may hold values
            outcome = trouble
        self._note([(letter, outcome)], request, done)

    def _note(self, settled: Sequence[tuple[Outbox, str | Exception]], request: str, done: Delivered) -> None:
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
            receipts: list[tuple[Outbox, str]] = []
            for letter, outcome in settled:
                if isinstance(outcome, str):
                    receipts.append((letter, outcome))
                elif isinstance(outcome, OnHoldError):
                    uow.outbox.held(letter, str(outcome), now + outcome.after)
                    done.waiting += 1
                else:
                    error, retry = _failure(outcome, letter.attempts)
                    uow.outbox.failed(letter, error, now, retry)
                    done.dead += retry is None
                    done.waiting += retry is not None
                went = "ok" if isinstance(outcome, str) else "failed"
                uow.audit.add("deliver", letter.kind, letter.person_id, count=1, outcome=went)
            if receipts:
                uow.outbox.delivered(receipts, now)
                done.delivered += len(receipts)
            uow.commit()


def _failure(trouble: Exception, attempts: int) -> tuple[str, timedelta | None]:
    """What is noted of a failure, and when it is tried again: never, when the other side or the number says so."""
    if isinstance(trouble, UndeliverableError):
        return str(trouble) or "undeliverable", None
    if isinstance(trouble, TryLaterError):
        error, retry = str(trouble) or "try later", trouble.after or backoff(attempts)
    else:
        error, retry = type(trouble).__name__, backoff(attempts)
    return error, None if attempts + 1 >= _ATTEMPTS else retry


def _without_person(send: Send) -> SendTo:
    return lambda letter: send(letter.idempotency_key, letter.payload)


def backoff(attempts: int) -> timedelta:
    """Doubling pauses with jitter."""
    pause: timedelta = min(_FIRST * int(2 ** min(attempts, 20)), _LONGEST)
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
