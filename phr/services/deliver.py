"""Deliver: due letters go out at least once, each with its key, so that each counts once."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from phr.clock import Clock
from phr.domain.access import machine
from phr.store.tables import Outbox
from phr.store.uow import Store

_LEASE: Final = timedelta(minutes=2)  # a letter that a lost worker held is tried again after this
_FIRST: Final = timedelta(seconds=5)
_LONGEST: Final = timedelta(hours=6)
_ATTEMPTS: Final = 30


class TryLaterError(Exception):
    """The other side cannot take it now."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class UndeliverableError(Exception):
    """The other side will never take it; a person has to look."""


Send = Callable[[str, Mapping[str, Any]], str]
"""Sends one letter: idempotency key and payload -> what the other side answered."""


SendTo = Callable[[Outbox], str]
"""Sends one letter of which the sender needs to know whose it is and since when it waits."""


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
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._senders: Mapping[str, SendTo] = {
            **{kind: _without_person(send) for kind, send in senders.items()},
            **(to_people or {}),
        }

    def __call__(self, *, request: str, limit: int = 500) -> Delivered:
        """One round over what is due. Letters are leased first, so that a slow call holds no lock."""
        done = Delivered()
        for kind in sorted(self._senders):
            for letter in self._lease(kind, request, limit):
                self._one(letter, request, done)
        return done

    def _lease(self, kind: str, request: str, limit: int) -> list[Outbox]:
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
            letters = list(uow.outbox.due(now, limit, kind))
            for letter in letters:
                uow.outbox.lease(letter, now + _LEASE)
            uow.commit()
        return letters

    def _one(self, letter: Outbox, request: str, done: Delivered) -> None:
        error, retry, receipt = "", None, ""
        try:
            receipt = self._senders[letter.kind](letter)
        except UndeliverableError as trouble:
            error = str(trouble) or "undeliverable"
        except TryLaterError as trouble:
            error = str(trouble) or "try later"
            retry = trouble.after or backoff(letter.attempts)
        except Exception as trouble:  # noqa: BLE001 - one bad letter must not stop the others; its text may hold values
            error = type(trouble).__name__
            retry = backoff(letter.attempts)
        if letter.attempts + 1 >= _ATTEMPTS:
            retry = None
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "deliver", request, part="deliver")) as uow:
            if error:
                uow.outbox.failed(letter, error, now, retry)
                done.dead += retry is None
                done.waiting += retry is not None
            else:
                uow.outbox.delivered(letter, receipt, now)
                done.delivered += 1
            uow.audit.add(
                "deliver", letter.kind, letter.person_id, count=1, outcome="failed" if error else "ok"
            )
            uow.commit()


def _without_person(send: Send) -> SendTo:
    return lambda letter: send(letter.idempotency_key, letter.payload)


def backoff(attempts: int) -> timedelta:
    """Doubling pauses with jitter."""
    pause: timedelta = min(_FIRST * int(2 ** min(attempts, 20)), _LONGEST)
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
