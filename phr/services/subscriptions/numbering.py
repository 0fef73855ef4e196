"""Numbering: what happened becomes an event of each subscription that it concerns, with the next number, and a letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.subscriptions.filters import Filter, fits
from phr.ids import new_id
from phr.services.subscriptions.rights import Rights
from phr.store.tables import Subscription, SubscriptionEvent, SubscriptionHappening
from phr.store.uow import Store, UnitOfWork

KIND: Final = "subscription"
"""The letters of the outbox that tell subscribers."""
_TOGETHER: Final = 200
_KEPT: Final = timedelta(days=30)  # how long $events can be asked for what was missed


@dataclass(slots=True)
class Numbered:
    """What one round did."""

    happened: int = 0
    events: int = 0
    dropped: int = 0
    handshakes: int = 0
    heartbeats: int = 0
    ended: int = 0


class Numbering:
    """Numbers what happened. A number is given once and never taken back, and none is left out."""

    def __init__(self, store: Store, clock: Clock, recipient: str, rights: Rights) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._rights = rights

    def round(self, *, request: str) -> Numbered:
        """One round: ends, handshakes, what happened, and signs of life."""
        done = Numbered()
        with self._store.begin(machine(self._recipient, "deliver", request, part="subscriptions")) as uow:
            now = self._clock.now()
            self._end(uow, now, done)
            self._greet(uow, now, done)
            uow.subscriptions.interest()
            uow.subscriptions.forget_events(now - _KEPT)
            uow.commit()
        while self._number(request, done) == _TOGETHER:
            pass
        with self._store.begin(machine(self._recipient, "deliver", request, part="subscriptions")) as uow:
            self._beat(uow, self._clock.now(), done)
            uow.commit()
        return done

    def _end(self, uow: UnitOfWork, now: datetime, done: Numbered) -> None:
        for row in uow.subscriptions.over(now):
            row.state, row.error = "off", "its end has come"
            row.updated_at = now
            uow.subscriptions.put(row)
            done.ended += 1

    def _greet(self, uow: UnitOfWork, now: datetime, done: Numbered) -> None:
        for row in uow.subscriptions.unasked():
            row.asked = True
            uow.subscriptions.put(row)
            key = f"handshake:{row.subscription_id}:{row.version}"
            _post(uow, row.person_id, row.subscription_id, key, {"what": "handshake", "of": row.version}, now)
            done.handshakes += 1

    def _beat(self, uow: UnitOfWork, now: datetime, done: Numbered) -> None:
        for row in uow.subscriptions.silent(now):
            row.sent_at = now
            uow.subscriptions.put(row)
            key = f"heartbeat:{row.subscription_id}:{int(now.timestamp())}"
            _post(uow, row.person_id, row.subscription_id, key, {"what": "heartbeat"}, now)
            done.heartbeats += 1

    def _number(self, request: str, done: Numbered) -> int:
        """One transaction: so many of what happened, each with its numbers and letters, or none of it."""
        with self._store.begin(machine(self._recipient, "deliver", request, part="subscriptions")) as uow:
            waiting = uow.subscriptions.happened(_TOGETHER)
            holders: dict[UUID, bool] = {}
            for one in waiting:
                for row in uow.subscriptions.listening(one.topic, one.person_id):
                    self._concern(uow, row, one, holders, request, done)
                uow.subscriptions.settle(one)
            uow.commit()
        done.happened += len(waiting)
        return len(waiting)

    def _concern(
        self,
        uow: UnitOfWork,
        row: Subscription,
        one: SubscriptionHappening,
        holders: dict[UUID, bool],
        request: str,
        done: Numbered,
    ) -> None:
        kind = one.focus.partition("/")[0]
        if not fits(kept_filters(row.filters), kind, one.codes, one.labels) or not _addressed(row, one):
            return
        if row.subscription_id not in holders:
            holders[row.subscription_id] = self._rights.holder(row, request)
        now = self._clock.now()
        if not holders[row.subscription_id]:
            row.state, row.error, row.updated_at = "off", "its owner may ask no longer", now
        elif not self._rights.scoped(row, one.focus, one.codes, one.labels):
            return  # outside what was agreed: as if it had not been asked for
        elif self._rights.sees(row, one.person_id, one.focus, request):
            self._event(uow, row, one, now, done)
        else:
            row.dropped += 1
            done.dropped += 1
        uow.subscriptions.put(row)

    def _event(
        self, uow: UnitOfWork, row: Subscription, one: SubscriptionHappening, now: datetime, done: Numbered
    ) -> None:
        row.events += 1
        number = row.events
        uow.subscriptions.add(
            SubscriptionEvent(
                person_id=one.person_id,
                subscription_id=row.subscription_id,
                number=number,
                actor=row.actor,
                recipient=row.recipient,
                focus=one.focus,
                at=one.at,
                state="waiting" if row.state == "active" else "missed",
            )
        )
        if row.state == "active":
            key = f"event:{row.subscription_id}:{number}"
            _post(uow, one.person_id, row.subscription_id, key, {"what": "event", "number": number}, now)
        done.events += 1


def kept_filters(stored: Sequence[Any]) -> list[Filter]:
    """The filters as a row keeps them."""
    return [
        Filter(one["kind"], tuple((name, tuple(values)) for name, values in one["parts"])) for one in stored
    ]


def _addressed(row: Subscription, one: SubscriptionHappening) -> bool:
    """Whether the owner is among those whom it is for, where that was noted; the person always is."""
    own = row.role == "resident" and row.person_id == one.person_id
    return own or not one.focus.startswith("Consent/") or row.recipient in one.audience or "*" in one.audience


def _post(
    uow: UnitOfWork, person: UUID, identity: UUID, key: str, payload: dict[str, Any], now: datetime
) -> None:
    uow.outbox.post(person, new_id(), KIND, key, {"subscription": str(identity), **payload}, now)
